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
    "pytest_agentcassette._bookkeeping",
    "pytest_agentcassette._drifted",
    "pytest_agentcassette._ledger",
    "pytest_agentcassette._marker",
    "pytest_agentcassette._neighbours",
    "pytest_agentcassette._options",
    "pytest_agentcassette._refusals",
    "pytest_agentcassette._run",
    "pytest_agentcassette.hooks",
    "pytest_agentcassette.plugin",
]


@pytest.mark.parametrize("args", [["-v"], ["--cassette-report", "--record-mode=none"], ["-n2"]])
def test_a_run_without_cassettes_imports_nothing_of_the_core(project, args):
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

    assert f"imported: {' '.join(LIGHT)}" in run.lines
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
