"""Streams: taped as they are read, played back as they were read."""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import inspect
import threading
import time

import pytest
import trio

from agentcassette import Cassette, DivergenceError, intercept, record, replay, use_cassette

FORMS = ("generator", "iterator", "async_generator", "async_iterator")
AT_ONCE = 0.95  # seconds for what waits for nobody; it takes milliseconds
SOON = 5.0  # seconds for what waits for one second; a busy machine adds to it
runs = []


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


class Stream:
    """An iterator as the SDKs have them: it can be closed, entered, and asked for more."""

    def __init__(self, chunks):
        self.chunks = iter(chunks)
        self.response = "200 OK"
        self.log = []

    def __iter__(self):
        return self

    def __next__(self):
        chunk = next(self.chunks)
        if isinstance(chunk, BaseException):
            raise chunk
        return chunk

    def __enter__(self):
        self.log.append("entered")
        return self

    def __exit__(self, *raised):
        self.log.append("left")
        return raised[0] is KeyError

    def close(self):
        """Close the connection."""
        self.log.append("closed")


class AsyncStream:
    """The same, awaited."""

    def __init__(self, chunks):
        self.chunks = iter(chunks)
        self.response = "200 OK"
        self.log = []

    def __aiter__(self):
        return self

    async def __anext__(self):
        await asyncio.sleep(0)
        for chunk in self.chunks:
            if isinstance(chunk, BaseException):
                raise chunk
            if callable(chunk):
                await chunk()
            return chunk
        raise StopAsyncIteration

    async def __aenter__(self):
        self.log.append("entered")
        return self

    async def __aexit__(self, *raised):
        self.log.append("left")
        return raised[0] is KeyError

    async def close(self):
        """Close the connection."""
        self.log.append("closed")

    aclose = close


class Bare:
    """An iterator that can do nothing but that."""

    def __init__(self, chunks):
        self.chunks = iter(chunks)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.chunks)


class AsyncBare:
    """The same, awaited."""

    def __init__(self, chunks):
        self.chunks = iter(chunks)

    def __aiter__(self):
        return self

    async def __anext__(self):
        for chunk in self.chunks:
            return chunk
        raise StopAsyncIteration


def generate(chunks):
    """Yield chunks, and raise those that are exceptions."""
    for chunk in chunks:
        if isinstance(chunk, BaseException):
            raise chunk
        yield chunk
    return "the end"


async def generate_later(chunks):
    """Do the same, awaited."""
    for chunk in chunks:
        await asyncio.sleep(0)
        if isinstance(chunk, BaseException):
            raise chunk
        if callable(chunk):
            await chunk()
        yield chunk


MAKERS = {
    "generator": generate,
    "iterator": Stream,
    "async_generator": generate_later,
    "async_iterator": AsyncStream,
}


def source_of(form, chunks):
    """Give an intercepted callable whose result is a stream of a form."""

    @intercept(name="stream")
    def stream(prompt):
        runs.append(prompt)
        return MAKERS[form](chunks)

    return stream


def read(stream, count=None):
    """Read a stream of any form, to its end or some chunks of it, and close it."""

    async def read_later():
        chunks = []
        async for chunk in stream:
            chunks.append(chunk)
            if len(chunks) == count:
                await stream.aclose()
                break
        return chunks

    if hasattr(stream, "__aiter__"):
        return asyncio.run(read_later())
    chunks = []
    for chunk in stream:
        chunks.append(chunk)
        if len(chunks) == count:
            stream.close()
            break
    return chunks


def recorded(tape, agent, *args):
    """Record a run of an agent, and give its result."""
    with record(tape):
        result = agent(*args)
    runs.clear()
    return result


def replayed(tape, agent, *args, seconds=AT_ONCE):
    """Replay a run of an agent, strictly, and give its result."""
    began = time.monotonic()
    with replay(tape, strict=True):
        result = agent(*args)
    assert time.monotonic() - began < seconds
    assert runs == []
    return result


