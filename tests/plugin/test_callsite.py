"""Where in the code of a project something is called from."""

from __future__ import annotations

import asyncio
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pytest_agentcassette._callsite import call_site

HERE = Path(__file__)


def module(path: Path, text: str) -> Any:
    """Give the names of a module that lies at a path."""
    names: dict[str, Any] = {"__name__": path.stem, "call_site": call_site, "root": HERE.parent}
    exec(compile(text, str(path), "exec"), names)
    return names


def line_of(text: str) -> int:
    """Tell in which line of this file a text stands first."""
    return HERE.read_text("utf-8").splitlines().index(text) + 1


def ask() -> str:
    """Call it from the project."""
    return call_site(HERE.parent)


def test_a_call_of_the_project():
    """The path starts at the root folder."""
    line = line_of("    return call_site(HERE.parent)")

    assert ask() == f"called at test_callsite.py:{line} in ask"


@pytest.mark.parametrize(
    "path",
    [
        "/venv/lib/python3.13/site-packages/client.py",
        "/usr/lib/python3/dist-packages/client.py",
        str(Path(threading.__file__).with_name("client.py")),
        "<string>",
    ],
)
def test_libraries_are_passed_over(path):
    """The line that uses the library is what one can do something about."""
    client = module(Path(path), "def get():\n    return call_site(root)\n")

    assert client["get"]().endswith(" in test_libraries_are_passed_over")


def test_a_file_outside_of_the_root_is_named_in_full(tmp_path):
    """A project may use a checkout of another one."""
    path = tmp_path / "client.py"
    client = module(path, "def get():\n    return call_site(root)\n")

    assert client["get"]() == f"called at {path}:2 in get"


def in_pool(function, *args):
    """Run a function of a library on a stack that has no line of the project."""
    with ThreadPoolExecutor(1, "pool") as pool:
        return pool.submit(function, *args).result()


def library():
    """Give a function as a library has it."""
    path = Path(threading.__file__).with_name("client.py")
    return module(path, "def get():\n    return call_site(root)\n")["get"]


def test_a_pool_of_threads():
    """The main thread waits for it, as a rule."""
    line = line_of("        return pool.submit(function, *args).result()")

    assert in_pool(library()) == f"called while test_callsite.py:{line} in in_pool was waiting"


async def wait_for_thread(function):
    """Wait for a function that runs on another thread."""
    return await asyncio.get_running_loop().run_in_executor(None, function)


def test_an_executor_of_asyncio():
    """The coroutine that waits for it is known, not only who runs the loop."""
    line = line_of("    return await asyncio.get_running_loop().run_in_executor(None, function)")

    assert asyncio.run(wait_for_thread(library())) == (
        f"called while test_callsite.py:{line} in wait_for_thread was waiting"
    )


async def wait_for_task(function):
    """Wait for a coroutine that runs in a task of its own."""
    return await asyncio.ensure_future(function())


def async_library():
    """Give a coroutine function as a library has it."""
    path = Path(threading.__file__).with_name("client.py")
    return module(path, "async def get():\n    return call_site(root)\n")["get"]


def test_a_task_of_its_own():
    """Whoever runs the loop has not called it; who waits for the task has."""
    line = line_of("    return await asyncio.ensure_future(function())")

    assert asyncio.run(wait_for_task(async_library())) == (
        f"called while test_callsite.py:{line} in wait_for_task was waiting"
    )


def test_several_that_wait_are_all_named():
    """Nobody can tell which of them it was; more than three help nobody."""

    async def one(done):
        await done.wait()

    async def two(done):
        await done.wait()

    async def three(done):
        await done.wait()

    async def agent():
        done = asyncio.Event()
        waiting = [asyncio.ensure_future(wait(done)) for wait in (one, two, three)]
        site = await wait_for_thread(library())
        done.set()
        await asyncio.gather(*waiting)
        return site

    site = asyncio.run(agent())

    assert site.count(" or ") == 2
    assert site.endswith("was waiting")


def test_the_main_thread_is_named_where_no_task_is_of_the_project():
    """It runs the loop of somebody else's tasks."""
    assert asyncio.run(async_library()()).endswith(
        "in test_the_main_thread_is_named_where_no_task_is_of_the_project was waiting"
    )


def test_a_thread_that_nobody_waits_for(monkeypatch):
    """Its name is all there is."""
    monkeypatch.setattr(sys, "_current_frames", dict)

    assert in_pool(library()) == "called by the thread pool_0"


def test_a_process_without_asyncio(monkeypatch):
    """It is not imported for this."""
    monkeypatch.delitem(sys.modules, "asyncio")

    assert in_pool(library()).endswith("in in_pool was waiting")
    assert "asyncio" not in sys.modules
