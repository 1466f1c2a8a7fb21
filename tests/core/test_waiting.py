"""Bounded waiting, and what is known of the event loop of a thread."""

from __future__ import annotations

import asyncio
import faulthandler
import functools
import subprocess
import sys
import threading
import time

import pytest
import trio

from agentcassette import _loops
from agentcassette._waiting import PATIENCE, Waiting, others_can_move


@pytest.fixture(autouse=True)
def bounded():
    """End the whole run where a test hangs: that would be worse than a failure."""
    faulthandler.dump_traceback_later(60, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture
def waiting():
    """Give what nobody waits for yet."""
    return Waiting(threading.RLock())


def wait_for(waiting, how, ready, patience=PATIENCE):
    """Wait in one of the ways that there are, and give the seconds that it took."""
    began = time.monotonic()
    if how == "thread":
        waiting.in_thread(ready, began, patience)
    elif how == "asyncio":
        asyncio.run(waiting.in_task(ready, began, patience))
    elif how == "trio":
        trio.run(waiting.in_task, ready, began, patience)
    else:
        with pytest.raises(StopIteration):
            waiting.in_task(ready, began, patience).send(None)
    return time.monotonic() - began


@pytest.mark.parametrize("how", ["thread", "asyncio", "trio", "by hand"])
class TestEveryWay:
    """On a thread, in a task of either library, and in a coroutine that is driven by hand."""

    def test_what_holds_already(self, waiting, how):
        """Nobody waits for it."""
        assert wait_for(waiting, how, lambda: True) < PATIENCE / 2

    def test_what_never_holds(self, waiting, how):
        """It is waited for as long as patience lasts."""
        assert 0.1 <= wait_for(waiting, how, lambda: False, 0.1) < PATIENCE / 2

    def test_no_patience(self, waiting, how):
        """Nobody waits."""
        assert wait_for(waiting, how, lambda: False, 0.0) < PATIENCE / 2

    def test_what_holds_after_some_progress(self, waiting, how):
        """Whoever waits goes on at once."""
        seen = []
        threading.Timer(0.1, lambda: (seen.append(1), waiting.progress())).start()

        assert 0.05 <= wait_for(waiting, how, lambda: seen) < PATIENCE

    def test_progress_of_others(self, waiting, how):
        """It renews patience."""
        for seconds in (0.1, 0.2):
            threading.Timer(seconds, waiting.progress).start()

        assert 0.55 <= wait_for(waiting, how, lambda: False, 0.4) < 2 * PATIENCE

    def test_nobody_is_left_in_line(self, waiting, how):
        """Later progress asks nobody who has gone."""
        asked = []
        wait_for(waiting, how, lambda: asked.append(1), 0.02)
        asked.clear()
        waiting.progress()

        assert asked == []


class TestCauses:
    """Whoever waits is asked when something becomes of what it waits for, and no more often."""

    def test_others_are_not_asked(self, waiting):
        """Of hundreds that wait, most of what happens concerns one."""
        asked = {"a": 0, "b": 0}
        seen = []

        def ready(cause):
            asked[cause] += 1
            return cause in seen

        threads = [
            threading.Thread(
                target=waiting.in_thread,
                args=(functools.partial(ready, cause), time.monotonic(), 30, cause),
            )
            for cause in asked
        ]
        for thread in threads:
            thread.start()
        while asked != {"a": 1, "b": 1} or not waiting.others_can_move():
            time.sleep(0.01)
        before = dict(asked)

        seen.append("b")
        waiting.progress("a")
        assert asked == {**before, "a": 2}
        waiting.progress("b", "none waits for this")
        assert asked == {"a": 2, "b": 2}
        seen.append("a")
        waiting.progress()
        assert asked == {"a": 3, "b": 2}
        for thread in threads:
            thread.join()

    def test_where_somebody_waits_there_is_somebody_else(self, waiting, monkeypatch):
        """So the tasks of the loop need not be counted, which takes long where there are many."""
        monkeypatch.setattr(threading, "active_count", lambda: 1)  # whatever other tests have left

        async def main():
            alone = waiting.others_can_move()
            task = asyncio.ensure_future(waiting.in_task(lambda: False, time.monotonic(), 0.2))
            await asyncio.sleep(0)
            with pytest.MonkeyPatch.context() as patch:
                patch.delattr(asyncio, "all_tasks")
                beside = waiting.others_can_move()
            await task
            return alone, beside, waiting.others_can_move()

        assert asyncio.run(main()) == (False, True, False)


class TestCancelledWaiting:
    """A task that is cancelled while it waits waits no more."""

    def test_leaves_the_line(self, waiting):
        """Nobody wakes it."""
        asked = []

        async def main():
            task = asyncio.ensure_future(
                waiting.in_task(lambda: asked.append(1), time.monotonic(), 30)
            )
            await asyncio.sleep(0.02)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        asyncio.run(main())
        asked.clear()
        waiting.progress()
        assert asked == []


class TestLoops:
    """Which library's loop runs, which task, and whether there are others."""

    def test_none(self):
        """Outside of any loop."""
        assert _loops.running_loop() is None
        assert _loops.current_task() is None
        assert _loops.has_other_tasks() is False

    def test_asyncio(self):
        """It tells everything."""

        async def main():
            alone = _loops.has_other_tasks()
            other = asyncio.ensure_future(asyncio.sleep(0))
            beside = _loops.has_other_tasks()
            await other
            is_mine = _loops.current_task() is asyncio.current_task()
            return _loops.running_loop(), is_mine, alone, beside

        assert asyncio.run(main()) == ("asyncio", True, False, True)

    def test_trio(self):
        """It does not tell how many tasks there are."""

        async def main():
            is_mine = _loops.current_task() is trio.lowlevel.current_task()
            return _loops.running_loop(), is_mine, _loops.has_other_tasks()

        assert trio.run(main) == ("trio", True, True)

    def test_another_thread_of_a_loop(self):
        """It has none."""

        async def main():
            return await asyncio.to_thread(_loops.running_loop)

        assert asyncio.run(main()) is None

    def test_others_can_let_run(self):
        """Tasks that are ready go on before it returns."""
        seen = []

        async def other():
            for _ in range(3):
                await asyncio.sleep(0)
            seen.append(1)

        async def main():
            task = asyncio.ensure_future(other())
            await _loops.let_others_run()
            assert seen == [1]
            await task

        asyncio.run(main())

    def test_others_can_move_in_another_thread(self):
        """While a thread is alive, anything can happen."""
        done = threading.Event()
        thread = threading.Thread(target=done.wait)
        thread.start()
        try:
            assert others_can_move() is True
        finally:
            done.set()
            thread.join()

    @pytest.mark.parametrize(
        ("error", "is_one"),
        [
            (asyncio.CancelledError(), True),
            (GeneratorExit(), True),
            (KeyboardInterrupt(), False),
            (ValueError(), False),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_cancellations(self, error, is_one):
        """A closed coroutine is one that nobody waits for any more."""
        assert _loops.is_cancellation(error) is is_one

    def test_nothing_is_imported_to_ask(self):
        """A program without an event loop pays for none."""
        source = (
            "import sys, threading\n"
            "from agentcassette import _loops, _waiting\n"
            "assert _loops.running_loop() is None\n"
            "assert not _loops.is_cancellation(KeyboardInterrupt())\n"
            "assert not _waiting.others_can_move()\n"
            "assert not {'asyncio', 'trio'} & set(sys.modules)\n"
        )
        subprocess.run([sys.executable, "-c", source], check=True)