@pytest.mark.parametrize("form", FORMS)
class TestEveryForm:
    """Generators and iterators, plain and async."""

    def test_the_same_chunks(self, tape, form):
        """With their types, and each of them fresh."""
        chunks = ["a", {"b": (1, 2)}, None]
        stream = source_of(form, chunks)

        def agent():
            return read(stream("hello"))

        assert recorded(tape, agent) == replayed(tape, agent) == chunks
        (step,) = Cassette.load(tape).steps
        assert step["result"] == ["a", {"b": [1, 2]}, None]
        assert step["stream"]["form"] == form
        assert step["types"] == {"/result/1/b": "tuple"}

    def test_the_same_form(self, tape, form):
        """What the agent asks of it before it reads is answered alike."""
        stream = source_of(form, [])

        def agent():
            given = stream("hello")
            kinds = (inspect.isgenerator, inspect.isasyncgen)
            told = [ask(given) for ask in kinds], hasattr(given, "__aiter__")
            read(given)
            return told

        assert recorded(tape, agent) == replayed(tape, agent)

    def test_no_chunks(self, tape, form):
        """An empty stream is one all the same."""
        stream = source_of(form, [])

        def agent():
            return read(stream("hello"))

        assert recorded(tape, agent) == replayed(tape, agent) == []

    def test_an_error_in_the_middle(self, tape, form):
        """It comes after the same chunks."""
        stream = source_of(form, ["a", ConnectionError("lost", 7)])

        def agent():
            given = stream("hello")
            if hasattr(given, "__aiter__"):
                return asyncio.run(self.later(given))
            chunks = [next(given)]
            with pytest.raises(ConnectionError) as raised:
                next(given)
            return [*chunks, raised.value.args]

        assert recorded(tape, agent) == replayed(tape, agent) == ["a", ("lost", 7)]

    async def later(self, given):
        """Read an async stream that fails."""
        chunks = [await given.__anext__()]
        with pytest.raises(ConnectionError) as raised:
            await given.__anext__()
        return [*chunks, raised.value.args]

    def test_left_early(self, tape, form):
        """It is taped as far as it was read, and the live one is read no further."""
        stream = source_of(form, iter(range(100)))

        def agent():
            return read(stream("hello"), 3)

        assert recorded(tape, agent) == replayed(tape, agent) == [0, 1, 2]
        (step,) = Cassette.load(tape).steps
        assert (step["result"], step["stream"]["left"]) == ([0, 1, 2], True)

    def test_left_without_a_word(self, tape, form):
        """A `break` out of the loop is all that most agents do."""
        stream = source_of(form, iter(range(100)))
        keep = []

        def agent():
            given = stream("hello")
            keep.append(given)
            return asyncio.run(first(given)) if hasattr(given, "__aiter__") else next(given)

        assert recorded(tape, agent) == replayed(tape, agent) == 0
        (step,) = Cassette.load(tape).steps
        assert step["stream"]["left"] is True
        assert "concurrency" not in step

    def test_never_read(self, tape, form):
        """The call was made."""
        stream = source_of(form, [1])

        def agent():
            return stream("hello") is None

        recorded(tape, agent)
        replayed(tape, agent)
        (step,) = Cassette.load(tape).steps
        assert step["result"] == []

    def test_read_less_than_recorded(self, tape, form):
        """What was left unread costs nothing."""
        stream = source_of(form, [1, 2, 3])
        recorded(tape, lambda: read(stream("hello")))

        assert replayed(tape, lambda: read(stream("hello"), 2)) == [1, 2]

    def test_read_further_than_recorded(self, tape, form):
        """There is nothing on tape: that is drift, and sticks."""
        stream = source_of(form, [1, 2, 3])
        recorded(tape, lambda: read(stream("hello"), 2))
        session = replay(tape, strict=True)
        with pytest.raises(DivergenceError, match="read further than recorded"), session:
            read(stream("hello"))

        assert session.fault.step_index == 0

    def test_read_further_in_best_effort(self, tape, form):
        """It ends where the tape ends, and the drift is noted."""
        stream = source_of(form, [1, 2, 3])
        recorded(tape, lambda: read(stream("hello"), 2))
        with replay(tape) as player:
            assert read(stream("hello")) == [1, 2]

        assert [one["reason"] for one in player.divergences] == [
            "the stream is read further than recorded"
        ]

    def test_read_further_in_an_update(self, tape, form):
        """No live stream goes on where the taped one ends: it has to be recorded as a whole."""
        stream = source_of(form, [1, 2, 3])
        recorded(tape, lambda: read(stream("hello"), 2))
        before = tape.read_bytes()
        session = use_cassette(tape, record_mode="update")
        with pytest.raises(DivergenceError, match="read further"), session:
            swallow(read, stream("hello"))

        assert runs == []
        assert tape.read_bytes() == before

    def test_an_update_leaves_the_file_alone(self, tape, form):
        """Nothing has changed."""
        stream = source_of(form, ["a", {"b": (1, 2)}])
        recorded(tape, lambda: read(stream("hello")))
        before = tape.read_bytes()
        with use_cassette(tape, record_mode="update") as recorder:
            assert read(stream("hello")) == ["a", {"b": (1, 2)}]

        assert recorder.replayed == 1
        assert tape.read_bytes() == before

    def test_an_update_takes_it_over(self, tape, form):
        """The tape is answered from, and written anew with what is new."""
        stream = source_of(form, ["a", "b"])
        recorded(tape, lambda: read(stream("hello")))
        old = Cassette.load(tape).steps[0]
        MAKERS_AGAIN = source_of(form, ["c"])  # noqa: N806 - another answer
        with use_cassette(tape, record_mode="update"):
            read(stream("hello"))
            read(MAKERS_AGAIN("more"))

        steps = Cassette.load(tape).steps
        assert steps[0] == old
        assert [step["result"] for step in steps] == [["a", "b"], ["c"]]

    def test_chunks_come_one_by_one(self, tape, form):
        """The first one is there before the last one is made."""
        seen = []

        def chunks():
            for number in range(3):
                seen.append(number)
                yield number

        stream = source_of(form, chunks())
        with record(tape):
            given = stream("hello")
            assert seen == []
            assert (asyncio.run(first(given)) if hasattr(given, "__aiter__") else next(given)) == 0
            assert seen == [0]

    def test_calls_between_the_chunks(self, tape, form):
        """The first chunk is not held up by the calls that are made while the stream is read."""
        done = threading.Event()
        thread = threading.Thread(target=done.wait)
        thread.start()
        stream = source_of(form, [1, 2, 3])
        look_up = intercept(lambda number: number * 2, name="look_up")

        async def later(given):
            return [look_up(chunk) async for chunk in given]

        def agent():
            given = stream("hello")
            if hasattr(given, "__aiter__"):
                return asyncio.run(later(given))
            return [look_up(chunk) for chunk in given]

        try:
            assert recorded(tape, agent) == replayed(tape, agent) == [2, 4, 6]
        finally:
            done.set()
            thread.join()

        first_step, *others = Cassette.load(tape).steps
        assert first_step["concurrency"] == {"start": 0, "end": 7}
        assert [step.get("parent") for step in others] == [None] * 3

    def test_the_end_of_the_program_leaves_no_step(self, tape, form):
        """It is not the stream that has failed."""
        stream = source_of(form, ["a", KeyboardInterrupt()])

        async def later(given):
            async for _ in given:
                pass

        with record(tape) as recorder:
            given = stream("hello")
            with pytest.raises(KeyboardInterrupt):
                asyncio.run(later(given)) if hasattr(given, "__aiter__") else list(given)

        assert recorder.cassette.steps == []

    def test_tokens_of_the_last_chunk_that_tells_them(self, tape, form):
        """Providers put them at the end of a stream."""
        usage = {"usage": {"input_tokens": 7, "output_tokens": 5}}
        stream = source_of(form, [{"text": "a"}, usage])
        with record(tape) as recorder:
            read(stream("hello"))

        assert (recorder.total_input_tokens, recorder.total_output_tokens) == (7, 5)


