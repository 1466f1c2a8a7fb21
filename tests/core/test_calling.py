"""One call inside of a session: plain functions that return awaitables and futures."""

from __future__ import annotations

import asyncio
import functools
import inspect
import warnings

import pytest

from agentcassette import DivergenceError, intercept, record, replay, use_cassette
from agentcassette._calling import call, call_in_task
from agentcassette._seam import Seam, Target

runs = []


@pytest.fixture(autouse=True)
def no_runs():
    """Note the live runs of one test."""
    runs.clear()


@pytest.fixture
def tape(tmp_path):
    """Give the path of a cassette that does not exist."""
    return tmp_path / "tape.json"


def in_loop(agent):
    """Make a plain function of an async one."""

    @functools.wraps(agent)
    def run(*args):
        return asyncio.run(agent(*args))

    return run


def recorded(tape, agent, *args):
    """Record a run of an agent, and give its result."""
    with record(tape):
        result = agent(*args)
    runs.clear()
    return result


def replayed(tape, agent, *args):
    """Replay a run of an agent, strictly, and give its result."""
    with replay(tape, strict=True):
        result = agent(*args)
    assert runs == []
    return result


class TestAwaitablesOfPlainFunctions:
    """A plain function may return an awaitable, as the clients of some SDKs do."""

    @pytest.fixture
    def create(self):
        """Give a plain function around a coroutine function."""

        async def inner(messages):
            runs.append(list(messages))
            await asyncio.sleep(0)
            return len(messages)

        @intercept
        def create(messages):
            return inner(messages)

        return create

    def test_in_replay_it_is_awaited_as_well(self, tape, create):
        """Nothing runs."""

        @in_loop
        async def agent():
            return await create([1]), await asyncio.gather(create([1, 2]), create([1, 2, 3]))

        assert recorded(tape, agent) == replayed(tape, agent) == (1, [2, 3])

    def test_arguments_are_taken_down_when_it_is_called(self, tape, create):
        """Not when it is awaited."""

        @in_loop
        async def agent():
            messages = [1]
            coroutine = create(messages)
            messages.append(2)
            return await coroutine

        recorded(tape, agent)
        replayed(tape, agent)

    def test_one_that_nobody_awaits_was_never_made(self, tape, create):
        """It leaves no step."""

        @in_loop
        async def agent():
            create([1])
            return await create([1, 2])

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # Python tells the agent itself
            with record(tape) as recorder:
                agent()
            runs.clear()
            replayed(tape, agent)

        assert [step["result"] for step in recorder.steps] == [2]

    def test_one_of_two_functions_of_a_name(self, tape, create):
        """The sync and the async client of an SDK name their methods alike."""
        create_now = intercept(len, name="create")

        @in_loop
        async def agent():
            return create_now([1, 2]), await create([1]), create_now("abc")

        assert recorded(tape, agent) == replayed(tape, agent) == (2, 1, 3)

    def test_a_drift_is_raised_where_it_is_awaited(self, tape, create):
        """It is a coroutine until then."""

        @in_loop
        async def agent(messages):
            coroutine = create(messages)
            with pytest.raises(DivergenceError):
                await coroutine

        recorded(tape, in_loop(create_and_await(create)))
        with pytest.raises(DivergenceError, match="at step 0"):
            replayed(tape, agent, [1, 2])

    def test_an_exception(self, tape):
        """It is raised where it is awaited, or where it was called, as it was live."""

        async def inner(prompt):
            raise KeyError(prompt)

        @intercept
        def create(prompt):
            if prompt == "now":
                raise ValueError(prompt)
            return inner(prompt)

        @in_loop
        async def agent():
            coroutine = create("later")
            with pytest.raises(KeyError, match="later"):
                await coroutine
            with pytest.raises(ValueError, match="now"):
                create("now")

        recorded(tape, agent)
        replayed(tape, agent)

    def test_an_update_that_gives_way_to_it(self, tape, create):
        """It runs, and is awaited as before."""
        recorded(tape, in_loop(create_and_await(create)))

        @in_loop
        async def agent():
            return [await create([1]), await create([1, 2]), await create([])]

        with use_cassette(tape, record_mode="update"):
            assert agent() == [1, 2, 0]
        assert runs == [[1, 2], []]
        runs.clear()
        assert replayed(tape, agent) == [1, 2, 0]

    def test_an_update_of_a_function_that_returns_its_result_now(self, tape, create):
        """The coroutine that was promised gives it."""
        recorded(tape, in_loop(create_and_await(create)))
        now = intercept(len, name="create")

        @in_loop
        async def agent():
            return await now([1, 2])

        with use_cassette(tape, record_mode="update"):
            assert agent() == 2


