"""`intercept=` on the marker, `cassette_intercept` in the ini file: code that one does not own."""

from __future__ import annotations

import pytest

LIBRARY = '''
from pathlib import Path


def log(prompt):
    with Path(__file__).with_name("live.txt").open("a") as file:
        file.write(f"{prompt}\\n")
    return f"{prompt}!"


class Client:
    """Stands for a client of other people, which nobody here can decorate."""

    def ask(self, prompt):
        return log(prompt)

    async def ask_later(self, prompt):
        return log(prompt)


def look_up(city):
    return log(city)
'''

TEST = """
import vendor

@pytest.mark.cassette({marker})
def test_plan():
    assert vendor.Client().ask("hello") == "hello!"
"""


@pytest.fixture
def project(project):
    """Give a project that uses a library of other people."""
    project.write("vendor.py", LIBRARY)
    return project


def use_ini(project, line):
    """Set something in the ini file."""
    project.write("pytest.ini", f"[pytest]\npythonpath = .\n{line}\n")


@pytest.mark.parametrize("place", ["marker", "ini"])
def test_a_callable_is_intercepted_by_its_name(project, place):
    """No line of the code under test knows of it."""
    target = "vendor:Client.ask=llm"
    use_ini(project, f"cassette_intercept = {target}" if place == "ini" else "")
    project.test(TEST.format(marker=f'intercept="{target}"' if place == "marker" else ""))

    run = project.run(passed=1)
    assert run.live == ["hello"]
    again = project.run("--record-mode=none", "--cassette-strict", passed=1)

    assert again.live == []
    [step] = project.cassette("cassettes/test_plan.json").steps
    assert (step["name"], step["type"]) == ("Client.ask", "llm")
    assert step["arguments"] == {"args": ["hello"], "kwargs": {}}


def test_ini_file_and_markers_add_up(project):
    """A test takes nothing away from what the project says."""
    use_ini(project, "cassette_intercept = vendor:Client.ask")
    project.test(
        """
        import asyncio
        import vendor

        pytestmark = pytest.mark.cassette(intercept=["vendor:look_up=tool", "vendor:Client.ask"])

        @pytest.mark.cassette(intercept="vendor:Client.ask_later=llm")
        def test_plan(cassette):
            vendor.Client().ask("a")
            asyncio.run(vendor.Client().ask_later("b"))
            vendor.look_up("c")
            assert [(call.name, call.kind) for call in cassette.calls()] == [
                ("Client.ask", "call"),
                ("Client.ask_later", "llm"),
                ("look_up", "tool"),
            ]
        """
    )

    assert project.run(passed=1).live == ["a", "b", "c"]
    assert project.run("--record-mode=none", passed=1).live == []


def test_the_originals_are_there_again_when_the_test_is_over(project):
    """Neither a test without a cassette nor a fixture of a wider scope meets a session."""
    project.test(
        """
        import vendor

        ORIGINAL = vendor.Client.ask

        @pytest.fixture(scope="module")
        def wide():
            return vendor.Client().ask("wide")

        @pytest.fixture
        def narrow():
            yield vendor.Client().ask("narrow")
            assert vendor.Client().ask("clean-up") == "clean-up!"

        @pytest.mark.cassette(intercept="vendor:Client.ask")
        def test_with(wide, narrow, cassette):
            assert vendor.Client.ask is not ORIGINAL
            assert [call.args for call in cassette.calls()] == [("narrow",)]

        @pytest.mark.cassette(intercept="vendor:Client.ask")
        def test_failing():
            assert vendor.Client().ask("failing") == "another"

        def test_without():
            assert vendor.Client.ask is ORIGINAL
        """
    )

    run = project.run(passed=2, failed=1)
    assert run.live == ["wide", "narrow", "clean-up", "failing"]
    again = project.run("--cassette-strict", passed=2, failed=1)
    assert again.live == ["wide", "failing"]  # a test that failed has written no cassette
    assert len(project.cassette("cassettes/test_with.json").steps) == 2


def test_what_a_test_replaces_itself_is_replaced(project):
    """The session is opened before the other fixtures of a test, and closed after them."""
    project.test(
        """
        import vendor

        @pytest.mark.cassette(intercept="vendor:Client.ask")
        def test_plan(monkeypatch, cassette):
            monkeypatch.setattr(vendor.Client, "ask", lambda self, prompt: "replaced")
            assert vendor.Client().ask("hello") == "replaced"
            assert cassette.calls() == []

        def test_after():
            assert vendor.Client.ask.__code__.co_filename.endswith("vendor.py")
        """
    )

    project.run(passed=2)


