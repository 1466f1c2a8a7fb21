"""How an agent of a framework is proven: recorded once, replayed strictly with the server down."""

from __future__ import annotations

import asyncio
import inspect
import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

from agentcassette import Cassette, record, replay

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from server import ModelServer

RUN = """
import asyncio, inspect, sys
from agentcassette import record, replay
import agent

mode, path = sys.argv[1:]
with record(path) if mode == "record" else replay(path, strict=True):
    told = agent.main()
    print(asyncio.run(told) if inspect.iscoroutine(told) else told)
"""


@pytest.fixture
def prove(server: ModelServer, tmp_path: Path) -> Callable[[Callable[[], Any]], Any]:
    """Give a function that records an agent and replays it; it gives both results, and the steps.

    The server is down while it is replayed, and nothing may have asked for it.
    """

    def prove(agent: Callable[[], Any]) -> tuple[Any, Any, list[dict[str, Any]]]:
        path = tmp_path / "cassette.json"
        server.start()
        with record(path):
            live = run(agent)
        served = server.served
        assert served > 0
        server.stop()
        with replay(path, strict=True) as player:
            again = run(agent)
        assert server.served == served
        assert (player.remaining, player.divergences) == (0, [])
        return live, again, Cassette.load(path).steps

    return prove


def run(agent: Callable[[], Any]) -> Any:
    """Run an agent, awaited or not."""
    told = agent()
    return asyncio.run(told) if inspect.iscoroutine(told) else told


@pytest.fixture
def prove_elsewhere(
    server: ModelServer, tmp_path: Path
) -> Callable[[str], tuple[str, str, list[dict[str, Any]]]]:
    """Give a function that does so with the source of an agent, in fresh processes.

    The source defines ``main``, which runs the agent and gives what is printed. Each process has
    another hash seed, as they have on other machines, and the replays have no server.
    """

    def prove(source: str) -> tuple[str, str, list[dict[str, Any]]]:
        (tmp_path / "agent.py").write_text(textwrap.dedent(source), "utf-8")
        (tmp_path / "run.py").write_text(RUN, "utf-8")
        url = server.url

        def printed(mode: str, seed: str) -> str:
            done = subprocess.run(
                [sys.executable, "run.py", mode, "cassette.json"],
                cwd=tmp_path,
                env={
                    **os.environ,
                    "PYTHONHASHSEED": seed,
                    "PYTHONPATH": str(tmp_path),
                    "MODEL_SERVER": url,
                    "OPENAI_BASE_URL": f"{url}/v1",
                    "OPENAI_API_KEY": "none",
                    "ANTHROPIC_BASE_URL": url,
                    "ANTHROPIC_API_KEY": "none",
                },
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        live = printed("record", "1")
        served = server.served
        assert served > 0
        server.stop()
        again = {printed("replay", seed) for seed in ("2", "3")}
        assert server.served == served
        assert len(again) == 1
        return live, again.pop(), Cassette.load(tmp_path / "cassette.json").steps

    return prove
