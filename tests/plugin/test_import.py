"""Loading the plugin costs next to nothing: the core is imported by the first test that uses it."""

from __future__ import annotations

from textwrap import dedent

import pytest

WATCH = """
    import sys

    def pytest_unconfigure():
        ours = sorted(name for name in sys.modules if "agentcassette" in name)
        print("imported:", *ours)
    """

LIGHT = [
    "pytest_agentcassette",
    "pytest_agentcassette._around",
    "pytest_agentcassette._drifted",
    "pytest_agentcassette._neighbours",
    "pytest_agentcassette._options",
    "pytest_agentcassette._policy",
    "pytest_agentcassette._refusals",
    "pytest_agentcassette._run",
    "pytest_agentcassette._watching",
    "pytest_agentcassette.hooks",
    "pytest_agentcassette.plugin",
]


@pytest.mark.parametrize(
    ("args", "books"),
    [
        (["-v"], []),
        (["--record-mode=none"], []),
        (["--cassette-report"], ["_bookkeeping", "_closing", "_ledger", "_location", "_survey"]),
        (["-n2"], ["_bookkeeping", "_closing", "_ledger", "_survey"]),
    ],
)
def test_a_run_without_cassettes_imports_nothing_of_the_core(project, args, books):
    """Neither at start-up, nor at collection, nor in a test, nor at the summary."""
    project.write("conftest.py", WATCH)
    project.write(
        "test_plain.py",
        """
        import pytest

        @pytest.fixture(scope="module")
        def wide():
            return 1

        def test_plain(wide, tmp_path):
            assert wide
        """,
    )

    run = project.run("-s", "-p", "xdist", *args, subprocess=True, passed=1)

    expected = sorted([*LIGHT, *(f"pytest_agentcassette.{book}" for book in books)])
    assert f"imported: {' '.join(expected)}" in run.lines
    assert "cassettes:" not in run.text


def test_a_run_with_a_cassette_does(project):
    """So the test above can fail."""
    project.write("conftest.py", WATCH)
    project.write(
        "test_plain.py",
        """
        def test_plain(cassette):
            pass
        """,
    )

    run = project.run("-s", subprocess=True, passed=1)

    assert "agentcassette._session" in run.text


def test_the_first_import_of_the_core_in_a_test_brings_in_the_rest(project):
    """The calls of the tests after it are watched, although nothing told of them at collection."""
    project.write(
        "test_late.py",
        """
        def test_imports():
            import agent

        def test_calls():
            import agent

            agent.ask("hello")
        """,
    )

    run = project.run("--cassette-live=allow", subprocess=True, passed=2)

    assert "1 live call of ask: test_late.py::test_calls" in run.lines


def test_a_test_that_asks_for_the_fixture_while_it_runs_fails_for_a_drift_it_swallows(project):
    """Also where it is the first of all to import the core."""
    project.write(
        "test_late.py",
        """
        def test_late(request):
            request.getfixturevalue("cassette")
            from agent import ask

            try:
                ask("hello")
            except Exception:
                pass
        """,
    )
    project.run(subprocess=True, passed=1)
    project.edit("test_late.py", '"hello"', '"goodbye"')

    run = project.run("--cassette-strict", subprocess=True, failed=1)

    assert "1 drifted" in run.text
    assert "the code under test caught this one" in run.text


def test_a_cassette_needs_no_terminal(project):
    """Who runs pytest from a program may leave it out, and its options with it."""
    project.test(
        """
        @pytest.mark.cassette
        def test_ask():
            assert ask("hello")["text"] == "HELLO"
        """
    )

    assert project.run("-p", "no:terminal", subprocess=True).code == 0
    assert project.run("-p", "no:terminal", subprocess=True).live == []


LATE = {
    "pytest_collection_finish": """
        def pytest_collection_finish(session):
            for item in session.items:
                item.add_marker("cassette")
        """,
    "pytest_runtest_setup, tryfirst": """
        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_setup(item):
            item.add_marker("cassette")
        """,
    "pytest_collection_modifyitems, around all others": """
        @pytest.hookimpl(wrapper=True, tryfirst=True)
        def pytest_collection_modifyitems(items):
            yield
            for item in items:
                item.add_marker("cassette")
        """,
}


@pytest.mark.parametrize("conftest", LATE.values(), ids=LATE)
@pytest.mark.parametrize("args", [[], ["--cassette-report"]], ids=["plain", "with a report"])
def test_a_marker_that_comes_after_the_collection_counts(project, conftest, args):
    """Whoever adds it, and although nothing told of a cassette before."""
    project.write("conftest.py", "import pytest\n" + dedent(conftest))
    project.write(
        "test_late.py",
        """
        def test_late():
            from agent import ask

            ask("hello")
        """,
    )

    run = project.run("--record-mode=none", *args, subprocess=True, failed=1)

    assert run.live == []
    assert project.run(subprocess=True, passed=1).live == ["hello"]
    assert project.run("--record-mode=none", *args, subprocess=True, passed=1).live == []


def test_an_import_that_ends_in_a_skip_is_noticed(project):
    """It is the set-up of a test that imports the core here, and its body never runs."""
    project.write(
        "test_late.py",
        """
        import pytest

        @pytest.fixture
        def needs_much():
            import agent

            pytest.skip("not here")

        def test_skipped(needs_much):
            pass

        def test_calls():
            import agent

            agent.ask("hello")
        """,
    )

    run = project.run(subprocess=True, passed=1, skipped=1)

    assert "1 live call of ask: test_late.py::test_calls" in run.lines


def test_a_report_of_a_conftest_has_what_the_test_did_with_its_cassette(project):
    """Whoever wraps the making of reports from outside sees the finished ones."""
    project.write(
        "conftest.py",
        """
        import pytest

        @pytest.hookimpl(wrapper=True, tryfirst=True)
        def pytest_runtest_makereport():
            report = yield
            if report.when == "teardown":
                print("outcome:", dict(report.user_properties)["cassette_outcome"])
            return report
        """,
    )
    project.test(
        """
        @pytest.mark.cassette
        def test_ask():
            ask("hello")
        """
    )

    assert "outcome: recorded" in project.run("-s", subprocess=True, passed=1).text