def swallow(call, *args):
    """Make a call as an agent does that catches everything."""
    with contextlib.suppress(DivergenceError):
        call(*args)


async def first(stream):
    """Read one chunk."""
    return await stream.__anext__()


@pytest.mark.parametrize("is_async", [False, True], ids=["plain", "async"])
class TestGeneratorFunctions:
    """Intercepted generator functions, which are driven by their readers."""

    def test_what_is_sent_arrives(self, tape, is_async):
        """In replay it is answered by the tape."""
        heard = []

        @intercept
        def talk():
            heard.append((yield 1))
            heard.append((yield 2))

        @intercept
        async def talk_later():
            heard.append((yield 1))
            heard.append((yield 2))

        async def drive():
            talking = talk_later()
            chunks = [await talking.__anext__(), await talking.asend("a")]
            with pytest.raises(StopAsyncIteration):
                await talking.asend("b")
            return chunks

        def agent():
            if is_async:
                return asyncio.run(drive())
            talking = talk()
            chunks = [next(talking), talking.send("a")]
            with pytest.raises(StopIteration):
                talking.send("b")
            return chunks

        assert recorded(tape, agent) == [1, 2]
        assert heard == ["a", "b"]
        assert replayed(tape, agent) == [1, 2]
        assert heard == ["a", "b"]

    @pytest.mark.parametrize("is_caught", [False, True], ids=["not caught", "caught"])
    def test_what_is_thrown_arrives(self, tape, is_async, is_caught):
        """What the generator did about it is what it does in replay."""
        kind = KeyError if is_caught else ZeroDivisionError

        @intercept
        def talk():
            try:
                yield 1
            except KeyError:
                yield 2

        @intercept
        async def talk_later():
            try:
                yield 1
            except KeyError:
                yield 2

        async def drive():
            talking = talk_later()
            chunks = [await talking.__anext__()]
            with contextlib.suppress(ZeroDivisionError):
                chunks.append(await talking.athrow(kind("thrown")))
            return chunks + [chunk async for chunk in talking]

        def agent():
            if is_async:
                return asyncio.run(drive())
            talking = talk()
            chunks = [next(talking)]
            with contextlib.suppress(ZeroDivisionError):
                chunks.append(talking.throw(kind("thrown")))
            return chunks + list(talking)

        assert recorded(tape, agent) == replayed(tape, agent) == ([1, 2] if is_caught else [1])
        assert Cassette.load(tape).steps[0]["stream"]["thrown"] == [1]

    def test_what_is_thrown_into_it_for_the_first_time(self, tape, is_async):
        """The tape does not know what the generator would do about it."""
        stream = source_of("async_generator" if is_async else "generator", [1, 2])
        recorded(tape, lambda: read(stream("hello")))

        async def drive(given):
            await given.__anext__()
            await given.athrow(KeyError("thrown"))

        def agent():
            given = stream("hello")
            if is_async:
                asyncio.run(drive(given))
            next(given)
            given.throw(KeyError("thrown"))

        with pytest.raises(KeyError, match="thrown"):
            replayed(tape, agent)

    def test_closed_where_something_was_thrown(self, tape, is_async):
        """The end of a reader is no exception like others."""
        stream = source_of("async_generator" if is_async else "generator", [1, 2])

        async def drive(given, *, throws):
            await given.__anext__()
            if throws:
                with pytest.raises(KeyError):
                    await given.athrow(KeyError("thrown"))
            await given.aclose()

        def agent(*, throws):
            given = stream("hello")
            if is_async:
                asyncio.run(drive(given, throws=throws))
                return
            next(given)
            if throws:
                with pytest.raises(KeyError):
                    given.throw(KeyError("thrown"))
            given.close()

        recorded(tape, lambda: agent(throws=True))
        replayed(tape, lambda: agent(throws=False))

    def test_clean_up_when_it_is_left(self, tape, is_async):
        """It runs when the reader leaves, and the calls that it makes belong to the stream."""
        ask = intercept(lambda prompt: f"{prompt}!", name="ask")
        log = []

        @intercept
        def talk():
            try:
                yield 1
            finally:
                log.append(ask("clean up"))

        @intercept
        async def talk_later():
            try:
                yield 1
            finally:
                log.append(ask("clean up"))

        async def drive():
            talking = talk_later()
            await talking.__anext__()
            await talking.aclose()
            return list(log)

        def agent():
            if is_async:
                return asyncio.run(drive())
            talking = talk()
            next(talking)
            talking.close()
            return list(log)

        assert recorded(tape, agent) == ["clean up!"]
        assert [step.get("parent") for step in Cassette.load(tape).steps] == [None, 0]
        log.clear()
        assert replayed(tape, agent) == []

    def test_calls_of_a_generator_belong_to_it(self, tape, is_async):
        """Those of its reader do not."""
        ask = intercept(lambda prompt: f"{prompt}!", name="ask")

        @intercept
        def talk():
            for number in range(2):
                yield ask(f"inside {number}")

        @intercept
        async def talk_later():
            for number in range(2):
                yield ask(f"inside {number}")

        async def drive():
            return [ask(f"outside {chunk}") async for chunk in talk_later()]

        def agent():
            return asyncio.run(drive()) if is_async else [ask(f"outside {c}") for c in talk()]

        assert recorded(tape, agent) == replayed(tape, agent)
        parents = [step.get("parent") for step in Cassette.load(tape).steps]
        assert parents == [None, 0, None, 0, None]


