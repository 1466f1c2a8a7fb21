"""The travel agent of the examples: recorded once against a model, replayed without one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from server import ModelServer

EXAMPLES = Path(__file__).parents[2] / "examples"
TESTS = 4
# Two for each test, and one more for the model that was busy.
REQUESTS = 9
# The plugin of another team that puts the tests into another order in each run.
SHUFFLED = ("-p", "randomly")


class Run(NamedTuple):
    """A run of Python in a process of its own: its exit status, and what it printed."""

    status: int
    output: str


def run(folder: Path, *arguments: str, url: str) -> Run:
    """Run Python without a key, with the model at this address."""
    environment = {**os.environ, "OPENAI_BASE_URL": url}
    for name in ("OPENAI_API_KEY", "PYTEST_ADDOPTS"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return Run(done.returncode, done.stdout + done.stderr)


def copy_of_the_example(folder: Path, *, without: str = ".*") -> Path:
    """Copy the example as git knows it, without the files of this name."""
    project = folder / "travel_agent"
    ignored = shutil.ignore_patterns("__pycache__", ".*", without)
    shutil.copytree(EXAMPLES / "travel_agent", project, ignore=ignored)
    return project


def cassettes(project: Path) -> dict[str, bytes]:
    """Return what is in each cassette of the project."""
    return {path.name: path.read_bytes() for path in project.glob("tests/cassettes/*.json")}


class Recorded(NamedTuple):
    """The example after its first run: where it is, how the run went and what it cost."""

    project: Path
    run: Run
    served: int


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Record the example once, in a copy without cassettes."""
    project = copy_of_the_example(tmp_path_factory.mktemp("recorded"), without="cassettes")
    with ModelServer() as server:
        first = run(project, "-m", "pytest", url=server.openai_url)
    return Recorded(project, first, server.served)


def test_records_in_its_first_run(recorded):
    """Without a cassette the agent runs for real, and each test leaves a cassette."""
    assert recorded.run.status == 0, recorded.run.output
    assert f"{TESTS} passed" in recorded.run.output
    assert recorded.served == REQUESTS
    assert sorted(cassettes(recorded.project)) == [
        "test_looks_up_everything_once[lisbon].json",
        "test_looks_up_everything_once[oslo].json",
        "test_proposes_a_plan.json",
        "test_waits_for_a_busy_model.json",
    ]


@pytest.mark.parametrize(
    "options",
    [("--record-mode=none",), ("-n", "2"), SHUFFLED],
    ids=["none", "xdist", "random order"],
)
def test_replays_without_a_request(recorded, options):
    """With cassettes no request reaches the model, and no cassette is touched."""
    before = cassettes(recorded.project)
    with ModelServer() as server:
        again = run(recorded.project, "-m", "pytest", *options, url=server.openai_url)

    assert again.status == 0, again.output
    assert f"{TESTS} passed" in again.output
    assert server.served == 0
    assert cassettes(recorded.project) == before


def test_verifies_although_the_model_never_says_the_same_twice(recorded):
    """Other words, ids and offers are no news; another question is, and so is a missing tool."""
    before = cassettes(recorded.project)
    with ModelServer() as server:
        same = run(recorded.project, "-m", "pytest", "--record-mode=verify", url=server.openai_url)
        served = server.served
        project = recorded.project.with_name("changed")
        shutil.copytree(recorded.project, project)
        edit(project / "agent.py", '"weather": (weather', '"forecast": (weather')
        one = ("-m", "pytest", "-k", "proposes", "--record-mode=verify")
        other = run(project, *one, url=server.openai_url)

    assert same.status == 0, same.output
    assert f"cassettes: {TESTS} verified" in same.output
    assert served == REQUESTS
    assert "cassettes: 1 differing" in other.output
    assert "step 0, ask: " in other.output
    assert cassettes(recorded.project) == cassettes(project) == before


def test_replays_what_is_committed_with_the_model_down(tmp_path):
    """Who checks the example out needs no model and no key."""
    project = copy_of_the_example(tmp_path)
    with ModelServer() as server:
        server.stop()
        replayed = run(project, "-m", "pytest", "--record-mode=none", url=server.openai_url)

    assert replayed.status == 0, replayed.output
    assert f"{TESTS} passed" in replayed.output


def test_records_again_only_what_changed(tmp_path):
    """A change before the last call is paid for with the last call."""
    project = copy_of_the_example(tmp_path)
    edit(project / "agent.py", '"\\n".join', '"; ".join')
    one = ("-m", "pytest", "-k", "proposes")

    with ModelServer() as server:
        recorded = run(project, *one, "--record-mode=update", url=server.openai_url)
    replayed = run(project, *one, "--record-mode=none", url=server.openai_url)

    assert server.served == 1
    assert recorded.status == 0, recorded.output
    assert replayed.status == 0, replayed.output


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text in a file that has it."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_the_demo_goes_as_announced(tmp_path):
    """What the README shows first: recorded, replayed for nothing, and drifted."""
    shown = run(tmp_path, str(EXAMPLES / "demo.py"), url="http://127.0.0.1:9/v1")

    assert shown.status == 0, shown.output
    assert f"The model served {REQUESTS} requests." in shown.output
    assert "The model served 0 requests." in shown.output
    assert "Replay diverged at step 0: ask" in shown.output
    assert "All as announced." in shown.output
