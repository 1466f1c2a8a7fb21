"""The marker: what it takes, what wins, and what it says no to."""

from __future__ import annotations

import pytest


def test_the_marker_alone_records_and_then_replays(project):
    """A test with nothing but the marker pays for its calls once."""
    project.test(
        """
        @pytest.mark.cassette
        def test_plan():
            assert ask("hello")["text"] == "HELLO"
        """
    )

    first = project.run(passed=1)
    second = project.run(passed=1)

    assert (first.live, first.changed) == (["hello"], {"cassettes/test_plan.json"})
    assert (second.live, second.changed) == ([], set())


def test_the_fixture_alone_records_and_then_replays(project):
    """A test that asks for the fixture needs no marker."""
    project.test(
        """
        def test_plan(cassette):
            ask("hello")
            assert [call.name for call in cassette.calls()] == ["ask"]
            assert cassette.path.name == "test_plan.json"
            assert cassette.mode == "once"
        """
    )

    first = project.run(passed=1)
    second = project.run(passed=1)

    assert (first.live, first.changed) == (["hello"], {"cassettes/test_plan.json"})
    assert (second.live, second.changed) == ([], set())


def test_the_cassette_keeps_the_model_and_the_test(project):
    """What the marker says of the model is kept, and whose cassette it is."""
    project.test(
        """
        @pytest.mark.cassette(model="claude-sonnet-4-6")
        def test_plan():
            ask("hello")
        """
    )

    project.run(passed=1)

    cassette = project.cassette("cassettes/test_plan.json")
    assert cassette.model == "claude-sonnet-4-6"
    assert cassette.test == "test_it.py::test_plan"


def test_markers_of_module_class_and_test_merge(project):
    """The closest marker wins keyword by keyword, and what it does not say stays."""
    project.test(
        """
        pytestmark = pytest.mark.cassette(model="of the module", redact="user_id")

        @pytest.mark.cassette(model="of the class", strict=True)
        class TestPlan:
            @pytest.mark.cassette(redact=["phone"])
            def test_all(self, cassette):
                ask("hello")
        """
    )

    project.run(passed=1)
    project.edit("test_it.py", "hello", "good day")
    run = project.run(failed=1)

    cassette = project.cassette("cassettes/TestPlan.test_all.json")
    assert cassette.model == "of the class"
    assert "Replay diverged at step 0" in run.text


def test_calls_of_a_live_kind_are_not_answered_from_the_tape(project):
    """`live` lets calls of a kind through, in replay too."""
    project.test(
        """
        @pytest.mark.cassette(live="llm", strict=True)
        def test_plan():
            ask("hello")
            search("paris")
        """
    )

    project.run(passed=1)
    run = project.run(passed=1)

    assert run.live == ["hello"]


def test_what_is_ignored_may_differ(project):
    """An `ignore` of the marker goes to the session."""
    project.test(
        """
        @pytest.mark.cassette(ignore=["kwargs.prompt"], strict=True)
        def test_plan():
            ask(prompt="hello")
        """
    )

    project.run(passed=1)
    project.edit("test_it.py", "hello", "good day")
    run = project.run(passed=1)

    assert run.live == []


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("recordmode='all'", "there is no keyword 'recordmode' (did you mean 'record_mode'?)"),
        ("zebra=1", "there is no keyword 'zebra'; it has path, record_mode, strict, redact, "),
        ("record_mode='onec'", "record_mode='onec' (did you mean 'once'?): it takes one of once, "),
        ("record_mode=1", "record_mode=1: it takes one of once, none, all, update and verify"),
        ("strict='yes'", "strict='yes': it takes True or False"),
        (
            "redact=[1]",
            "redact=[1]: it takes the name of a key, a pattern made by re.compile, or a list",
        ),
        ("'a.json', 'b.json'", "it takes the path and then keywords only, and got 2 values"),
        ("'a.json', path='b.json'", "it got the path twice"),
        ("b'a.json'", "path=b'a.json': it takes the path of a file"),
        (r"'a\0.json'", "it takes the path of a file"),
        ("ignore='kwargs..id'", "kwargs..id"),
    ],
)
def test_a_wrong_marker_is_a_usage_error_that_names_the_test(project, marker, message):
    """The run does not begin, and nobody sees a traceback."""
    project.test(
        f"""
        @pytest.mark.cassette({marker})
        def test_plan():
            ask("hello")
        """
    )

    run = project.run()

    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: test_it.py::test_plan: " in run.text
    assert message in run.text
    assert "Traceback" not in run.text
    assert run.live == []


def test_the_marker_is_known_to_strict_markers(project):
    """`--strict-markers` takes the marker, and `--markers` tells of it."""
    project.test(
        """
        @pytest.mark.cassette
        def test_plan():
            ask("hello")
        """
    )

    project.run("--strict-markers", passed=1)

    assert "@pytest.mark.cassette(path=None, *, record_mode=None" in project.run("--markers").text


def test_a_marker_that_a_conftest_adds_counts(project):
    """Markers may come late: from a hook of a conftest."""
    project.write(
        "conftest.py",
        """
        import pytest

        @pytest.hookimpl(trylast=True)
        def pytest_collection_modifyitems(items):
            for item in items:
                item.add_marker(pytest.mark.cassette(model="of the conftest"))
        """,
    )
    project.test(
        """
        def test_plan():
            ask("hello")
        """
    )

    project.run(passed=1)
    run = project.run(passed=1)

    assert project.cassette("cassettes/test_plan.json").model == "of the conftest"
    assert run.live == []