async def plain():
    """End when it is cancelled."""
    for number in range(5):
        yield number


async def cleaned_up():
    """Wait for something when it is cancelled."""
    try:
        for number in range(5):
            yield number
    finally:
        await asyncio.sleep(0)


async def deaf():
    """End as if nothing was, when it is cancelled."""
    with contextlib.suppress(asyncio.CancelledError):
        for number in range(5):
            yield number


async def stubborn():
    """Go on when it is cancelled."""
    while True:
        try:
            yield 0
        except asyncio.CancelledError:
            yield 1


@pytest.mark.parametrize("source", [plain, cleaned_up, deaf, stubborn])
def test_left_in_the_last_moment_of_its_loop(tape, source):
    """The loop begins to close it, and cancels that at once: it is left like any other one."""
    words = intercept(source)

    async def agent():
        async for word in words():
            return word
        return None

    def run():
        return asyncio.run(agent())

    assert recorded(tape, run) == 0
    (step,) = Cassette.load(tape).steps
    assert step["stream"] == {"form": "async_generator", "left": True}
    since = time.monotonic()
    assert replayed(tape, run) == 0
    assert time.monotonic() - since < AT_ONCE


class TestGenerators:
    """What only plain generators have."""

    def test_the_return_value(self, tape):
        """`yield from` gives it."""
        talk = intercept(generate, name="talk")

        def agent():
            given = yield from talk([1])
            yield given

        assert recorded(tape, lambda: list(agent())) == [1, "the end"]
        assert replayed(tape, lambda: list(agent())) == [1, "the end"]

    def test_the_return_value_keeps_its_type(self, tape):
        """It is a value like any other."""

        @intercept
        def talk():
            yield 1
            return (1, {2})

        def agent():
            yield (yield from talk())

        assert recorded(tape, lambda: list(agent())) == [1, (1, {2})]
        assert replayed(tape, lambda: list(agent())) == [1, (1, {2})]

    def test_a_generator_that_is_handed_on(self, tape):
        """Both calls are taped, and nothing is taped twice in one of them."""
        inner = intercept(generate, name="inner")

        @intercept
        def outer(chunks):
            return inner(chunks)

        def agent():
            return list(outer([1, 2]))

        assert recorded(tape, agent) == replayed(tape, agent) == [1, 2]
        steps = Cassette.load(tape).steps
        assert [(step["name"], step["result"]) for step in steps] == [
            ("outer", [1, 2]),
            ("inner", [1, 2]),
        ]


