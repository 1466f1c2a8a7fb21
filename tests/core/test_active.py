"""Which session a call belongs to: threads, tasks, and when nobody can tell."""

from __future__ import annotations

import asyncio
import contextvars
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from agentcassette import (
    AmbiguousSession,
    Cassette,
    LiveCallBlocked,
    intercept,
    record,
    replay,
)


@pytest.fixture
def runs():
    """Give the list of live runs."""
    return []


@pytest.fixture
def ask(runs):
    """Give an intercepted callable that notes each live run."""

    @intercept
    def ask(prompt):
        runs.append(prompt)
        return f"{prompt}!"

    return ask


def in_thread(function, *args):
    """Run a function in a plain thread, and give what it returned or raised."""
    outcome = []

    def run():
        try:
            outcome.append(function(*args))
        except Exception as error:  # noqa: BLE001 - whatever it is, the test looks at it
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    return outcome[0]


def prompts(path):
    """Tell what a cassette was asked."""
    return sorted(step["arguments"]["args"][0] for step in Cassette.load(path).steps)


class TestOneSession:
    """Whatever the thread, there is only one session that it can belong to."""

    def test_plain_threads(self, tmp_path, ask, runs):
        """They inherit no context before Python 3.14."""
        with record(tmp_path / "tape.json"):
            in_thread(ask, "a")
        runs.clear()
        with replay(tmp_path / "tape.json", strict=True):
            assert in_thread(ask, "a") == "a!"

        assert runs == []

    def test_a_thread_pool_that_is_older_than_the_session(self, tmp_path, ask, runs):
        """Web frameworks keep theirs for ever."""
        with ThreadPoolExecutor(1) as pool:
            pool.submit(int).result()
            with record(tmp_path / "tape.json"):
                pool.submit(ask, "a").result()
            with replay(tmp_path / "tape.json", strict=True):
                pool.submit(ask, "a").result()
            pool.submit(ask, "b").result()

        assert runs == ["a", "b"]

    def test_an_empty_context(self, tmp_path, ask):
        """pytest-asyncio runs a test in a context that it made before."""
        with record(tmp_path / "tape.json") as recorder:
            contextvars.Context().run(ask, "a")

        assert recorder.recorded == 1

    def test_a_context_of_a_session_that_is_over(self, tmp_path, ask):
        """An event loop that is kept keeps the context that it was made in."""
        with record(tmp_path / "one.json"):
            context = contextvars.copy_context()
        with record(tmp_path / "other.json") as recorder:
            context.run(ask, "a")

        assert recorder.recorded == 1

    def test_after_it_calls_are_live(self, tmp_path, ask, runs):
        """Also in threads and tasks that it left behind."""
        with record(tmp_path / "tape.json"):
            context = contextvars.copy_context()
        context.run(ask, "a")
        in_thread(ask, "b")

        assert runs == ["a", "b"]
        assert prompts(tmp_path / "tape.json") == []


