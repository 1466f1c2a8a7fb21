"""The real pytest-split and pytest-shard: a part of the tests runs, and all are known."""

from __future__ import annotations

import pytest

AGENT = """
from agentcassette import intercept


@intercept
def ask(prompt):
    return prompt
"""

TESTS = """
import pytest
from agent import ask

pytestmark = pytest.mark.cassette


@pytest.mark.parametrize("case", range(4))
def test_case(case):
    ask(case)


def test_old():
    ask("old")
"""


@pytest.fixture
def run(pytester, monkeypatch):
    """A function that runs pytest where one cassette of five is left over; it gives the lines."""
    for name in ("CI", "PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_XDIST_WORKER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    pytester.makepyfile(agent=AGENT, test_it=TESTS)
    pytester.makeini("[pytest]\npythonpath = .\n")

    def run(*args):
        result = pytester.runpytest_subprocess(
            *("-p", "no:cacheprovider", "-p", "pytest_agentcassette.plugin"), *args
        )
        return result.outlines

    run()
    pytester.makepyfile(test_it=TESTS.replace("test_old", "test_new"))
    run()
    return run


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n", "2")], ids=["alone", "-n2"])
@pytest.mark.parametrize(
    ("plugin", "shards"),
    [
        ("pytest_split.plugin", [("--splits=2", f"--group={number}") for number in (1, 2)]),
        (
            "pytest_shard.pytest_shard",
            [("--num-shards=2", f"--shard-id={number}") for number in (0, 1)],
        ),
    ],
    ids=["pytest-split", "pytest-shard"],
)
def test_each_part_of_the_tests_knows_them_all(run, workers, plugin, shards):
    """What nobody claims is the same in each, and none of them deletes anything."""
    for shard in shards:
        lines = run(*workers, "-p", plugin, *shard, "--cassette-prune")

        stale, reason = (line for line in lines if " is gone" in line or "deleted" in line)
        assert stale == "    cassettes/test_old.json: test_it.py::test_old is gone"
        assert reason.endswith(" of 5 tests did not run")
