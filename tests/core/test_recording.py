"""The tape that is written: the order of its steps, their places, and what they belong to."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from agentcassette import Cassette, intercept, record


@pytest.fixture
def tape(tmp_path):
    """Give the path of a cassette that does not exist."""
    return tmp_path / "tape.json"


@intercept
def ask(prompt, seconds=0.0):
    """Stand for a call that takes its time."""
    time.sleep(seconds)
    return f"{prompt}!"


@intercept
async def ask_later(prompt, seconds=0.0):
    """Stand for an awaited call that takes its time."""
    await asyncio.sleep(seconds)
    return f"{prompt}!"


def places(recorder):
    """Tell where each step started and ended."""
    return [
        (step["concurrency"]["start"], step["concurrency"]["end"])
        if "concurrency" in step
        else None
        for step in recorder.steps
    ]


class TestOrder:
    """Steps are in the order in which the calls started."""

    def test_of_calls_that_follow_each_other(self, tape):
        """Their places go without saying."""
        with record(tape) as recorder:
            ask("a")
            ask("b")

        assert places(recorder) == [None, None]
        assert [step["index"] for step in recorder.steps] == [0, 1]

    def test_of_calls_at_the_same_time(self, tape):
        """Each has two places in the one sequence of all starts and ends."""

        async def agent():
            await asyncio.gather(ask_later("a", 0.05), ask_later("b", 0.02), ask_later("c", 0.08))
            await ask_later("d")

        with record(tape) as recorder:
            asyncio.run(agent())

        assert [step["result"] for step in recorder.steps] == ["a!", "b!", "c!", "d!"]
        assert places(recorder) == [(0, 4), (1, 3), (2, 5), None]

    def test_of_calls_inside_of_calls(self, tape):
        """The outer one starts first."""
        outer = intercept(lambda: (ask("a"), ask("b")), name="outer")
        with record(tape) as recorder:
            outer()

        assert [step["name"] for step in recorder.steps] == ["outer", "ask", "ask"]
        assert places(recorder) == [(0, 5), (1, 2), (3, 4)]
        assert [step.get("parent") for step in recorder.steps] == [None, 0, 0]

    def test_of_calls_that_leave_no_step(self, tape):
        """Nobody sees that there was something."""

        @intercept
        def stop():
            ask("inside")
            raise KeyboardInterrupt

        with record(tape) as recorder:
            ask("a")
            with pytest.raises(KeyboardInterrupt):
                stop()
            ask("b")

        assert [step["result"] for step in recorder.steps] == ["a!", "inside!", "b!"]
        assert places(recorder) == [None, None, None]
        assert [step.get("parent") for step in recorder.steps] == [None, None, None]

    def test_of_many_threads(self, tape):
        """No place is taken twice."""
        with record(tape) as recorder, ThreadPoolExecutor(8) as pool:
            list(pool.map(ask, range(200)))

        steps = Cassette.load(tape).steps
        pairs = [
            step.get("concurrency", {"start": 2 * i, "end": 2 * i + 1})
            for i, step in enumerate(steps)
        ]
        taken = [place for pair in pairs for place in (pair["start"], pair["end"])]
        starts = [pair["start"] for pair in pairs]
        assert sorted(taken) == list(range(400))
        assert starts == sorted(starts)
        assert sorted(step["arguments"]["args"][0] for step in steps) == list(range(200))
        assert len(recorder.steps) == 200


class TestUnfinished:
    """A call that has not ended is a step without an outcome."""

    def test_at_the_end_of_the_session(self, tape):
        """What comes of it later is not on tape."""
        gate = threading.Event()
        slow = intercept(lambda: gate.wait(10), name="slow")
        thread = threading.Thread(target=slow)
        with record(tape):
            thread.start()
            time.sleep(0.05)
            ask("a")
        gate.set()
        thread.join()

        first, second = Cassette.load(tape).steps
        assert (first["unfinished"], first["result"]) == (True, None)
        assert first["concurrency"] == {"start": 0, "end": None}
        assert second["concurrency"] == {"start": 1, "end": 2}

    def test_a_cancelled_one_has_an_end(self, tape):
        """It took some time."""

        async def agent():
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(ask_later("slow", 30), 0.05)

        with record(tape) as recorder:
            asyncio.run(agent())

        (step,) = recorder.steps
        assert step["unfinished"] is True
        assert "concurrency" not in step
        assert step["duration_ms"] >= 40


class TestDurations:
    """A step tells what its call took."""

    def test_of_a_call(self, tape):
        """In milliseconds."""
        with record(tape) as recorder:
            ask("a", 0.05)

        assert 50 <= recorder.steps[0]["duration_ms"] < 5000

    def test_of_a_stream(self, tape):
        """Until its last chunk."""

        @intercept
        def stream():
            for number in range(3):
                time.sleep(0.02)
                yield number

        with record(tape) as recorder:
            list(stream())

        assert 60 <= recorder.steps[0]["duration_ms"] < 5000


class TestHostileValues:
    """Recording never crashes and never changes the run, whatever passes."""

    def test_arguments_and_results(self, tape):
        """They arrive as they are."""

        class Hostile:
            def __repr__(self):
                raise RuntimeError("no")

            def __eq__(self, other):
                raise RuntimeError("no")

            __hash__ = object.__hash__

        cycle = []
        cycle.append(cycle)
        hostile = Hostile()
        echo = intercept(lambda *values: values, name="echo")
        with pytest.warns(UserWarning, match="can't be restored"), record(tape):
            given = echo(hostile, cycle, threading.Lock, iter)

        assert given[0] is hostile
        assert given[1] is cycle
        assert len(Cassette.load(tape)) == 1

    def test_exceptions(self, tape):
        """The very same one goes to the agent."""
        error = KeyError("no")

        @intercept
        def fail():
            raise error

        with record(tape), pytest.raises(KeyError) as raised:
            fail()

        assert raised.value is error
