"""A small project of a user, for tests that tell a story: files, a run, its changes, a next run."""

from __future__ import annotations

import re
import sys
from copy import copy
from dataclasses import dataclass
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

# Runs in this process share these modules with it, and with one another.
import agentcassette
import pytest_agentcassette._lifecycle
import pytest_agentcassette._table  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Callable

_AGENT = '''
from pathlib import Path

from agentcassette import intercept


@intercept(kind="llm")
def ask(prompt):
    """Stand for a model: each run of this function is a call that is paid for."""
    with Path(__file__).with_name("live.txt").open("a") as file:
        file.write(f"{prompt}\\n")
    return {"text": prompt.upper(), "usage": {"input_tokens": 20, "output_tokens": 10}}


@intercept(kind="tool")
def search(query):
    """Stand for a tool."""
    return [f"about {query}"]


@intercept(kind="llm")
async def ask_async(prompt):
    """Stand for a model with an async client."""
    return ask.__wrapped__(prompt)
'''

_OPTIONS = (
    *("-p", "no:cacheprovider"),
    # For the asserts of the plugin's own, which it has not: runs share its modules with this one.
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
)

_STRIPPED = ("CI", "PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_XDIST_WORKER")


@dataclass(frozen=True)
class Run:
    """What a run of pytest in a project did.

    Attributes:
        code: Its exit code.
        text: What it printed, standard error after standard output.
        outcomes: How many tests passed, failed and so on.
        changed: The files that are new, gone or different.
        live: The prompts that went to the real model, in order.
    """

    code: int
    text: str
    outcomes: dict[str, int]
    changed: set[str]
    live: list[str]

    @property
    def lines(self) -> list[str]:
        """What it printed, without the blanks around each line and the durations."""
        timeless = re.sub(r"\b\d+\.\d+s\b", "0.0s", self.text)
        return [line.strip() for line in timeless.splitlines()]


class Project:
    """A project with an agent, in a folder of its own."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.plugins = ["pytest_agentcassette.plugin"]  # to load, in this order
        self._pytester = pytester
        self.path = pytester.mkdir("project")  # pytester leaves files beside it
        self.write("agent.py", _AGENT)
        self.write("pytest.ini", "[pytest]\npythonpath = .\n")

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")

    def test(self, text: str, name: str = "test_it.py") -> None:
        """Write a module of tests, which knows pytest and the agent."""
        self.write(name, "import pytest\nfrom agent import *\n\n" + dedent(text))

    def edit(self, name: str, old: str, new: str) -> None:
        """Change a file."""
        text = self.read(name)
        assert old in text
        (self.path / name).write_text(text.replace(old, new), encoding="utf-8")

    def read(self, name: str) -> str:
        """The text of a file."""
        return (self.path / name).read_text(encoding="utf-8")

    def cassette(self, name: str) -> agentcassette.Cassette:
        """A cassette of the project."""
        return agentcassette.Cassette.load(self.path / name)

    def files(self) -> dict[str, bytes]:
        """All files, without the log of the live calls and what Python keeps for itself."""
        return {
            path.relative_to(self.path).as_posix(): path.read_bytes()
            for path in sorted(self.path.rglob("*"))
            if path.is_file() and path.name != "live.txt" and "__pycache__" not in path.parts
        }

    def run(self, *args: Any, subprocess: bool = False, **outcomes: int) -> Run:
        """Run pytest in the project, and check how many tests passed, failed and so on.

        Args:
            args: The arguments of pytest; other plugins than ours must be named among them.
            subprocess: Whether it runs in a process of its own.
            outcomes: What is expected, as `passed=1`; not checked where nothing is given.
        """
        before, log = self.files(), self.path / "live.txt"
        log.unlink(missing_ok=True)
        start = self._pytester.runpytest_subprocess if subprocess else self._pytester.runpytest
        plugins = [option for name in self.plugins for option in ("-p", name)]
        result = start(*plugins, *_OPTIONS, *args)
        if outcomes:
            assert result.parseoutcomes() == outcomes
        after = self.files()
        return Run(
            code=int(result.ret),
            text=f"{result.stdout}\n{result.stderr}",
            outcomes=result.parseoutcomes() if outcomes else {},
            changed={name for name in {*before, *after} if before.get(name) != after.get(name)},
            live=log.read_text().splitlines() if log.exists() else [],
        )


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A small project of a user."""
    for name in _STRIPPED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    # Files that are written twice in a second would be taken for what was compiled first.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    project = Project(pytester)
    monkeypatch.chdir(project.path)
    return project


_ODD = (None, "", "text", 1, True, [], [None], [[]], {}, {"type": "text"}, {"content": [1]})


@pytest.fixture
def spoiled() -> Callable[[dict[str, Any]], Iterator[dict[str, Any]]]:
    """Tells what a step is like in which one value is another one, wherever that may be so."""

    def variants(value: Any) -> Iterator[Any]:
        inner = enumerate(value) if isinstance(value, list) else ()
        for key, old in value.items() if isinstance(value, dict) else inner:
            for new in (*_ODD, *variants(old)):
                other = copy(value)
                other[key] = new
                yield other

    def spoiled(step: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Whatever a cassette may hold: the arguments of a call, and what came of it."""
        for name in ("args", "kwargs"):
            for value in variants(step.get("arguments", {}).get(name, [])):
                yield {**step, "arguments": {**step["arguments"], name: value}}
        for value in (*_ODD, *variants(step["result"])):
            if "stream" not in step or isinstance(value, list):
                yield {**step, "result": value}

    return spoiled


_NETWORK = '''
import asyncio
import socket
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import aiohttp
import httpx
import requests

from agentcassette import intercept


@intercept(kind="llm")
def ask(prompt):
    """Stand for a model."""
    return prompt.upper()


def reach(host="198.51.100.1"):
    """Choose a way to an address that nobody has: nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((host, 9))


def fetch(url):
    """Ask a server."""
    return urllib.request.urlopen(url, timeout=9).read()


def swallow(function, *args):
    """Try again and again, and give up without a word."""
    for _ in range(3):
        try:
            return function(*args)
        except Exception:
            pass


def in_thread(function, *args):
    """Run a function where it has a stack of its own."""
    thread = threading.Thread(target=swallow, args=(function, *args))
    thread.start()
    thread.join()


def in_pool(function, *args):
    """Run a function in a pool."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(function, *args).result()


async def look_up(host):
    """Ask for the address of a host."""
    await asyncio.get_running_loop().getaddrinfo(host, 80)


async def ask_with_aiohttp(url):
    """Ask a server."""
    async with aiohttp.ClientSession() as session:
        await session.get(url)


async def ask_with_httpx(url):
    """Ask a server."""
    async with httpx.AsyncClient() as client:
        await client.get(url)
'''


@pytest.fixture
def connected(project: Project) -> Project:
    """A project whose agent connects to the network, where no test lets it."""
    project.write("agent.py", _NETWORK)
    return project