class TestIterators:
    """Objects that are read, and can do more."""

    def test_files_are_no_streams(self, tape, tmp_path):
        """A result that happens to be open must not be read by us, line by line."""
        (tmp_path / "text").write_text("a\nb\n")

        @intercept
        def opened():
            return (tmp_path / "text").open()

        session = record(tape)
        recorder = session.open()
        with opened() as file:
            assert list(file) == ["a\n", "b\n"]
        with pytest.warns(UserWarning, match="can't be restored"):
            session.commit()

        assert "stream" not in recorder.steps[0]

    @pytest.mark.parametrize(
        "make",
        [
            lambda: iter([1, 2]),
            lambda: map(abs, [1, -2]),
            lambda: zip([1, 2]),
            lambda: Bare([1, 2]),
        ],
        ids=["list", "map", "zip", "no methods"],
    )
    def test_of_other_sorts(self, tape, make):
        """Whatever has a next item."""
        stream = intercept(make, name="stream")

        def agent():
            given = stream()
            return list(given), hasattr(given, "__enter__"), hasattr(given, "__anext__")

        assert recorded(tape, agent) == replayed(tape, agent) == (list(make()), False, False)

    def test_attributes_while_recording(self, tape):
        """The agent sees the original's."""
        stream = source_of("iterator", [1])
        with record(tape):
            given = stream("hello")
            assert given.response == "200 OK"
            assert not hasattr(given, "status")
            with given:
                list(given)
            given.close()
            assert given.log == ["entered", "left", "closed"]

    def test_a_context_manager_that_swallows(self, tape):
        """It is the original that decides."""
        stream = source_of("iterator", [1])
        with record(tape), stream("hello"):
            raise KeyError

    def test_reading_again_after_the_end(self, tape):
        """There is nothing more, then and now."""
        stream = source_of("iterator", [1])

        def agent():
            given = stream("hello")
            return [*given, *given, next(given, None)]

        assert recorded(tape, agent) == replayed(tape, agent) == [1, None]

    def test_reading_on_after_an_error(self, tape):
        """The tape ends with the error; the agent does not."""
        stream = source_of("iterator", [1, KeyError("a"), 2, KeyError("b")])
        with record(tape) as recorder:
            given = stream("hello")
            assert next(given) == 1
            with pytest.raises(KeyError, match="a"):
                next(given)
            assert next(given) == 2
            with pytest.raises(KeyError, match="b"):
                next(given)

        (step,) = recorder.steps
        assert step["result"] == [1]
        assert step["error"]["args"] == ["a"]

    def test_closed_in_the_end(self, tape):
        """What was read to its end was not left."""
        stream = source_of("iterator", [1])
        with record(tape) as recorder:
            given = stream("hello")
            list(given)
            given.close()

        assert "left" not in recorder.steps[0]["stream"]