class TestSeveralSessions:
    """Each context has its own."""

    def test_two_threads_stay_apart(self, tmp_path, ask):
        """Each has the calls that were made in it."""
        both = threading.Barrier(2)

        def agent(name):
            with record(tmp_path / f"{name}.json"):
                both.wait(10)
                for number in range(20):
                    ask(f"{name}{number}")
                both.wait(10)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(agent, ["a", "b"]))

        for name in "ab":
            assert prompts(tmp_path / f"{name}.json") == sorted(f"{name}{n}" for n in range(20))

    def test_two_tasks_stay_apart(self, tmp_path, ask):
        """Although they share a thread."""

        async def agent(name):
            with record(tmp_path / f"{name}.json"):
                for number in range(20):
                    await asyncio.sleep(0)
                    ask(f"{name}{number}")

        async def main():
            await asyncio.gather(agent("a"), agent("b"))

        asyncio.run(main())
        for name in "ab":
            assert prompts(tmp_path / f"{name}.json") == sorted(f"{name}{n}" for n in range(20))

    def test_what_inherits_the_context_belongs_to_it(self, tmp_path, ask):
        """Tasks and `asyncio.to_thread`."""

        async def agent(name):
            with record(tmp_path / f"{name}.json"):
                await asyncio.sleep(0.02)
                await asyncio.gather(asyncio.to_thread(ask, f"{name}0"), later(f"{name}1"))

        async def later(prompt):
            ask(prompt)

        async def main():
            await asyncio.gather(agent("a"), agent("b"))

        asyncio.run(main())
        for name in "ab":
            assert prompts(tmp_path / f"{name}.json") == [f"{name}0", f"{name}1"]

    def test_another_context_of_a_thread_that_opened_one(self, tmp_path, ask):
        """It belongs to the session of its own thread."""
        both = threading.Barrier(2)

        def agent(name):
            with record(tmp_path / f"{name}.json"):
                both.wait(10)
                contextvars.Context().run(ask, name)
                both.wait(10)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(agent, ["a", "b"]))

        for name in "ab":
            assert prompts(tmp_path / f"{name}.json") == [name]

    def test_a_thread_that_could_belong_to_either(self, tmp_path, ask, runs):
        """Guessing would record, or answer, the wrong call: it is an error, and nothing runs."""
        one, other = tmp_path / "one.json", tmp_path / "other.json"
        outcomes = []

        def agent(path):
            with record(path):
                opened.wait(10)
                outcomes.append(in_thread(ask, "a"))
                opened.wait(10)

        opened = threading.Barrier(2)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(agent, [one, other]))

        assert [type(outcome) for outcome in outcomes] == [AmbiguousSession] * 2
        assert set(outcomes[0].paths) == {str(one), str(other)}
        assert outcomes[0].name == "ask"
        assert runs == []
        assert prompts(one) == prompts(other) == []

    def test_of_an_async_call_as_well(self, tmp_path, runs):
        """It is raised where the call is awaited."""

        @intercept
        async def ask_later(prompt):
            runs.append(prompt)

        def agent(path):
            with record(path):
                opened.wait(10)
                outcomes.append(in_thread(asyncio.run, ask_later("a")))
                opened.wait(10)

        opened = threading.Barrier(2)
        outcomes = []
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(agent, [tmp_path / "one.json", tmp_path / "other.json"]))

        assert [type(outcome) for outcome in outcomes] == [AmbiguousSession] * 2
        assert runs == []


FORKED = """
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor

from agentcassette import LiveCallBlocked, intercept, record, replay


@intercept
def ask(prompt):
    print("live:", prompt, flush=True)
    return prompt


def agent():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
        return pool.submit(ask, "a").result()


with record(sys.argv[1]):
    ask("a")
for session in (replay(sys.argv[1]), record(sys.argv[2])):
    with session:
        try:
            agent()
        except LiveCallBlocked as error:
            print(error)
"""


class TestForks:
    """A process that is forked has a copy of the session, which leads nowhere."""

    def test_a_call_of_theirs_is_refused(self, tmp_path, ask, runs, monkeypatch):
        """It would be taped in vain, or answered from a copy of the tape."""
        with record(tmp_path / "a.json"):
            monkeypatch.setattr("os.getpid", lambda: -1)
            with pytest.raises(LiveCallBlocked, match=r"open in another process.* forked"):
                ask("a")

        assert runs == []

    def test_a_pool_of_processes(self, tmp_path):
        """Neither a recording nor a replay lets it call out."""
        file = tmp_path / "script.py"
        file.write_text(FORKED)

        done = subprocess.run(
            [sys.executable, file, tmp_path / "a.json", tmp_path / "b.json"],
            capture_output=True,
            text=True,
            check=True,
        )

        first, *refused = done.stdout.splitlines()
        assert first == "live: a"
        assert len(refused) == 2
        assert all(line.startswith("the call of 'ask' was not made: ") for line in refused)
