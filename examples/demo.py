"""See it work: record the travel agent, replay it with the model gone, change it, read the drift.

    tox run -e demo

No key is needed: the model is a small server on this machine, which counts what it serves.
The exit status is 0 only if every step went as announced.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from textwrap import indent
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE / "travel_agent"

sys.path.insert(0, str(HERE.parent / "tests" / "sdk"))

from server import ModelServer  # noqa: E402  # it is found through the line above


class Run(NamedTuple):
    """A run of pytest: its exit status, what it printed, and the requests that it made."""

    status: int
    output: str
    requests: int


def main() -> int:
    """Show the three steps, and return 0 if each went as announced."""
    with tempfile.TemporaryDirectory() as folder, ModelServer() as server:
        project = Path(folder, EXAMPLE.name)
        shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("cassettes", ".*", "__*"))

        say("1. Record. There is no cassette yet, so the agent runs for real.")
        recorded = pytest(project, server)

        server.stop()
        say("2. Replay. The model is down, and there is no key.")
        replayed = pytest(project, server, "--record-mode=none")

        say('3. Change the prompt by one word: "one plan" becomes "one cheap plan".')
        agent = project / "agent.py"
        agent.write_text(agent.read_text("utf-8").replace("one plan", "one cheap plan"), "utf-8")
        drifted = pytest(project, server, "--record-mode=none", "--tb=line", "-k", "proposes")
        say("   It had to fail: this is no longer the agent that was recorded.")

    went_well = (
        recorded.status == 0
        and recorded.requests > 0
        and replayed.status == 0
        and replayed.requests == 0
        and drifted.status == 1
        and "Replay diverged" in drifted.output
    )
    say("All as announced." if went_well else "NOT as announced: please report it.")
    return 0 if went_well else 1


def pytest(project: Path, server: ModelServer, *options: str) -> Run:
    """Run the tests of the project as its team would, and show how it went."""
    print(indent(" ".join(["$ pytest", *options]), "   "), flush=True)
    environment = {**os.environ, "OPENAI_BASE_URL": server.openai_url}
    environment.pop("OPENAI_API_KEY", None)
    color = "--color=yes" if sys.stdout.isatty() else "--color=no"
    command = [sys.executable, "-m", "pytest", "--no-header", color, *options]
    served = server.served
    ended = subprocess.run(
        command, cwd=project, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    print(indent(ended.stdout, "   "))
    print(f"   The model served {server.served - served} requests.", flush=True)
    return Run(ended.returncode, ended.stdout, server.served - served)


def say(text: str) -> None:
    """Print a line of the story, in bold on a terminal."""
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    print(f"\n{bold}{text}{plain}\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
