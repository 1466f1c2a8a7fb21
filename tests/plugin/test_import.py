"""Loading the plugin costs next to nothing: the core is imported by the first test that uses it."""

from __future__ import annotations

import pytest

WATCH = """
    import sys

    def pytest_unconfigure():
        ours = sorted(name for name in sys.modules if "agentcassette" in name)
        print("imported:", *ours)
    """

LIGHT = [
    "pytest_agentcassette",
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
