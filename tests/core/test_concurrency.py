"""Concurrent agents: tasks, threads, pools, executors and portals, live and replayed."""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import functools
import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed

import anyio
import anyio.from_thread
import anyio.to_thread
import pytest
import trio

from agentcassette import (
    AgentCassetteError,
    DivergenceError,
    ReplayExhausted,
    _matching,
    _order,
    intercept,
    record,
    replay,
    use_cassette,
)

runs = []
AT_ONCE = 0.95  # seconds for what waits for nobody; it takes milliseconds
SOON = 5.0  # seconds for what waits for one second, perhaps twice; a busy machine adds to it
MANY = [f"prompt {number}" for number in range(200)]


@intercept(ignore="kwargs.seconds")
def ask(prompt, seconds=0.0):
    """Stand for a call that takes its time."""
    runs.append(prompt)
    time.sleep(seconds)
    return f"{prompt}!"


@intercept(ignore="kwargs.seconds")
async def ask_later(prompt, seconds=0.0):
    """Stand for an awaited call that takes its time."""
    runs.append(prompt)
    await anyio.sleep(seconds)
    return f"{prompt}!"


@pytest.fixture(autouse=True)
def bounded():
    """End the whole run where a test hangs: that would be worse than a failure."""
    runs.clear()
    faulthandler.dump_traceback_later(60, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture
def tape(tmp_path):
    """Give the path of a cassette that does not exist."""
    return tmp_path / "tape.json"


@pytest.fixture
def other_thread():
    """Keep another thread alive, as most programs do."""
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    yield thread
    done.set()
    thread.join()


@contextlib.contextmanager
def within(seconds):
    """Bound the time that a block may take."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


def recorded(tape, agent, *args):
    """Record a run of an agent, and give its result."""
    with record(tape):
        result = agent(*args)
    runs.clear()
    return result


def replayed(tape, agent, *args, seconds=AT_ONCE):
    """Replay a run of an agent, strictly, and give its result."""
    with within(seconds), replay(tape, strict=True):
        result = agent(*args)
    assert runs == []
    return result


def drift(tape, agent, *args, seconds=SOON):
    """Give the drift of a changed agent, which has to come in time."""
    with within(seconds), pytest.raises(AgentCassetteError) as raised, replay(tape, strict=True):
        agent(*args)
    assert runs == []
    return raised.value


def in_loop(agent):
    """Make a plain function of an async one."""

    @functools.wraps(agent)
    def run(*args, **kwargs):
        return asyncio.run(agent(*args, **kwargs))

    return run


def in_threads(*calls, pause=0.02):
    """Make each call in a thread of its own, one thread started after the other."""
    with ThreadPoolExecutor(len(calls)) as pool:
        futures = []
        for call in calls:
            futures.append(pool.submit(call))
            time.sleep(pause)
    return [future.exception() or future.result() for future in futures]


@in_loop
async def gathering(prompts, *, seconds=lambda: 0.0, delay=lambda: 0.0):
    """Make all calls at once."""

    async def one(prompt):
        await asyncio.sleep(delay())
        return await ask_later(prompt, seconds())

    return await asyncio.gather(*map(one, prompts))


def pooling(prompts, *, seconds=lambda: 0.0, delay=lambda: 0.0, workers=8):
    """Make all calls in a thread pool."""

    def one(prompt):
        time.sleep(delay())
        return ask(prompt, seconds())

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(one, prompts))


def up_to(seconds, seed):
    """Give a source of random times."""
    return functools.partial(random.Random(seed).uniform, 0, seconds)


class TestUnchangedAgents:
    """An unchanged agent always replays, in whatever order its tasks and threads come."""

    @pytest.mark.parametrize("agent", [gathering, pooling], ids=["tasks", "threads"])
    def test_many_calls(self, tape, agent):
        """200 calls that ended in a random order are replayed in other random orders."""
        live = functools.partial(agent, seconds=up_to(0.02, 0))
        result = recorded(tape, live, MANY)
        for seed in range(1, 4):
            again = functools.partial(agent, delay=up_to(0.005, seed))
            assert replayed(tape, again, MANY, seconds=10) == result

    def test_a_call_of_many_takes_no_longer_than_one_of_few(self, tape, monkeypatch):
        """Counted: how often one is compared, and how often it is asked whether it may return."""
        recorded(tape, functools.partial(gathering, seconds=up_to(0.02, 0)), MANY)
        counts = Counter()

        def counted(owner, name):
            original = getattr(owner, name)

            def count(*args):
                counts[name] += 1
                return original(*args)

            monkeypatch.setattr(owner, name, count)

        counted(_matching, "key")
        counted(_order.Order, "may_return")
        counted(asyncio, "all_tasks")
        monkeypatch.setattr(threading, "active_count", lambda: 1)  # whatever other tests have left

        replayed(tape, functools.partial(gathering, delay=up_to(0.005, 1)), MANY, seconds=10)

        assert counts["key"] <= 2 * len(MANY)  # that of the step and that of the call
        assert counts["may_return"] <= 4 * len(MANY)
        assert counts["all_tasks"] < len(MANY) / 2  # only where nobody waits

    def test_tasks_that_start_in_another_order(self, tape):
        """A gather may be written the other way round."""
        recorded(tape, gathering, MANY)

        assert len(replayed(tape, gathering, MANY[::-1], seconds=10)) == len(MANY)

    def test_a_pool_of_fewer_threads(self, tape):
        """The machine of a CI has fewer processors, and pools are made after their number."""
        result = recorded(tape, functools.partial(pooling, seconds=lambda: 0.05), MANY[:20])

        few = functools.partial(pooling, workers=2)
        assert replayed(tape, few, MANY[:20], seconds=SOON) == result

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_task_groups(self, tape, backend):
        """Of both event loops."""

        async def one(prompt, results):
            results[prompt] = await ask_later(prompt, 0.01)

        async def main():
            results = {}
            async with anyio.create_task_group() as group:
                for prompt in "abcde":
                    group.start_soon(one, prompt, results)
            results["f"] = await ask_later("f")
            return results

        agent = functools.partial(anyio.run, main, backend=backend)
        assert recorded(tape, agent) == replayed(tape, agent)

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_worker_threads_of_a_loop(self, tape, backend):
        """They inherit the context."""

        async def main():
            results = [await anyio.to_thread.run_sync(ask, prompt) for prompt in "abc"]
            return [*results, await ask_later("d")]

        agent = functools.partial(anyio.run, main, backend=backend)
        assert recorded(tape, agent) == replayed(tape, agent)

    def test_to_thread_and_executors(self, tape):
        """Those of asyncio itself."""

        @in_loop
        async def agent():
            loop = asyncio.get_running_loop()
            return await asyncio.gather(
                asyncio.to_thread(ask, "a", 0.02),
                loop.run_in_executor(None, ask, "b", 0.01),
                ask_later("c"),
            )

        assert recorded(tape, agent) == replayed(tape, agent)

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_portals(self, tape, backend):
        """A web test client runs the application in a loop of another thread."""

        async def application(prompt):
            one = await ask_later(prompt)
            other = await anyio.to_thread.run_sync(ask, f"{prompt} again")
            return [one, other, anyio.from_thread.__name__]

        def agent():
            with anyio.from_thread.start_blocking_portal(backend) as portal:
                results = [portal.call(application, prompt) for prompt in "ab"]
                futures = [portal.start_task_soon(application, prompt) for prompt in "cd"]
                return results + [future.result() for future in futures] + [ask("in the test")]

        assert recorded(tape, agent) == replayed(tape, agent)

    def test_calls_from_worker_threads_back_into_the_loop(self, tape):
        """A sync tool that asks an async client."""

        def tool(prompt):
            return anyio.from_thread.run(ask_later, prompt)

        async def main():
            return await anyio.to_thread.run_sync(tool, "a")

        agent = functools.partial(anyio.run, main)
        assert recorded(tape, agent) == replayed(tape, agent)

    def test_a_pipeline_of_threads(self, tape):
        """What one thread has answered is asked by the next."""

        def agent():
            with ThreadPoolExecutor(3) as pool:
                for prompt in "abc":
                    pool.submit(ask, prompt).result()
                return list(pool.map(ask, "def"))

        assert recorded(tape, agent) == replayed(tape, agent)

    def test_many_sync_calls_of_tasks(self, tape):
        """They block their loop, so they never wait."""

        async def one(name):
            results = []
            for number in range(10):
                results.append(ask(f"{name}{number}"))
                await asyncio.sleep(0)
            return results

        @in_loop
        async def agent(names):
            return sorted(await asyncio.gather(*map(one, names)))

        assert recorded(tape, agent, "abc") == replayed(tape, agent, "cab")


class TestAgentsAsTheyAre:
    """Structures that concurrent agents have, each replayed a few times."""

    @staticmethod
    def replays(tape, agent):
        """Record an agent, and replay it a few times."""
        live = recorded(tape, agent)
        for _ in range(5):
            assert replayed(tape, agent) == live

    def test_chains_that_depend_on_their_answers(self, tape):
        """Each answer decides the next call, and the chains interleave."""

        async def chain(name):
            answer = name
            while len(answer) < 8:
                answer = await ask_later(answer, 0.001 * (len(answer) % 3))
            return answer

        @in_loop
        async def agent():
            return await asyncio.gather(*map(chain, "abcdef"))

        self.replays(tape, agent)

    def test_chains_of_threads(self, tape):
        """The same, where the machine decides who comes first."""
        pause = up_to(0.003, 0)

        def chain(name):
            answer = name
            while len(answer) < 8:
                answer = ask(answer, pause())
            return answer

        def agent():
            with ThreadPoolExecutor(6) as pool:
                return list(pool.map(chain, "abcdef"))

        self.replays(tape, agent)

    def test_workers_of_a_queue(self, tape):
        """Which worker gets what depends on who was answered first."""

        async def worker(prompts, answers):
            while prompts:
                answers.append(await ask_later(prompts.pop(), 0.001 * (len(prompts) % 3)))

        @in_loop
        async def agent():
            prompts, answers = list(MANY[:30]), []
            await asyncio.gather(*(worker(prompts, answers) for _ in range(4)))
            return answers

        self.replays(tape, agent)

    def test_hedged_calls(self, tape):
        """Two are asked, the first one counts, the other is cancelled."""

        async def hedged(number):
            quick, slow = ("a", "b") if number % 2 else ("b", "a")
            calls = [ask_later(f"{number} {quick}", 0.002), ask_later(f"{number} {slow}", 0.05)]
            tasks = [asyncio.ensure_future(call) for call in calls]
            done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            return sorted(task.result() for task in done)

        @in_loop
        async def agent():
            return [await hedged(number) for number in range(6)]

        self.replays(tape, agent)

    def test_retries(self, tape):
        """Errors are answers."""
        tries = {}

        @intercept
        async def flaky(number):
            tries[number] = tries.get(number, 0) + 1
            await asyncio.sleep(0.001 * number)
            if tries[number] < 3:
                raise ConnectionError(number)
            return number

        async def patient(number):
            for _ in range(2):
                with contextlib.suppress(ConnectionError):
                    return await flaky(number)
            return await flaky(number)

        @in_loop
        async def agent():
            return await asyncio.gather(*map(patient, range(10)))

        self.replays(tape, agent)

    def test_agents_of_agents(self, tape):
        """Each has a model and tools; also where the agents themselves are live."""
        look_up = intercept(lambda prompt: prompt * 2, name="look_up", kind="tool")

        @intercept(kind="agent")
        async def delegate(prompt):
            return look_up(await ask_later(prompt, 0.002)), await asyncio.to_thread(ask, prompt)

        @in_loop
        async def agent():
            return await asyncio.gather(*map(delegate, "abcdef"), ask_later("x"))

        self.replays(tape, agent)
        live = agent()
        runs.clear()
        before = tape.read_bytes()
        with replay(tape, strict=True, live="agent"):
            assert agent() == live
        with use_cassette(tape, record_mode="update"):
            assert agent() == live
        assert runs == []
        assert tape.read_bytes() == before


class TestComingEarly:
    """What ended before another call started, in another thread or task, may have been chance."""

    def test_a_thread_waits_for_another(self, tape):
        """And goes on as soon as the other one has come."""
        recorded(tape, lambda: (ask("a"), ask("b")))

        agent = functools.partial(in_threads, lambda: ask("b"), lambda: ask("a"), pause=0.1)
        assert replayed(tape, agent) == ["b!", "a!"]

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_a_task_waits_for_another(self, tape, backend):
        """It is the same for tasks."""

        async def late(prompt, seconds):
            await anyio.sleep(seconds)
            assert await ask_later(prompt) == f"{prompt}!"

        async def main(**delays):
            async with anyio.create_task_group() as group:
                for prompt, seconds in delays.items():
                    group.start_soon(late, prompt, seconds)

        def agent(**delays):
            anyio.run(functools.partial(main, **delays), backend=backend)

        recorded(tape, functools.partial(agent, a=0, b=0.05, c=0.1))
        replayed(tape, functools.partial(agent, a=0.1, b=0.05, c=0))

    def test_a_task_waits_for_a_thread(self, tape):
        """And a thread for a task."""

        @in_loop
        async def agent(first, second):
            loop = asyncio.get_running_loop()

            async def one():
                await asyncio.sleep(first)
                return await ask_later("task")

            def other():
                time.sleep(second)
                return ask("thread")

            return await asyncio.gather(one(), loop.run_in_executor(None, other))

        for live, again in (((0, 0.05), (0.1, 0)), ((0.05, 0), (0, 0.1))):
            assert recorded(tape, agent, *live) == replayed(tape, agent, *again)

    def test_progress_renews_patience(self, tape):
        """A chain of others may take longer than a second."""
        prompts = "abc"

        def slow():
            for prompt in prompts:
                time.sleep(0.45)
                ask(prompt)

        recorded(tape, lambda: [ask(prompt) for prompt in prompts + "z"])

        assert replayed(tape, in_threads, lambda: ask("z"), slow, seconds=SOON) == ["z!", None]

    def test_progress_renews_the_patience_of_tasks(self, tape):
        """The same, awaited."""
        prompts = "abc"

        async def slow():
            for prompt in prompts:
                await asyncio.sleep(0.45)
                await ask_later(prompt)

        @in_loop
        async def agent():
            return await asyncio.gather(ask_later("z"), slow())

        recorded(tape, in_loop(lambda: one_by_one(ask_later, prompts + "z")))

        assert replayed(tape, agent, seconds=SOON) == ["z!", None]

    def test_best_effort_waits_as_well(self, tape):
        """Chance is no drift there either."""
        recorded(tape, lambda: (ask("a"), ask("b")))
        with replay(tape) as player:
            in_threads(lambda: ask("b"), lambda: ask("a"))

        assert player.divergences == []

    def test_an_update_waits_as_well(self, tape):
        """Chance costs nothing."""
        recorded(tape, lambda: (ask("a"), ask("b")))
        with use_cassette(tape, record_mode="update") as recorder:
            in_threads(lambda: ask("b"), lambda: ask("a"))

        assert runs == []
        assert recorder.replayed == 2

    def test_an_update_that_waits_in_vain_goes_live(self, tape, other_thread):
        """The step that is missing does not come."""
        recorded(tape, lambda: (ask("a"), ask("b")))
        with within(SOON), use_cassette(tape, record_mode="update") as recorder:
            assert ask("b") == "b!"

        assert runs == ["b"]
        assert recorder.recorded == 1

    def test_whoever_waits_goes_live_when_an_update_gives_way(self, tape):
        """The others have no reason to wait any longer."""
        recorded(tape, lambda: (ask("a"), ask("b")))
        with within(AT_ONCE), use_cassette(tape, record_mode="update"):
            assert in_threads(lambda: ask("b"), lambda: ask("x")) == ["b!", "x!"]

        assert sorted(runs) == ["b", "x"]


async def one_by_one(function, prompts):
    """Make one call after the other."""
    return [await function(prompt) for prompt in prompts]


# In a process of its own: the tests beside it leave threads behind that may still move.
ALONE = """
import asyncio, json, sys, time
from agentcassette import DivergenceError, intercept, record, replay

@intercept
def ask(prompt):
    return prompt

@intercept
async def ask_later(prompt):
    return prompt

async def one_by_one(prompts):
    for prompt in prompts:
        await ask_later(prompt)

agents = {
    "threads": lambda prompts: list(map(ask, prompts)),
    "tasks": lambda prompts: asyncio.run(one_by_one(prompts)),
}
for name, agent in agents.items():
    path = f"{sys.argv[1]}/{name}.json"
    with record(path):
        agent("ab")
    began = time.monotonic()
    try:
        with replay(path, strict=True):
            agent("ba")
    except DivergenceError as error:
        actual = error.actual["arguments"]["args"]
        print(json.dumps([error.step_index, actual, time.monotonic() - began]))
"""


class TestChangedAgents:
    """A changed agent is caught, in about a second, and nobody hangs."""

    @pytest.mark.parametrize(
        ("agent", "prompts"),
        [
            (gathering, ["x", *MANY[1:]]),
            (gathering, [*MANY[:100], "x", *MANY[101:]]),
            (gathering, MANY[1:]),
            (gathering, [*MANY, "x"]),
            (pooling, ["x", *MANY[1:]]),
            (pooling, [*MANY[:-1], "x"]),
            (pooling, MANY[:-1]),
            (pooling, [*MANY, MANY[0]]),
        ],
        ids=[
            "first of the tasks",
            "one in the middle of the tasks",
            "first one less of the tasks",
            "one more of the tasks",
            "first of the threads",
            "last of the threads",
            "last one less of the threads",
            "one twice of the threads",
        ],
    )
    def test_one_of_many_calls(self, tape, agent, prompts):
        """Whichever it is."""
        recorded(tape, agent, MANY)

        assert isinstance(drift(tape, agent, prompts), (DivergenceError, ReplayExhausted))

    def test_two_calls_swapped(self, tmp_path):
        """With no other thread and no other task it is drift at once."""
        command = [sys.executable, "-c", ALONE, str(tmp_path)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True)

        for line in answer.stdout.splitlines():
            step, actual, seconds = json.loads(line)
            assert (step, actual) == (0, ["b"])
            assert seconds < AT_ONCE
        assert answer.stdout.count("\n") == 2

    def test_two_calls_swapped_beside_another_thread(self, tape, other_thread):
        """It is waited for, but not for long."""
        recorded(tape, lambda: (ask("a"), ask("b")))

        assert drift(tape, lambda: (ask("b"), ask("a"))).step_index == 0

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_two_awaited_calls_swapped_beside_another_task(self, tape, backend):
        """It is waited for, but not for long."""

        async def main(prompts):
            async with anyio.create_task_group() as group:
                group.start_soon(anyio.sleep, 30)
                await one_by_one(ask_later, prompts)
                group.cancel_scope.cancel()

        agent = functools.partial(anyio.run, main, backend=backend)
        recorded(tape, agent, "ab")
        with within(SOON), pytest.raises(Exception) as raised:  # noqa: PT011 - an exception group
            replayed(tape, agent, "ba", seconds=SOON)

        assert "out of order" in str(raised.value.exceptions[0]) or (
            "differs at prompt" in str(raised.value.exceptions[0])
        )

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_two_sync_calls_of_a_task_swapped_beside_another_task(self, tape, backend):
        """They do not wait, as they would block the loop, and are caught all the same."""

        async def main(prompts):
            async with anyio.create_task_group() as group:
                group.start_soon(anyio.sleep, 30)
                for prompt in prompts:
                    with contextlib.suppress(AgentCassetteError):
                        ask(prompt)
                group.cancel_scope.cancel()

        agent = functools.partial(anyio.run, main, backend=backend)
        recorded(tape, agent, "abc")
        replayed(tape, agent, "abc")
        fault = drift(tape, agent, "bac", seconds=AT_ONCE)

        assert fault.step_index == 0
        assert fault.actual["arguments"]["args"] == ["b"]
        assert fault.expected["arguments"]["args"] == ["a"]

    def test_a_sync_call_before_an_awaited_one_of_its_task(self, tape):
        """The order of a task is its own."""

        @in_loop
        async def agent(*, is_swapped=False):
            other = asyncio.ensure_future(asyncio.sleep(30))
            if is_swapped:
                ask("b")
            await ask_later("a")
            if not is_swapped:
                ask("b")
            other.cancel()

        recorded(tape, agent)
        replayed(tape, agent)

        assert drift(tape, functools.partial(agent, is_swapped=True)).step_index == 0

    def test_best_effort_notes_a_swap_once(self, tape):
        """Sync calls of a task that can't wait."""

        @in_loop
        async def agent(prompts):
            other = asyncio.ensure_future(asyncio.sleep(30))
            results = [ask(prompt) for prompt in prompts]
            other.cancel()
            return results

        recorded(tape, agent, "abcd")
        with within(AT_ONCE), replay(tape) as player:
            assert agent("bacd") == ["b!", "a!", "c!", "d!"]

        assert [(one["index"], one["reason"]) for one in player.divergences] == [
            (0, "out of order")
        ]

    def test_a_sync_call_of_no_task(self, tape):
        """A callback of the loop that comes early is nobody's fault."""

        @in_loop
        async def agent(*prompts):
            loop = asyncio.get_running_loop()
            other = asyncio.ensure_future(asyncio.sleep(30))
            for prompt in prompts:
                loop.call_soon(ask, prompt)
            await asyncio.sleep(0.01)
            other.cancel()

        recorded(tape, agent, "a", "b")
        replayed(tape, agent, "b", "a")

    def test_a_drift_wakes_all_who_wait(self, tape):
        """Not one of them waits out its second."""
        recorded(tape, lambda: [ask(prompt) for prompt in "abcdefghij"])

        def agent():
            waiting = [functools.partial(ask, prompt) for prompt in "jihgfedcb"]
            outcomes = in_threads(*waiting, lambda: ask("x"), pause=0.005)
            assert [type(one) for one in outcomes] == [DivergenceError] * 10
            assert len({str(one) for one in outcomes}) == 1

        assert "'x'" in str(drift(tape, agent, seconds=AT_ONCE)).replace('"', "'")

    def test_a_drift_wakes_tasks_that_wait(self, tape):
        """Also where a thread has drifted."""
        recorded(tape, lambda: [ask(prompt) for prompt in "abc"])

        @in_loop
        async def agent():
            async def waits(prompt):
                return await asyncio.get_running_loop().run_in_executor(None, ask, prompt)

            return await asyncio.gather(
                waits("c"), waits("b"), later(0.05, waits, "x"), return_exceptions=True
            )

        drift(tape, agent, seconds=AT_ONCE)

    def test_what_a_task_waits_for_and_never_comes(self, tape):
        """A gather whose first call was removed."""

        @in_loop
        async def agent(*chains):
            return await asyncio.gather(*(one_by_one(ask_later, chain) for chain in chains))

        recorded(tape, agent, "abc", "def")

        assert drift(tape, agent, "bc", "def").expected["arguments"]["args"] == ["a"]


async def later(seconds, function, *args):
    """Make an awaited call after some time."""
    await asyncio.sleep(seconds)
    return await function(*args)


class TestOrderOfReturns:
    """Overlapping calls return in the order in which the recorded calls ended.

    On an idle machine that is b, c, a.
    """

    TIMES = (("a", 0.06), ("b", 0.0), ("c", 0.03))

    def test_as_completed_of_threads(self, tape):
        """Whoever came first live comes first again."""

        def agent():
            with ThreadPoolExecutor(3) as pool:
                futures = [pool.submit(ask, *call) for call in self.TIMES]
                return [future.result() for future in as_completed(futures)]

        live = recorded(tape, agent)
        for _ in range(20):
            assert replayed(tape, agent) == live

    def test_as_completed_of_tasks(self, tape):
        """Whoever came first live comes first again."""

        @in_loop
        async def agent():
            calls = [ask_later(*call) for call in self.TIMES]
            return [await one for one in asyncio.as_completed(calls)]

        live = recorded(tape, agent)
        for _ in range(20):
            assert replayed(tape, agent) == live

    def test_of_tasks_that_do_something_with_their_results(self, tape):
        """The winner may have a longer way to go than those behind it."""

        async def far(*call):
            result = await asyncio.wait_for(ask_later(*call), 10)
            return await asyncio.ensure_future(asyncio.ensure_future(asyncio.sleep(0, result)))

        @in_loop
        async def agent():
            calls = [far(*call) if call[0] == "b" else ask_later(*call) for call in self.TIMES]
            return [await one for one in asyncio.as_completed(calls)]

        live = recorded(tape, agent)
        for _ in range(20):
            assert replayed(tape, agent) == live

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_of_task_groups(self, tape, backend):
        """Of both event loops."""

        async def one(call, results):
            results.append(await ask_later(*call))

        async def main():
            results = []
            async with anyio.create_task_group() as group:
                for call in self.TIMES:
                    group.start_soon(one, call, results)
            return tuple(results)

        agent = functools.partial(anyio.run, main, backend=backend)
        live = recorded(tape, agent)
        for _ in range(5):
            assert replayed(tape, agent) == live

    def test_of_a_race(self, tape):
        """The first one wins, the others are cancelled."""

        @in_loop
        async def agent():
            tasks = [asyncio.ensure_future(ask_later(*call)) for call in self.TIMES]
            done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
            return [task.result() for task in done]

        assert recorded(tape, agent) == ["b!"]
        for _ in range(5):
            assert replayed(tape, agent) == ["b!"]

    def test_of_exceptions(self, tape):
        """A call that failed has ended as well."""

        @intercept(ignore="kwargs.seconds")
        async def fail(prompt, seconds):
            await asyncio.sleep(seconds)
            raise KeyError(prompt)

        @in_loop
        async def agent():
            calls = asyncio.as_completed([ask_later("a", 0.03), fail("b", 0.0)])
            with pytest.raises(KeyError, match="b"):
                await next(calls)
            return await next(calls)

        assert recorded(tape, agent) == "a!"
        for _ in range(5):
            assert replayed(tape, agent) == "a!"

    def test_an_agent_that_runs_in_sequence_now_is_not_held_up_for_long(self, tape, other_thread):
        """What overlapped may come in any order; nobody knows that the other call waits for us."""
        recorded(tape, lambda: in_threads(lambda: ask("a", 0.1), lambda: ask("b"), pause=0.02))

        assert replayed(tape, lambda: (ask("a"), ask("b")), seconds=SOON) == ("a!", "b!")

    def test_a_call_that_is_cancelled_before_its_turn_holds_nobody_up(self, tape):
        """It has left the queue."""

        @in_loop
        async def agent(*, is_cancelled):
            slow = asyncio.ensure_future(ask_later("slow", 0.1))
            quick = asyncio.ensure_future(ask_later("quick", 0.05))
            if is_cancelled:
                await asyncio.sleep(0.02)
                quick.cancel()
            return await asyncio.gather(slow, quick, return_exceptions=True)

        recorded(tape, functools.partial(agent, is_cancelled=False))
        with within(AT_ONCE), replay(tape, strict=True):
            agent(is_cancelled=True)

    def test_of_a_sync_call_on_the_thread_of_a_loop(self, tape):
        """It returns at once: its own loop would have to bring the others."""

        @in_loop
        async def agent():
            first = asyncio.ensure_future(ask_later("a", 0.0))
            await asyncio.sleep(0)
            second = ask("b")
            return [await first, second]

        assert recorded(tape, agent) == replayed(tape, agent)


@in_loop
async def impatient(*, seconds=0.05, needed=30):
    """Wait for a call for some time only."""
    try:
        return await asyncio.wait_for(ask_later("slow", needed), seconds)
    except asyncio.TimeoutError:
        return "gave up"


class TestCancellation:
    """A call that was cancelled is a step without outcome: it waits to be cancelled again."""

    def test_a_timeout_times_out_again(self, tape):
        """The agent takes the same way."""
        with record(tape) as recorder:
            assert impatient() == "gave up"
        runs.clear()

        (step,) = recorder.steps
        assert (step["unfinished"], step["result"]) == (True, None)
        assert replayed(tape, impatient) == "gave up"

    def test_nobody_cancels_it_any_more(self, tape):
        """It is drift when nothing can happen any more."""
        recorded(tape, impatient)
        patient = functools.partial(impatient, seconds=60)

        assert "had no outcome" in str(drift(tape, patient))

    def test_nobody_cancels_it_any_more_in_best_effort(self, tape):
        """There is nothing to answer with."""
        recorded(tape, impatient)
        with within(SOON), replay(tape) as player, pytest.raises(DivergenceError):
            impatient(seconds=60)

        assert [one["reason"] for one in player.divergences] == ["the recorded call had no outcome"]

    def test_a_drift_of_another_ends_it(self, tape):
        """It raises the same."""

        @in_loop
        async def agent(prompt):
            slow = asyncio.ensure_future(ask_later("slow", 30))
            await asyncio.sleep(0.02)
            outcome = await asyncio.gather(ask_later(prompt), return_exceptions=True)
            if prompt == "a":
                slow.cancel()
            return outcome + await asyncio.gather(slow, return_exceptions=True)

        recorded(tape, agent, "a")

        assert drift(tape, agent, "x", seconds=AT_ONCE).actual["arguments"]["args"] == ["x"]

    def test_later_calls_do_not_wait_for_it(self, tape):
        """It never ended."""

        @in_loop
        async def agent():
            slow = asyncio.ensure_future(ask_later("slow", 30))
            await asyncio.sleep(0.01)
            results = await one_by_one(ask_later, "abc")
            slow.cancel()
            return results

        assert recorded(tape, agent) == replayed(tape, agent)

    def test_a_call_that_runs_when_the_session_ends(self, tape):
        """A background task is a step without outcome as well."""

        @in_loop
        async def agent(session):
            with session:
                background = asyncio.ensure_future(ask_later("background", 30))
                await asyncio.sleep(0.01)
                result = await ask_later("a")
            background.cancel()
            return result

        assert agent(record(tape)) == agent(replay(tape, strict=True)) == "a!"

    def test_of_a_thread(self, tape):
        """A plain call that runs when the session ends has no outcome either."""
        with record(tape):
            thread = threading.Thread(target=ask, args=("slow", 0.1))
            thread.start()
            time.sleep(0.02)
        thread.join()
        runs.clear()

        assert "had no outcome" in str(drift(tape, ask, "slow"))
        with within(SOON), use_cassette(tape, record_mode="update"):
            assert ask("slow") == "slow!"
        assert runs == ["slow"]

    def test_of_a_plain_call_on_the_thread_of_a_loop(self, tape):
        """It can't wait for a cancellation, as nothing else can move."""

        @intercept
        def ask_cancelled():
            raise asyncio.CancelledError

        @in_loop
        async def agent():
            with contextlib.suppress(asyncio.CancelledError):
                ask_cancelled()

        recorded(tape, agent)

        assert "had no outcome" in str(drift(tape, agent, seconds=AT_ONCE))

    def test_a_scope_of_trio(self, tape):
        """Whose cancellation is an exception of its own."""

        async def main():
            with trio.move_on_after(0.05) as scope:
                await ask_later("slow", 30)
            return scope.cancelled_caught

        agent = functools.partial(trio.run, main)
        assert recorded(tape, agent) is True
        assert replayed(tape, agent) is True

    def test_a_coroutine_that_is_closed(self, tape):
        """Nothing came of it either."""

        def agent():
            with contextlib.closing(ask_later("slow", 30)) as coroutine:
                drive(coroutine)

        async def pause():
            await asyncio.sleep(0)

        def drive(coroutine):
            async def main():
                task = pause()
                task.close()
                coroutine.send(None)

            asyncio.run(main())

        with record(tape) as recorder:
            agent()
        assert [step.get("unfinished") for step in recorder.steps] == [True]

    def test_an_update_leaves_the_file_alone(self, tape):
        """Nothing has changed."""
        recorded(tape, impatient)
        before = tape.read_bytes()
        with use_cassette(tape, record_mode="update"):
            impatient()

        assert runs == []
        assert tape.read_bytes() == before

    def test_an_update_runs_it_when_nobody_cancels_it(self, tape):
        """The agent waits longer now: this is the first drift."""
        recorded(tape, impatient)
        with within(SOON), use_cassette(tape, record_mode="update"):
            assert impatient(seconds=30, needed=0) == "slow!"

        assert runs == ["slow"]
        runs.clear()
        assert replayed(tape, functools.partial(impatient, seconds=9)) == "slow!"

    def test_an_update_that_gives_way_elsewhere_runs_it(self, tape):
        """From the first drift on every call is live."""

        @in_loop
        async def agent(*prompts):
            slow = asyncio.ensure_future(ask_later("slow", 30 if "a" in prompts else 0))
            await asyncio.sleep(0.02)
            results = await one_by_one(ask_later, prompts)
            if "a" in prompts:
                slow.cancel()
                return results
            return [*results, await slow]

        recorded(tape, agent, "a")
        with within(AT_ONCE), use_cassette(tape, record_mode="update"):
            assert agent("x") == ["x!", "slow!"]

        assert sorted(runs) == ["slow", "x"]

    def test_an_update_of_a_call_that_is_cancelled_now(self, tape):
        """It is a step without outcome from now on."""

        @in_loop
        async def agent(*, is_cancelled):
            slow = asyncio.ensure_future(ask_later("slow", 0.1))
            quick = asyncio.ensure_future(ask_later("quick", 0.05))
            if is_cancelled:
                await asyncio.sleep(0.02)
                slow.cancel()
            return await asyncio.gather(slow, quick, return_exceptions=True)

        recorded(tape, functools.partial(agent, is_cancelled=False))
        with use_cassette(tape, record_mode="update") as recorder:
            asyncio.run(cancelled_at_once(ask_later("slow", 0.1)))

        assert [step.get("unfinished") for step in recorder.steps] == [True]


async def cancelled_at_once(coroutine):
    """Start a call, and cancel it as soon as it waits."""
    other = asyncio.ensure_future(asyncio.sleep(30))
    task = asyncio.ensure_future(coroutine)
    await asyncio.sleep(0.01)
    task.cancel()
    other.cancel()
    await asyncio.gather(task, other, return_exceptions=True)


class TestThreadsOfACall:
    """Threads that a call starts make their calls inside of it."""

    def test_a_pool_of_its_own(self, tape):
        """In replay they are never started."""

        @intercept
        def research(prompts):
            with ThreadPoolExecutor(2) as pool:
                return list(pool.map(ask, prompts))

        def agent():
            return [research("abc"), ask("d"), research("ef")]

        with record(tape) as recorder:
            live = agent()
        runs.clear()

        assert [step.get("parent") for step in recorder.steps] == [None, 0, 0, 0, None, None, 5, 5]
        assert replayed(tape, agent) == live

    def test_a_pool_that_is_kept(self, tape):
        """Its threads were started by an earlier call."""
        with ThreadPoolExecutor(2) as pool:

            @intercept
            def research(prompts):
                return list(pool.map(ask, prompts))

            def agent():
                return [research("abc"), research("def"), research("ghi")]

            assert recorded(tape, agent) == replayed(tape, agent)

    def test_threads_of_threads(self, tape):
        """All of them belong to the call."""

        @intercept
        def research(prompt):
            in_threads(lambda: in_threads(lambda: ask(prompt)))
            return prompt

        assert recorded(tape, research, "a") == replayed(tape, research, "a")

    def test_an_executor_of_an_async_call(self, tape):
        """The only task there is has started its threads."""

        @intercept
        async def research(prompts):
            loop = asyncio.get_running_loop()
            return [await loop.run_in_executor(None, ask, prompt) for prompt in prompts]

        @in_loop
        async def agent():
            return [await research("ab"), await research("cd")]

        assert recorded(tape, agent) == replayed(tape, agent)

    def test_what_inherits_the_context(self, tape):
        """asyncio tells it itself, whatever else runs."""

        @intercept
        async def research(prompt):
            return await asyncio.gather(
                asyncio.to_thread(ask, prompt), ask_later(f"{prompt} again")
            )

        @in_loop
        async def agent():
            return await asyncio.gather(research("a"), research("b"), ask_later("c"))

        with record(tape) as recorder:
            live = agent()
        runs.clear()

        parents = [step.get("parent") for step in recorder.steps]
        assert parents.count(None) == 3
        assert replayed(tape, agent) == live

    def test_a_thread_beside_the_call_is_not_one_of_them(self, tape):
        """It was there before."""
        outside = threading.Event()

        @intercept(ignore="kwargs.inside")
        def research(inside):
            outside.set()
            return inside.wait(10)

        def agent(*, drops=False):
            outside.clear()
            inside = threading.Event()

            def beside():
                outside.wait(0.2)
                if not drops:
                    ask("beside")
                inside.set()

            thread = threading.Thread(target=beside)
            thread.start()
            research(inside)
            thread.join()

        recorded(tape, agent)
        replayed(tape, agent)

        assert drift(tape, functools.partial(agent, drops=True)).expected["name"] == "ask"

    def test_nor_is_a_thread_that_somebody_else_may_have_started(self, tape):
        """In a pool, one call does not own the other."""

        def agent(*prompts):
            with ThreadPoolExecutor(2) as pool:
                slow = pool.submit(ask, "slow", 0.1)
                time.sleep(0.02)
                results = [pool.submit(ask, prompt).result() for prompt in prompts]
                return [*results, slow.result()]

        recorded(tape, agent, "a", "b")
        replayed(tape, agent, "a", "b")

        assert drift(tape, agent, "a").expected["arguments"]["args"] == ["b"]

    def test_nor_is_one_that_another_task_may_have_started(self, tape):
        """A loop with more than one task does not tell."""

        @intercept
        async def research():
            await asyncio.sleep(0.1)

        @in_loop
        async def agent(prompts):
            async def other():
                loop = asyncio.get_running_loop()
                return [await loop.run_in_executor(None, ask, prompt) for prompt in prompts]

            await asyncio.gather(research(), other())

        recorded(tape, agent, "ab")
        replayed(tape, agent, "ab")

        assert drift(tape, agent, "a").expected["arguments"]["args"] == ["b"]

    def test_a_thread_that_goes_on_after_the_call_is_its_own(self, tape):
        """It makes its calls of its own accord from then on."""
        gate = threading.Event()

        @intercept
        def start():
            def go_on():
                ask("a")
                gate.wait(10)
                ask("b")

            threads.append(threading.Thread(target=go_on))
            threads[0].start()
            time.sleep(0.05)

        threads = []
        with record(tape) as recorder:
            start()
            gate.set()
            threads[0].join()

        assert [step.get("parent") for step in recorder.steps] == [None, 0, None]


class TestOtherLoops:
    """Loops that end, and coroutines without a loop."""

    def test_a_loop_that_is_closed_over_a_task_that_waits(self, tape):
        """The calls of others are not made to fail for it."""
        recorded(tape, in_loop(lambda: one_by_one(ask_later, "abc")))

        def agent():
            loop = asyncio.new_event_loop()
            task = loop.create_task(ask_later("b"))
            loop.run_until_complete(asyncio.wait({task}, timeout=0.05))
            loop.close()
            with contextlib.suppress(AgentCassetteError):
                asyncio.run(ask_later("a"))
            task.get_coro().close()
            task._log_destroy_pending = False
            return asyncio.run(ask_later("x"))

        assert drift(tape, agent).actual["arguments"]["args"] == ["x"]

    def test_a_coroutine_that_is_driven_by_hand(self, tape, other_thread):
        """It waits on its thread."""

        def drive(prompt):
            try:
                answer_now(prompt).send(None)
            except StopIteration as stop:
                return stop.value

        @intercept
        async def answer_now(prompt):
            return prompt

        recorded(tape, lambda: [drive(prompt) for prompt in "ab"])

        assert replayed(tape, lambda: [drive(prompt) for prompt in "ab"]) == ["a", "b"]
        assert drift(tape, lambda: drive("b")).expected["arguments"]["args"] == ["a"]


def test_an_equal_call_inside_of_another_one_is_left_to_it(tape):
    """Of two that are the same, a call of its own is not answered by the one inside."""

    @intercept
    def search(prompt):
        time.sleep(0.1)
        return prompt

    @intercept
    def research(prompt):
        return search(prompt)

    def first():
        time.sleep(0.03)
        research("x")

    def second():
        ask("plan", 0.06)
        search("x")

    def agent():
        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(first), pool.submit(second)]:
                done.result()

    recorded(tape, agent)
    for _ in range(5):
        replayed(tape, agent)


@pytest.mark.parametrize("changed", [False, True])
def test_a_call_that_is_cancelled_while_it_waits_for_its_turn(tape, changed):
    """On tape it was cancelled too: it has been made. Another one has not."""

    async def first(prompt):
        await ask_later("plan", 0.7)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(ask_later(prompt, 30), 0.05)

    async def second():
        await asyncio.sleep(0.6)  # longer than an outcome waits for its turn
        await ask_later("other")

    @in_loop
    async def agent(prompt="slow"):
        await asyncio.gather(first(prompt), second())

    recorded(tape, agent)
    if changed:
        drift(tape, agent, "slower")
    else:
        replayed(tape, agent, seconds=SOON)