MISTAKES = {
    'intercept="opnai"': (
        "test_it.py::test_plan: intercept: there is no preset 'opnai' (did you mean 'openai'?)"
    ),
    'intercept=["openai", "vendor:"]': "test_it.py::test_plan: intercept: 'vendor:' is no target",
    "intercept=3": "cassette: intercept=3: it takes the name of a preset such as openai, a target",
}


@pytest.mark.parametrize(("marker", "message"), MISTAKES.items(), ids=MISTAKES)
def test_a_name_that_is_none_is_a_usage_error_at_collection(project, marker, message):
    """Nothing runs before it is told."""
    project.test(TEST.format(marker=marker))

    run = project.run()

    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert message in run.text
    assert run.live == []


def test_a_wrong_name_in_the_ini_file_is_one_as_well(project):
    """It names a test that the setting would hold for."""
    use_ini(project, "cassette_intercept = opnai")
    project.test(TEST.format(marker=""))

    run = project.run()

    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert "test_it.py::test_plan: intercept: there is no preset 'opnai'" in run.text


def test_tests_without_a_cassette_do_not_meet_the_setting(project):
    """What holds for cassettes holds for nobody else, and costs nobody an import."""
    use_ini(project, "cassette_intercept = vendor:Client.ask")
    project.test(
        """
        import vendor

        def test_plan():
            assert vendor.Client.ask.__code__.co_filename.endswith("vendor.py")
        """
    )

    project.run(passed=1)


def test_a_callable_that_is_not_there_is_an_error_of_the_test(project):
    """It takes an import to know; the text names the target and what is nearest, and no frame."""
    project.test(TEST.format(marker='intercept="vendor:Client.aks"'))

    run = project.run(errors=1)

    assert (
        "test_it.py::test_plan: intercept: 'vendor:Client.aks' can't be intercepted: vendor:Client"
        " has no 'aks' (did you mean 'ask'?)"
    ) in run.lines
    assert "_lifecycle.py" not in run.text
    assert run.live == []


def test_a_cassette_that_can_not_be_opened_leaves_nothing_wrapped(project):
    """The next test meets the library as it is."""
    project.write("cassettes/test_plan.json", "no cassette")
    project.test(
        TEST.format(marker='intercept="vendor:Client.ask"')
        + """
def test_after():
    assert vendor.Client.ask.__code__.co_filename.endswith("vendor.py")
"""
    )

    project.run(passed=1, errors=1)


def test_a_copy_of_a_function_is_told_of(project):
    """`from vendor import look_up` goes on to run for real, and somebody has to know."""
    project.test(
        """
        from vendor import look_up

        @pytest.mark.cassette(intercept="vendor:look_up")
        def test_plan():
            look_up("Lisbon")
        """
    )

    run = project.run("-W", "default")

    assert run.live == ["Lisbon"]
    assert "vendor:look_up is intercepted, but not for test_it" in run.text


def test_the_workers_of_xdist_intercept_too(project):
    """Each in its own process."""
    workers = ("-p", "xdist", "-n", "2")
    use_ini(project, "cassette_intercept = vendor:Client.ask")
    project.test(TEST.format(marker="") + TEST.format(marker="").replace("plan", "again"))

    assert project.run(*workers, passed=2).live == ["hello", "hello"]
    assert project.run(*workers, "--record-mode=none", passed=2).live == []


def test_nothing_is_intercepted_once_the_session_could_not_be_opened(project):
    """Not even in the test, if that goes on without."""
    project.test(
        """
        import vendor

        @pytest.mark.cassette(intercept="vendor:Client.ask=llm")
        def test_plan(request):
            with pytest.raises(pytest.fail.Exception, match="no valid JSON"):
                request.getfixturevalue("cassette")
            assert vendor.Client().ask("hello") == "hello!"
        """
    )
    project.write(
        "conftest.py",
        """
        import pytest

        @pytest.hookimpl(wrapper=True, tryfirst=True)
        def pytest_runtest_setup(item):
            marker = item.get_closest_marker("cassette")
            item.own_markers.remove(marker)
            yield
            item.own_markers.append(marker)
        """,
    )
    project.write("cassettes/test_plan.json", "{")

    run = project.run("--cassette-live=block", passed=1)

    assert run.live == ["hello"]


def test_callables_are_themselves_again_when_the_end_is_interrupted(project):
    """As by Ctrl-C: pytest tears the rest down, and that is not what the cassette is about."""
    project.test(TEST.format(marker='intercept="vendor:Client.ask"'))
    project.write(
        "conftest.py",
        """
        import pytest
        import vendor

        def pytest_agentcassette_finished(item):
            raise KeyboardInterrupt

        @pytest.fixture(scope="session", autouse=True)
        def wide():
            before = vendor.Client.ask
            yield
            assert vendor.Client.ask is before
            print("as it was")
        """,
    )

    run = project.run("-s", subprocess=True)

    assert run.live == ["hello"]
    assert "as it was" in run.text
