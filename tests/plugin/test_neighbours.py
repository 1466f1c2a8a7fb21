"""Plugins whose names are partly ours, played by stand-ins; tests/neighbours has the real ones."""

from __future__ import annotations

import pytest

RECORDING = """
    def pytest_addoption(parser):
        parser.getgroup("recording").addoption(
            "--record-mode",
            action="store",
            default=None,
            choices=("once", "new_episodes", "none", "all", "rewrite", "verify", "review"),
        )
    """

CASSETTER = (
    RECORDING
    + """
    import pytest

    @pytest.fixture(autouse=True)
    def cassette(request):
        yield None if request.node.get_closest_marker("vcr") is None else "theirs"
    """
)

MODE = """
    @pytest.mark.cassette
    def test_mode(cassette):
        assert cassette.mode == {mode!r}
    """


@pytest.fixture(params=[True, False], ids=["they come first", "they come last"])
def neighbour(request, project, monkeypatch):
    """A function that writes a plugin, and tells pytest to load it before or after ours."""
    monkeypatch.syspath_prepend(project.path)

    def write(name, text):
        project.write(f"{name.replace('.', '/')}.py", text)
        project.plugins = [name, *project.plugins] if request.param else [*project.plugins, name]

    return write


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("once", "once"),
        ("none", "none"),
        ("all", "all"),
        ("rewrite", "all"),
        ("new_episodes", "update"),
        ("verify", "verify"),
    ],
)
def test_their_option_sets_our_mode(project, neighbour, theirs, ours):
    """Whoever is loaded first, pytest starts, and we obey."""
    neighbour("recording", RECORDING)
    project.test(MODE.format(mode=ours))

    project.run(f"--record-mode={theirs}", passed=1)


def test_without_their_option_the_default_holds(project, neighbour):
    """Their default says nothing about us."""
    neighbour("recording", RECORDING)
    project.test(MODE.format(mode="once"))

    project.run(passed=1)


def test_our_own_option_beats_theirs(project, neighbour):
    """The two plugins can have two modes."""
    neighbour("recording", RECORDING)
    project.test(MODE.format(mode="update"))

    project.run("--record-mode=none", "--cassette-record-mode=update", passed=1)


def test_a_mode_that_is_only_theirs(project, neighbour):
    """It stops a run that has cassettes of ours, and says how to choose a mode for them."""
    neighbour("recording", RECORDING)
    project.test(MODE.format(mode="none"))

    refused = project.run("--record-mode=review")
    project.run("--record-mode=review", "--cassette-record-mode=none", passed=1)

    assert refused.code == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: --record-mode=review is a mode of another plugin" in refused.text
    assert "choose one for its tests with --cassette-record-mode" in refused.text


def test_a_mode_that_is_only_theirs_is_none_of_our_business(project, neighbour):
    """A run without cassettes of ours goes on."""
    neighbour("recording", RECORDING)
    project.test("def test_plain(): pass")

    project.run("--record-mode=review", passed=1)


def test_the_commands_name_the_option_that_is_ours(project, neighbour):
    """`--record-mode=update` is none of theirs."""
    neighbour("recording", RECORDING)
    project.test(
        """
        @pytest.mark.cassette
        def test_plan():
            ask("hello")
        """
    )

    run = project.run("--record-mode=none", failed=1)

    assert "pytest --cassette-record-mode=update test_it.py::test_plan" in run.lines


def test_a_conftest_may_have_the_option_too(project):
    """It adds it later than any plugin."""
    project.write("conftest.py", RECORDING)
    project.test(MODE.format(mode="all"))

    project.run("--record-mode=rewrite", passed=1)


def test_somebody_elses_option_may_mean_something_else(project):
    """We leave it alone, and our own option sets our mode."""
    project.write("conftest.py", RECORDING.replace('"none", ', ""))
    project.test(MODE.format(mode="none"))

    project.run("--record-mode=review", "--cassette-record-mode=none", passed=1)


def test_a_broken_conftest_is_shown_as_ever(project):
    """We stand around the loading of conftests, and are not to be seen."""
    project.write("conftest.py", "1 / 0")
    project.test(MODE.format(mode="once"))

    run = project.run(subprocess=True)

    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert "ZeroDivisionError" in run.text
    assert "pytest_agentcassette" not in run.text


def test_beside_cassetter_the_fixture_is_ours_where_the_marker_is(project, neighbour):
    """In all other tests it is theirs, and runs as if we were not there."""
    neighbour("cassetter.pytest_plugin", CASSETTER)
    project.write("cassetter/__init__.py", "")
    project.test(
        """
        @pytest.fixture(autouse=True)
        def automatic(request):
            if "ours" in request.node.name:
                ask("automatic")

        @pytest.mark.cassette(strict=True)
        def test_ours(cassette):
            ask("hello")
            assert len(cassette.calls()) == 2

        @pytest.mark.cassette(strict=True)
        @pytest.mark.vcr
        def test_ours_and_theirs(cassette):
            ask("hello")
            assert len(cassette.calls()) == 2

        @pytest.mark.vcr
        def test_theirs(cassette):
            assert cassette == "theirs"

        def test_plain(cassette):
            assert cassette is None

        def test_plainer():
            ask("live")
        """
    )
    options = ("-W", "ignore::pytest.PytestUnknownMarkWarning")

    first = project.run(*options, passed=5)
    second = project.run(*options, passed=5)

    assert first.changed == {"cassettes/test_ours.json", "cassettes/test_ours_and_theirs.json"}
    assert second.live == ["live"]
