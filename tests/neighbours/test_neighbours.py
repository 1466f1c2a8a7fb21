"""The real pytest-recording, cassetter and pytest-randomly beside us, in either order.

pytest-recording and cassetter add the same option, so one run can't have both of them: each run
loads by name what it is about.
"""

from __future__ import annotations

from textwrap import dedent

import pytest

OURS = "pytest_agentcassette.plugin"
RECORDING = "pytest_recording.plugin"
CASSETTER = "cassetter.pytest_plugin"
RANDOMLY = "pytest_randomly"

AGENT = '''
from pathlib import Path

from agentcassette import intercept


@intercept(kind="llm")
def ask(prompt):
    """Stand for a model: each run of this function is a call that is paid for."""
    with Path(__file__).with_name("live.txt").open("a") as file:
        file.write(f"{prompt}\\n")
    return prompt.upper()
'''

ORDERS = {
    f"{name} {place}": plugins
    for name, theirs in [("pytest-recording", RECORDING), ("cassetter", CASSETTER)]
    for place, plugins in [("first", [theirs, OURS]), ("last", [OURS, theirs])]
}


@pytest.fixture(params=ORDERS.values(), ids=ORDERS)
def plugins(request):
    """A neighbour and us, in the order in which pytest loads us."""
    return request.param


@pytest.fixture
def run(pytester, monkeypatch):
    """A function that runs a test module; it gives the result, and the prompts that went live."""
    for name in ("CI", "PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_XDIST_WORKER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    pytester.makepyfile(agent=AGENT)
    pytester.makeini("[pytest]\npythonpath = .\n")

    def run(plugins, test, *args):
        pytester.makepyfile(test_it="import pytest\nfrom agent import ask\n\n" + dedent(test))
        log = pytester.path / "live.txt"
        log.unlink(missing_ok=True)
        options = [option for name in plugins for option in ("-p", name)]
        result = pytester.runpytest_subprocess("-p", "no:cacheprovider", *options, *args)
        return result, log.read_text().splitlines() if log.exists() else []

    return run


@pytest.mark.parametrize(
    ("said", "mode"),
    [
        (["--record-mode=none"], "none"),
        (["--record-mode", "once"], "once"),
        (["--record-mode=all"], "all"),
        (["--record-mode=rewrite"], "all"),
        (["--record-mode=new_episodes"], "update"),
        (["--record-mode=none", "--cassette-record-mode=update"], "update"),
        ([], "once"),
    ],
    ids=lambda value: " ".join(value) or "nothing" if isinstance(value, list) else value,
)
def test_both_obey_the_option(run, plugins, said, mode):
    """The run starts, and the mode reaches us under our name of it."""
    test = f"""
        @pytest.mark.cassette
        def test_mode(cassette):
            assert cassette.mode == {mode!r}
        """

    result, _ = run(plugins, test, *said)

    result.assert_outcomes(passed=1)


def test_tests_of_both_stand_side_by_side(run, plugins):
    """Theirs have what they give, ours record and replay."""
    test = """
        @pytest.mark.cassette(strict=True)
        def test_ours(cassette):
            ask("hello")
            assert len(cassette.calls()) == 1

        @pytest.mark.vcr
        def test_theirs(vcr):
            assert type(vcr).__module__.split(".")[0] in {"vcr", "cassetter"}

        def test_neither():
            ask("live")
        """

    first, first_live = run(plugins, test)
    second, second_live = run(plugins, test)

    first.assert_outcomes(passed=3)
    second.assert_outcomes(passed=3)
    assert first_live == ["hello", "live"]
    assert second_live == ["live"]


def test_the_help_has_the_option_once(run, plugins):
    """It is the neighbour's, and ours has a name of its own beside it."""
    result, _ = run(plugins, "", "--help")

    assert result.ret == 0
    assert str(result.stdout).count("\n  --record-mode=") == 1
    result.stdout.fnmatch_lines(["*--cassette-record-mode=MODE*"])


def test_both_verify_where_cassetter_is(run):
    """Its mode of that name means to it what ours means to us; pytest-recording has none."""
    test = """
        @pytest.mark.cassette
        def test_ours(cassette):
            assert cassette.mode == MODE
            ask("hello")

        @pytest.mark.vcr
        def test_theirs(vcr):
            pass
        """
    recorded, _ = run([OURS, CASSETTER], test.replace("MODE", "'once'"))

    verified, live = run(
        [OURS, CASSETTER], test.replace("MODE", "'verify'"), "--record-mode=verify"
    )

    recorded.assert_outcomes(passed=2)
    verified.assert_outcomes(passed=2)
    verified.stdout.fnmatch_lines(["cassettes: 1 verified"])
    assert live == ["hello"]


def test_any_order_of_the_tests_replays(run):
    """pytest-randomly shuffles the tests, and no cassette depends on that."""
    test = """
        @pytest.mark.cassette(strict=True)
        @pytest.mark.parametrize("number", range(8))
        def test_plan(number):
            ask(f"hello {number}")
        """

    first, first_live = run([OURS, RANDOMLY], test, "--randomly-seed=1")
    second, second_live = run([OURS, RANDOMLY], test, "--randomly-seed=2", "--record-mode=none")

    first.assert_outcomes(passed=8)
    second.assert_outcomes(passed=8)
    assert sorted(first_live) == [f"hello {number}" for number in range(8)]
    assert first_live != sorted(first_live)
    assert second_live == []