class TestAsyncIterators:
    """The same, awaited."""

    def test_attributes_while_recording(self, tape):
        """The agent sees the original's."""
        stream = source_of("async_iterator", [1])

        async def agent():
            given = stream("hello")
            assert given.response == "200 OK"
            assert not hasattr(given, "status")
            async with given:
                assert [chunk async for chunk in given] == [1]
            await given.close()
            await given.aclose()
            return given.log

        with record(tape):
            assert asyncio.run(agent()) == ["entered", "left", "closed", "closed"]

    def test_context_managers(self, tape):
        """They give the stream itself."""
        stream = intercept(lambda: AsyncStream([1, 2]), name="stream")

        async def drive():
            async with stream() as given:
                return [chunk async for chunk in given]

        def agent():
            return asyncio.run(drive())

        assert recorded(tape, agent) == replayed(tape, agent) == [1, 2]

    def test_of_other_sorts(self, tape):
        """What can do nothing but be read can do nothing more in replay."""
        stream = intercept(lambda: AsyncBare([1, 2]), name="stream")

        async def drive():
            given = stream()
            offers = [hasattr(given, name) for name in ("__aenter__", "__next__", "close")]
            return [chunk async for chunk in given], offers

        def agent():
            return asyncio.run(drive())

        assert recorded(tape, agent) == replayed(tape, agent) == ([1, 2], [False] * 3)

    def test_a_context_manager_that_swallows(self, tape):
        """It is the original that decides."""
        stream = source_of("async_iterator", [1])

        async def agent():
            async with stream("hello"):
                raise KeyError

        with record(tape):
            asyncio.run(agent())

    def test_reading_again_after_the_end(self, tape):
        """There is nothing more, then and now."""
        stream = source_of("async_iterator", [1])

        async def drive():
            given = stream("hello")
            first = [chunk async for chunk in given]
            return first, [chunk async for chunk in given]

        def agent():
            return asyncio.run(drive())

        assert recorded(tape, agent) == replayed(tape, agent) == ([1], [])

    def test_a_close_that_is_not_awaited(self, tape):
        """Some clients have one."""

        class Closable(AsyncBare):
            def close(self):
                closed.append(True)

        closed = []
        stream = intercept(lambda: Closable([1]), name="stream")

        async def agent():
            stream().close()

        recorded(tape, lambda: asyncio.run(agent()))
        assert closed == [True]
        replayed(tape, lambda: asyncio.run(agent()))

    def test_of_an_awaited_call(self, tape):
        """SDKs give it so."""

        @intercept
        async def stream(prompt):
            await asyncio.sleep(0)
            return AsyncStream([prompt])

        async def drive():
            return [chunk async for chunk in await stream("hello")]

        def agent():
            return asyncio.run(drive())

        assert recorded(tape, agent) == replayed(tape, agent) == ["hello"]


