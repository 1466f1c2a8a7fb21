"""Watching the calls that belong to no session: they run for real, and somebody is told."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from agentcassette import _active, intercept, record, replay, watch_live_calls


@pytest.fixture
def told():
    """Give the list of calls that were told."""
    return []


@pytest.fixture
def watching(told):
    """Watch for the time of a test."""
    with watch_live_calls(lambda *call: told.append(call)):
        yield


@intercept(kind="llm")
def ask(prompt):
    """Stand for a model."""
    return prompt.upper()


@intercept(kind="llm")
async def ask_async(prompt):
    """Stand for a model with an async client."""
    await asyncio.sleep(0)
    return ask(prompt)


@intercept(kind="tool")
def words(text):
    """Give words, one of them with a call inside."""
    got = yield "first"
    try:
        got = yield f"{got} {ask(text)}"
    except ValueError:
        yield "caught"
    return f"end {got}"


@intercept(kind="tool")
async def words_async(text):
    """Give words, one of them with a call inside."""
    got = yield "first"
    try:
        yield f"{got} {await ask_async(text)}"
    except ValueError:
        yield "caught"


class Answer:
    """A stream as SDKs have them, which makes calls of its own while it is read."""

    def __iter__(self):
        return self

    def __next__(self):
        return ask("chunk")


def refuse(name, kind):
    """Stand for somebody who wants no live calls."""
    message = f"no {name} here"
    raise LookupError(message)


class TestWhatIsTold:
    """Each live call, once, by its name and its kind."""

    def test_calls_of_functions_of_every_sort(self, told, watching):
        """In the order in which they are made."""

        async def agent():
            await ask_async("a")
            return [word async for word in words_async("b")]

        assert ask("a") == "A"
        assert list(words("b")) == ["first", "None B"]
        assert asyncio.run(agent()) == ["first", "None B"]
        assert intercept(functools.partial(len, "abc"), name="count")() == 3

        assert told == [
            ("ask", "llm"),
            ("words", "tool"),
            ("ask_async", "llm"),
            ("words_async", "tool"),
            ("count", "call"),
        ]

    def test_nobody_is_told_of_what_is_never_run(self, told, watching):
        """A generator that nobody reads, a coroutine that nobody awaits."""
        words("a")
        ask_async("a").close()

        assert told == []

    def test_nobody_is_told_afterwards(self, told):
        """The cost of a call is what it was before."""
        with watch_live_calls(lambda *call: told.append(call)):
            ask("a")
        ask("b")

        assert told == [("ask", "llm")]
        assert _active.OPEN == []

    def test_a_block_that_raises_ends_it_as_well(self, told):
        """A test that fails leaves nothing behind."""
        with pytest.raises(KeyError), watch_live_calls(lambda *call: told.append(call)):
            raise KeyError

        ask("b")

        assert told == []

    def test_what_is_returned_is_the_original(self, watching):
        """Also where a plain function gives a generator or a future."""

        def numbers():
            yield 1

        given = numbers()
        loop = asyncio.new_event_loop()
        future = loop.create_future()
        loop.close()

        assert intercept(lambda: given)() is given
        assert intercept(lambda: future)() is future


class TestSessions:
    """A call that belongs to a session is no live call, whatever the session does with it."""

    def test_recorded_replayed_and_let_through(self, told, watching, tmp_path):
        """The session knows of them itself."""
        with record(tmp_path / "tape.json"):
            ask("a")
        with replay(tmp_path / "tape.json"):
            ask("a")
        with replay(tmp_path / "tape.json", live=["tool"]):
            list(words("a"))

        assert told == []

    def test_a_paused_session(self, told, watching, tmp_path):
        """Its calls belong to nobody meanwhile."""
        session = record(tmp_path / "tape.json")
        session.open()
        with session.paused():
            ask("a")
        ask("b")
        session.discard()

        assert told == [("ask", "llm")]

    def test_watching_begins_inside_of_a_session(self, told, tmp_path):
        """The order in which they begin and end does not count."""
        session = record(tmp_path / "tape.json")
        session.open()
        with watch_live_calls(lambda *call: told.append(call)):
            ask("a")
            session.discard()
            ask("b")

        assert told == [("ask", "llm")]


class TestNested:
    """A call that runs for real and makes further ones is one call, which somebody pays for."""

    def test_only_the_outermost_is_told(self, told, watching):
        """Whatever the function is."""

        @intercept
        def plan():
            return [ask("a"), *words("b")]

        plan()
        ask("c")

        assert told == [("plan", "call"), ("ask", "llm")]

    def test_tasks_and_threads_that_a_call_starts_are_inside(self, told, watching):
        """As far as they inherit its context."""

        @intercept
        async def plan():
            await asyncio.gather(ask_async("a"), ask_async("b"))
            await asyncio.get_running_loop().run_in_executor(
                None, contextvars.copy_context().run, ask, "c"
            )

        asyncio.run(plan())

        assert told == [("plan", "call")]

    def test_a_task_that_outlives_the_call_that_started_it_is_not(self, told, watching):
        """A worker that a call happens to start first makes the calls of everybody."""

        @intercept
        async def start():
            async def work():
                await begun.wait()
                return await ask_async("a")

            begun = asyncio.Event()
            return asyncio.ensure_future(work()), begun

        async def agent():
            worker, begun = await start()
            begun.set()
            return await worker

        assert asyncio.run(agent()) == "A"
        assert told == [("start", "call"), ("ask_async", "llm")]

    def test_what_the_reader_of_a_generator_calls_is_not_inside(self, told, watching):
        """Between two items it is the reader who runs."""

        async def agent():
            async for word in words_async("b"):
                await ask_async(word)

        for word in words("a"):
            ask(word)
        asyncio.run(agent())

        assert told == [
            *[("words", "tool"), ("ask", "llm"), ("ask", "llm")],
            *[("words_async", "tool"), ("ask_async", "llm"), ("ask_async", "llm")],
        ]

    def test_a_stream_of_an_sdk_is_not_stepped_through(self, told, watching):
        """It is handed out as it is, so that what it calls is told as well."""

        @intercept
        def stream():
            return Answer()

        assert next(stream()) == "CHUNK"
        assert [name for name, _ in told] == ["stream", "ask"]


class TestGenerators:
    """They are stepped through, and nobody can tell."""

    def test_what_is_sent_and_returned(self, watching):
        """As with the original."""
        generator = words("a")

        assert next(generator) == "first"
        assert generator.send("sent") == "sent A"
        with pytest.raises(StopIteration) as caught:
            generator.send("more")
        assert caught.value.value == "end more"

    def test_what_is_thrown(self, watching):
        """It reaches the original, which may catch it or not."""
        generator = words("a")
        next(generator)
        next(generator)

        assert generator.throw(ValueError()) == "caught"
        with pytest.raises(KeyError):
            generator.throw(KeyError())

    def test_one_that_is_closed(self, told, watching):
        """The clean-up of the original runs, inside of the call."""

        @intercept
        def stream():
            try:
                yield 1
            finally:
                ask("clean up")

        generator = stream()
        next(generator)
        generator.close()

        assert told == [("stream", "call")]

    def test_an_async_one(self, told, watching):
        """What is sent, thrown, and cleaned up."""

        @intercept
        async def stream():
            try:
                yield 1
            finally:
                await ask_async("clean up")

        async def agent():
            generator = words_async("a")
            first = await generator.__anext__()
            second = await generator.asend("sent")
            third = await generator.athrow(ValueError())
            with pytest.raises(KeyError):
                await generator.athrow(KeyError())
            other = stream()
            await other.__anext__()
            await other.aclose()
            return [first, second, third]

        assert asyncio.run(agent()) == ["first", "sent A", "caught"]
        assert told == [("words_async", "tool"), ("stream", "call")]


class TestThreads:
    """They are watched whoever started them."""

    def test_a_plain_thread_and_a_pool_that_is_older(self, told):
        """Neither has the context of the one who watches."""
        with ThreadPoolExecutor(1) as pool:
            pool.submit(int).result()
            with watch_live_calls(lambda *call: told.append(call)):
                pool.submit(ask, "a").result()
                thread = threading.Thread(target=ask, args=("b",))
                thread.start()
                thread.join(10)

        assert told == [("ask", "llm")] * 2

    def test_threads_that_come_and_go(self, told):
        """No call is lost while others begin and end to watch."""

        def agent(_):
            with watch_live_calls(lambda *_: None):
                ask("a")

        with watch_live_calls(lambda *call: told.append(call)), ThreadPoolExecutor(8) as pool:
            list(pool.map(agent, range(400)))

        assert len(told) == 400


class TestRefusing:
    """Who watches may refuse a call."""

    @pytest.fixture
    def refusing(self):
        """Refuse every live call."""
        with watch_live_calls(refuse):
            yield

    def test_what_is_raised_is_raised_in_place_of_the_call(self, refusing):
        """For functions of every sort; the original does not run."""
        runs = []

        @intercept
        def one():
            runs.append(1)

        @intercept
        async def two():
            runs.append(2)

        @intercept
        def three():
            runs.append(3)
            yield

        @intercept
        async def four():
            runs.append(4)
            yield

        with pytest.raises(LookupError, match="no one here"):
            one()
        with pytest.raises(LookupError, match="no two here"):
            asyncio.run(two())
        with pytest.raises(LookupError, match="no three here"):
            list(three())
        with pytest.raises(LookupError, match="no four here"):
            asyncio.run(four().__anext__())
        assert runs == []

    def test_the_next_call_is_refused_as_well(self, refusing):
        """A call that was refused is no call to be inside of."""
        for _ in range(2):
            with pytest.raises(LookupError):
                ask("a")

    def test_who_came_last_is_told_first(self, told, refusing):
        """So that the inner of two decides for itself."""
        with watch_live_calls(lambda *call: told.append(call)), pytest.raises(LookupError):
            ask("a")
        with (
            watch_live_calls(lambda *call: told.append(call)),
            watch_live_calls(refuse),
            pytest.raises(LookupError),
        ):
            ask("b")

        assert told == [("ask", "llm")]

    def test_who_returns_true_keeps_the_call_to_itself(self, told, watching):
        """A run of pytest inside of another one is nobody else's business."""
        with watch_live_calls(lambda *_: True):
            ask("a")
        ask("b")

        assert told == [("ask", "llm")]

    def test_a_callback_may_make_calls_itself(self, told):
        """They are inside of the one that it is told of."""

        def note(*call):
            told.append((*call, ask("note")))

        with watch_live_calls(note):
            ask("a")

        assert told == [("ask", "llm", "NOTE")]