def create_and_await(create):
    """Make an agent of one call."""

    async def agent():
        return await create([1])

    return agent


class TestSessionsThatClose:
    """A session may close between the look whether there is one and the call."""

    def test_the_call_is_the_original(self):
        """Of every form."""

        async def ask_later(prompt):
            return f"{prompt}!"

        async def stream(prompt):
            yield f"{prompt}!"

        async def agent():
            source = await call_in_task(target(stream), ("a",), {})
            return [await call_in_task(target(ask_later), ("a",), {}), await source.__anext__()]

        assert call(target("{}!".format), ("a",), {}) == "a!"
        assert asyncio.run(agent()) == ["a!", "a!"]


def target(fn):
    """Describe a callable as `intercept` does."""
    seam = Seam(name="ask", kind="call", ignore=(), parameters=("prompt",), package="tests")
    is_async = inspect.iscoroutinefunction(fn)
    return Target(fn, seam, is_async=is_async, receives=False, args=(), kwargs={})


class TestFuturesOfPlainFunctions:
    """A future runs unasked, can be awaited twice, and has methods."""

    @staticmethod
    async def outcome(future):
        """Wait for a future by its own means."""
        told = []
        future.add_done_callback(told.append)
        await asyncio.wait({future})
        await asyncio.sleep(0)
        assert told == [future]
        if future.cancelled():
            return "cancelled"
        return future.exception() or (await future, await future)

    @pytest.mark.parametrize("is_task", [True, False])
    def test_a_result(self, tape, is_task):
        """It is a future again in replay."""

        @intercept
        def start(prompt):
            runs.append(prompt)
            if is_task:
                return asyncio.ensure_future(ask_now(prompt))
            future = asyncio.get_running_loop().create_future()
            future.set_result(prompt)
            return future

        async def ask_now(prompt):
            await asyncio.sleep(0.01)
            return prompt

        @in_loop
        async def agent():
            return await self.outcome(start("a"))

        assert recorded(tape, agent) == replayed(tape, agent) == ("a", "a")

    def test_the_agent_gets_the_very_same_one_when_recording(self, tape):
        """Recording changes nothing."""
        futures = []

        @intercept
        def start():
            futures.append(asyncio.get_running_loop().create_future())
            return futures[0]

        @in_loop
        async def agent():
            future = start()
            assert future is futures[0]
            future.set_result(1)
            return await future

        assert recorded(tape, agent) == 1

    def test_an_exception(self, tape):
        """It is kept by the future."""

        @intercept
        def start():
            return asyncio.ensure_future(failing())

        async def failing():
            raise KeyError("no")

        @in_loop
        async def agent():
            return (await self.outcome(start())).args

        assert recorded(tape, agent) == replayed(tape, agent) == ("no",)

    def test_a_cancellation(self, tape):
        """It is a step without an outcome."""

        @intercept
        def start():
            return asyncio.ensure_future(asyncio.sleep(30))

        @in_loop
        async def agent():
            future = start()
            asyncio.get_running_loop().call_later(0.02, future.cancel)
            return await self.outcome(future)

        assert recorded(tape, agent) == replayed(tape, agent) == "cancelled"

    def test_one_that_nobody_waits_for(self, tape):
        """It was started, so it was made."""

        @intercept
        def start():
            return asyncio.ensure_future(asyncio.sleep(0, "done"))

        @in_loop
        async def agent():
            start()
            await asyncio.sleep(0.02)

        with record(tape) as recorder:
            agent()

        assert [step["result"] for step in recorder.steps] == ["done"]
        replayed(tape, agent)

    def test_an_update_that_gives_way_to_it(self, tape):
        """The live one is awaited inside of the one that was promised."""

        @intercept
        def start(prompt):
            runs.append(prompt)
            return asyncio.ensure_future(asyncio.sleep(0, prompt))

        @in_loop
        async def agent(*prompts):
            return [await start(prompt) for prompt in prompts]

        recorded(tape, agent, "a")
        with use_cassette(tape, record_mode="update"):
            assert agent("a", "b") == ["a", "b"]

        assert runs == ["b"]
        runs.clear()
        assert replayed(tape, agent, "a", "b") == ["a", "b"]