class TestCancelledReads:
    """A read that was cancelled waits, in replay, to be cancelled again."""

    @staticmethod
    async def agent(stream, seconds=0.1):
        """Read for some time only."""
        chunks = []

        async def read_all():
            given = stream("hello")
            try:
                async for chunk in given:
                    chunks.append(chunk)  # noqa: PERF401 - those before it is cancelled count
            finally:
                await given.aclose()

        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(read_all(), seconds)
        return chunks

    @staticmethod
    async def stall():
        """Take too long."""
        await asyncio.sleep(30)

    @pytest.mark.parametrize("form", ["async_generator", "async_iterator"])
    def test_times_out_again(self, tape, form):
        """After the same chunks."""
        stream = source_of(form, [1, 2, self.stall])
        live = recorded(tape, lambda: asyncio.run(self.agent(stream)))
        step = Cassette.load(tape).steps[0]

        assert live == [1, 2]
        assert (step["unfinished"], step["result"]) == (True, [1, 2])
        assert replayed(tape, lambda: asyncio.run(self.agent(stream))) == [1, 2]

    def test_is_drift_where_nobody_cancels(self, tape):
        """About a second later."""
        stream = source_of("async_generator", [1, 2, self.stall])
        recorded(tape, lambda: asyncio.run(self.agent(stream)))
        began = time.monotonic()
        with pytest.raises(DivergenceError, match="had no outcome"):
            replayed(tape, lambda: asyncio.run(self.agent(stream, 60)))

        assert time.monotonic() - began < SOON

    def test_in_an_update_where_nobody_cancels(self, tape):
        """No live stream goes on where the taped one ends."""
        stream = source_of("async_iterator", [1, 2, self.stall])
        recorded(tape, lambda: asyncio.run(self.agent(stream)))
        session = use_cassette(tape, record_mode="update")
        with pytest.raises(DivergenceError, match="read further"), session:
            asyncio.run(self.agent(stream, 60))

        assert runs == []

    @pytest.mark.parametrize("form", ["async_generator", "async_iterator"])
    def test_an_update_leaves_the_file_alone(self, tape, form):
        """Nothing has changed."""
        stream = source_of(form, [1, 2, self.stall])
        recorded(tape, lambda: asyncio.run(self.agent(stream)))
        before = tape.read_bytes()
        with use_cassette(tape, record_mode="update"):
            asyncio.run(self.agent(stream))

        assert tape.read_bytes() == before


class TestOverlappingStreams:
    """Streams that are read at the same time end in the order in which they ended."""

    def test_of_tasks(self, tape):
        """Whoever came first live comes first again."""

        @intercept
        async def stream(prompt):
            for number in range(3):
                await asyncio.sleep(pauses[prompt])
                yield number

        async def read_all(prompt):
            return prompt, [chunk async for chunk in stream(prompt)]

        async def drive():
            calls = [read_all(prompt) for prompt in "abc"]
            return [(await one)[0] for one in asyncio.as_completed(calls)]

        pauses = {"a": 0.03, "b": 0.01, "c": 0.02}

        live = recorded(tape, lambda: asyncio.run(drive()))
        for _ in range(10):
            assert replayed(tape, lambda: asyncio.run(drive())) == live

    def test_of_threads(self, tape):
        """The same."""

        @intercept
        def stream(prompt):
            for number in range(3):
                time.sleep(pauses[prompt])
                yield number

        def read_all(prompt):
            list(stream(prompt))
            ended.append(prompt)

        def agent():
            ended.clear()
            threads = [threading.Thread(target=read_all, args=(prompt,)) for prompt in "abc"]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return list(ended)

        pauses = {"a": 0.06, "b": 0.01, "c": 0.03}
        ended = []

        live = recorded(tape, agent)
        for _ in range(10):
            assert replayed(tape, agent) == live

    def test_a_stream_that_is_left_holds_nobody_up(self, tape):
        """Not where it was left when it was taped, and not where it is left now."""
        stream = source_of("async_iterator", [1, 2, 3])
        ask = intercept(self.answer, name="ask")

        async def drive(count):
            given = stream("hello")
            for _ in range(count):
                await given.__anext__()
            await given.close()
            return await asyncio.gather(ask("a"), ask("b"))

        for live, now in ((1, 1), (3, 1)):
            assert recorded(tape, lambda: asyncio.run(drive(live))) == ["a!", "b!"]  # noqa: B023
            assert replayed(tape, lambda: asyncio.run(drive(now))) == ["a!", "b!"]  # noqa: B023

    @staticmethod
    async def answer(prompt):
        """Answer."""
        await asyncio.sleep(0.01)
        return f"{prompt}!"


@pytest.mark.parametrize("form", ["async_generator", "async_iterator"])
def test_under_trio(tape, form):
    """Another event loop reads the same chunks, and others run between them."""

    async def later(chunks):
        for chunk in chunks:
            await trio.lowlevel.checkpoint()
            yield chunk

    class Reader:
        def __init__(self, chunks):
            self.chunks = later(chunks)

        def __aiter__(self):
            return self

        async def __anext__(self):
            return await self.chunks.__anext__()

    make = later if form == "async_generator" else Reader
    stream = intercept(lambda: make([1, 2]), name="stream")

    async def drive():
        return [chunk async for chunk in stream()]

    def agent():
        return trio.run(drive)

    assert recorded(tape, agent) == replayed(tape, agent) == [1, 2]
