"""Streams that can do more than be read: what else they were asked for is taped, and comes back."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import gc
import inspect
import threading
import time
import weakref
from collections.abc import AsyncIterator
from unittest import mock

import pytest

from agentcassette import (
    Cassette,
    DivergenceError,
    UnreplayableValue,
    intercept,
    record,
    replay,
    use_cassette,
)

runs = []


@pytest.fixture(autouse=True)
def no_runs():
    """Count the live calls anew in each test."""
    runs.clear()


@pytest.fixture
def tape(tmp_path):
    """Give the path of a cassette that does not exist."""
    return tmp_path / "tape.json"


class Client:
    """What is no data."""


@dataclasses.dataclass
class Message:
    """What a stream adds up to."""

    text: str
    usage: dict


@dataclasses.dataclass
class Part:
    """Data that can be entered."""

    size: int

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        """Do nothing."""


class Chunk(dict):
    """A chunk that can be watched."""


class Events:
    """A stream of an SDK: iterated, entered, closed, and asked for what it adds up to."""

    def __init__(self, words):
        self.words = list(words)
        self.read = []
        self.status = 200
        self._client = Client()
        self.texts = self.say()

    def say(self):
        """Hand out the words in another way."""
        for word in self:
            yield word.upper()

    def __iter__(self):
        return self

    def __next__(self):
        runs.append("next")
        if not self.words:
            raise StopIteration
        self.read.append(self.words.pop(0))
        return self.read[-1]

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        self.close()

    def close(self):
        """Close the connection."""
        runs.append("close")

    @property
    def snapshot(self):
        """What has been read so far."""
        return " ".join(self.read)

    def snapshots(self):
        """What has been read so far, from a method."""
        return self.snapshot

    @property
    def usage(self):
        """What is only known in the end."""
        if self.words:
            raise LookupError("not read to its end")
        return {"input_tokens": 7, "output_tokens": len(self.read)}

    def final(self, separator=" "):
        """Read what is left, and add it up."""
        list(self)
        return Message(separator.join(self.read), self.usage)

    def ask(self, question):
        """Answer in a way that depends on what was asked."""
        if question == "why":
            raise KeyError(question)
        return [question, len(self.read)]

    def count(self, *given):
        """Count what it is given."""
        return len(given)

    def again(self):
        """Give itself."""
        return self

    def pieces(self, size):
        """Give another stream."""
        for word in self.words:
            yield word[:size]


class Manager:
    """What gives such a stream once it is entered."""

    def __enter__(self):
        runs.append("enter")
        self.events = Events("ab")
        return self.events

    def __exit__(self, *raised):
        self.events.close()


class AsyncEvents:
    """The same, awaited."""

    def __init__(self, words):
        self.words = list(words)
        self.read = []

    def __aiter__(self):
        return self

    async def __anext__(self):
        await asyncio.sleep(0)
        if not self.words:
            raise StopAsyncIteration
        self.read.append(self.words.pop(0))
        return self.read[-1]

    async def __aenter__(self):
        return self

    async def __aexit__(self, *raised):
        await self.close()

    async def close(self):
        """Close the connection."""
        runs.append("close")

    @property
    async def texts(self):
        """Hand out the words in another way."""
        async for word in self:
            yield word.upper()

    async def final(self):
        """Read what is left, and add it up."""
        if self.words == ["broken"]:
            raise ConnectionError("lost")
        return " ".join([*self.read, *[word async for word in self]])

    async def pieces(self):
        """Give another stream, once it is awaited."""
        return AsyncEvents(self.words)

    async def stall(self):
        """Take too long."""
        await asyncio.sleep(30)


def both(tape, agent):
    """Record a run of an agent, replay it strictly with nothing running, and give both results."""
    with record(tape):
        live = agent()
    runs.clear()
    with replay(tape, strict=True) as player:
        again = agent()
    assert runs == []
    assert player.remaining == 0
    return live, again


def same(tape, agent):
    """Give the result of an agent that is the same in both."""
    live, again = both(tape, agent)
    assert again == live
    return live


def same_later(tape, agent):
    """Do the same with an agent that is awaited."""
    return same(tape, lambda: asyncio.run(agent()))


@intercept(kind="llm")
def events(*words):
    """Call a model."""
    runs.append("events")
    return Events(words)


@intercept(kind="llm")
async def events_later(*words):
    """Call a model, awaited."""
    runs.append("events_later")
    return AsyncEvents(words)


def swallow(use, stream):
    """Use a stream as an agent does that catches everything."""
    with contextlib.suppress(DivergenceError):
        use(stream)


class TestUses:
    """What a stream is asked for beside its chunks."""

    def test_attributes(self, tape):
        """As they were at that place of the stream."""

        def agent():
            with events("a", "b", "c") as stream:
                seen = [stream.status, stream.snapshot]
                for _ in stream:
                    seen += [stream.snapshot, stream.status]
                return seen

        assert same(tape, agent) == [200, "", "a", 200, "a b", 200, "a b c", 200]
        (step,) = Cassette.load(tape).steps
        assert [use for use in step["stream"]["uses"] if use["name"] == "status"] == [
            {"name": "status", "result": 200}
        ]

    def test_methods(self, tape):
        """By their arguments, with values of their own types."""

        def agent():
            stream = events("a", "b", "c")
            next(stream)
            return stream.ask("x"), stream.ask(question="y"), stream.final("-"), next(stream, None)

        assert same(tape, agent) == (
            ["x", 1],
            ["y", 1],
            Message("a-b-c", {"input_tokens": 7, "output_tokens": 3}),
            None,
        )

    def test_tokens_of_a_final_message(self, tape):
        """The chunks need not tell them."""
        with record(tape) as recorder:
            events("a", "b").final()

        assert (recorder.total_input_tokens, recorder.total_output_tokens) == (7, 2)

    def test_an_estimate_of_what_was_only_used(self, tape):
        """Where nothing was read, what came counts; where something was read, that alone."""

        def agent(count):
            stream = events("aaaa", "bbbb")
            for _ in range(count):
                next(stream)
            return stream.ask("x" * 13)

        for count, tokens in ((0, 5), (1, 1)):
            with record(tape) as recorder:
                agent(count)
            assert recorder.total_output_tokens == tokens

    def test_exceptions(self, tape):
        """Of methods and of attributes."""

        def agent():
            stream = events("a")
            with pytest.raises(KeyError, match="why"):
                stream.ask("why")
            with pytest.raises(LookupError, match="not read"):
                stream.usage  # noqa: B018 - to ask is to fail
            next(stream)
            return stream.usage

        assert same(tape, agent) == {"input_tokens": 7, "output_tokens": 1}

    def test_attributes_that_are_not_there(self, tape):
        """They were asked for, and are not there in replay either."""

        def agent():
            stream = events("a")
            return hasattr(stream, "model"), getattr(stream, "model", "gpt"), list(stream)

        assert same(tape, agent) == (False, "gpt", ["a"])
        (step,) = Cassette.load(tape).steps
        assert step["stream"]["uses"] == [{"name": "model", "result": None, "absent": True}]

    def test_streams_in_streams(self, tape):
        """Another way to read it, as an attribute or from a method."""

        def agent():
            stream = events("abc", "def")
            pieces = list(stream.pieces(2))
            read = [text for text, _ in zip(stream.texts, "12")]
            return pieces, read, list(stream.texts)

        assert same(tape, agent) == (["ab", "de"], ["ABC", "DEF"], [])

    def test_a_stream_in_a_stream_that_is_left_and_read_on(self, tape):
        """It is one and the same, however often it is asked for."""

        def agent():
            stream = events("a", "b", "c")
            first = [text for _, text in zip("1", stream.texts)]
            return first, next(stream.texts), stream.texts is stream.texts

        assert same(tape, agent) == (["A"], "B", True)

    def test_it_gives_itself(self, tape):
        """What a method gives may be the stream."""

        def agent():
            return list(events("a", "b").again())

        assert same(tape, agent) == ["a", "b"]

    def test_a_method_that_starts_calls(self, tape):
        """They belong to the call that gave the stream."""
        look_up = intercept(lambda word: word * 2, name="look_up")

        class Doubling(Events):
            def ask(self, question):
                return look_up(question)

        stream = intercept(lambda: Doubling("a"), name="stream")

        assert same(tape, lambda: stream().ask("b")) == "bb"
        assert [step.get("parent") for step in Cassette.load(tape).steps] == [None, 0]

    def test_awaited_methods(self, tape):
        """They are awaited in replay as well."""

        async def agent():
            stream = await events_later("a", "b", "c")
            first = await stream.__anext__()
            pieces = [piece async for piece in await stream.pieces()]
            final = stream.final()
            assert inspect.isawaitable(final)
            return first, pieces, await final

        assert same_later(tape, agent) == ("a", ["b", "c"], "a b c")

    def test_awaited_exceptions(self, tape):
        """They come when it is awaited."""

        async def agent():
            final = (await events_later("broken")).final()
            with pytest.raises(ConnectionError, match="lost"):
                await final

        same_later(tape, agent)

    def test_async_streams_in_streams(self, tape):
        """Read with `async for`."""

        async def agent():
            async with await events_later("a", "b") as stream:
                return [text async for text in stream.texts]

        assert same_later(tape, agent) == ["A", "B"]

    def test_a_use_that_was_cancelled(self, tape):
        """It waits to be cancelled again, and is drift where nobody does."""

        async def agent(seconds=0.05):
            stream = await events_later("a")
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(stream.stall(), seconds)
            return [word async for word in stream]

        assert same_later(tape, agent) == ["a"]
        began = time.monotonic()
        with pytest.raises(DivergenceError, match="no outcome"), replay(tape, strict=True):
            asyncio.run(agent(60))
        assert time.monotonic() - began < 5

    def test_a_use_that_was_cancelled_at_once(self, tape):
        """Not everything that is cancelled was awaited."""

        class Cancelled(Events):
            def ask(self, question):
                raise asyncio.CancelledError

        stream = intercept(lambda: Cancelled("a"), name="stream")
        with record(tape), pytest.raises(asyncio.CancelledError):
            stream().ask("x")
        with pytest.raises(DivergenceError, match="no outcome"), replay(tape, strict=True):
            stream().ask("x")

    def test_a_question_that_is_no_data(self, tape):
        """It counts by its class, and is no loss."""

        def agent():
            stream = events("a")
            return stream.count(Client()), list(stream)

        assert same(tape, agent) == (1, ["a"])

    def test_a_use_that_ended_the_program(self, tape):
        """Nothing came of it, and nothing is on tape."""

        class Interrupted(Events):
            def ask(self, question):
                raise KeyboardInterrupt

        stream = intercept(lambda: Interrupted("a"), name="stream")
        with record(tape) as recorder, pytest.raises(KeyboardInterrupt):
            stream().ask("x")

        assert "uses" not in recorder.steps[0]["stream"]

    def test_what_is_set_on_it(self, tape):
        """It is the agent's own, and not taped."""

        def agent():
            stream = events("a")
            stream.label = "mine"
            return stream.label, list(stream)

        assert same(tape, agent) == ("mine", ["a"])
        assert "uses" not in Cassette.load(tape).steps[0]["stream"]

    def test_what_is_no_data(self, tape):
        """It can't be restored, which is told once, and again where it is used."""

        def agent():
            stream = events("a", "b")
            return [(stream._client, word) for word in stream]

        session = record(tape)
        session.open()
        agent()
        with pytest.warns(UserWarning, match="/stream/uses/0/result can't be restored") as warned:
            session.commit()
        assert len(warned) == 1
        with replay(tape, strict=True), pytest.raises(UnreplayableValue, match="Client"):
            agent()[0][0].name  # noqa: B018 - to look is to fail

    def test_secrets(self, tape):
        """They are taken out of uses like out of anything else."""

        def agent():
            stream = events("a")
            return stream.ask({"api_key": "sk-0"}), stream.ask({"api_key": "sk-1"})

        with record(tape, redact=["api_key", "name", "uses"]):
            agent()
        assert "sk-" not in tape.read_text()
        with replay(tape, strict=True):
            assert agent()[0] == [{"api_key": "****"}, 0]

    def test_its_class(self, tape):
        """Who asks what it is hears of the original."""

        def agent():
            stream = events("a")
            return isinstance(stream, Events), isinstance(stream, AsyncIterator), repr(stream)

        answer = same(tape, agent)
        assert answer[:2] == (True, False)
        assert "Events" in answer[2]

    def test_a_class_that_is_not_there(self, tape):
        """A tape may come from elsewhere."""

        def agent():
            with events("a") as stream:
                return list(stream), stream.snapshot, stream.close()

        with record(tape):
            agent()
        tape.write_text(tape.read_text().replace(f"{__name__}:Events", "elsewhere:Events"))
        with replay(tape, strict=True):
            assert agent() == (["a"], "a", None)

    def test_handed_on(self, tape):
        """As an argument it counts as the object that it stands for."""
        keep = intercept(lambda stream: None, name="keep")

        def agent():
            keep(events("a"))

        both(tape, agent)
        keeping = Cassette.load(tape).steps[1]
        assert keeping["types"] == {"/arguments/args/0": f"!{__name__}:Events"}

    def test_an_update_takes_them_over(self, tape):
        """A stream that was answered from the tape is written as it was."""

        def agent():
            stream = events("a", "b")
            return stream.status, list(stream), stream.final()

        with record(tape):
            live = agent()
        before = tape.read_bytes()
        with use_cassette(tape, record_mode="update"):
            assert agent() == live
        assert tape.read_bytes() == before


class TestDrift:
    """A stream that is used in a way in which it was not used when it was taped."""

    @pytest.fixture
    def taped(self, tape):
        """Record a stream that is read, and asked one question."""
        with record(tape):
            stream = events("a", "b")
            list(stream)
            stream.ask("x")
        return tape

    @pytest.mark.parametrize(
        ("use", "said"),
        [
            (lambda stream: stream.final(), r"final\(\) was not called on what it gave"),
            (lambda stream: stream.ask(key="y"), r'ask\(key="y"\) was ask\("x"\) on what it gave'),
            (lambda stream: [stream.ask("x"), stream.ask("x")], r"was called less often on what"),
            (lambda stream: stream.snapshot, "snapshot of what it gave was not read"),
            (lambda stream: hasattr(stream, "model"), "model of what it gave was not read"),
        ],
        ids=["method", "arguments", "once more", "attribute", "unknown"],
    )
    def test_is_told(self, taped, use, said):
        """And sticks."""
        session = replay(taped, strict=True)
        with pytest.raises(DivergenceError, match=said), session:
            swallow(use, events("a", "b"))

        assert session.fault.step_index == 0

    def test_in_best_effort(self, taped):
        """It is noted, and raised, for there is nothing to answer with."""
        with replay(taped) as player:
            stream = events("a", "b")
            with pytest.raises(DivergenceError, match="final"):
                stream.final()
            assert list(stream) == ["a", "b"]

        assert [one["reason"] for one in player.divergences] == [
            "final() was not called on what it gave when it was recorded"
        ]

    def test_what_a_class_has_of_itself_is_no_drift(self, taped):
        """Tools look for such names in everything."""
        with replay(taped, strict=True):
            stream = events("a", "b")
            assert not hasattr(stream, "__rich_repr__")
            assert not hasattr(stream, "aclose")

    def test_asking_more_often_while_it_is_read_is_none(self, tape):
        """A slower machine shows a stream in fewer pieces."""

        def agent(places):
            stream = events("a", "b", "c")
            return [stream.snapshots() for place, _ in enumerate(stream, 1) if place in places]

        with record(tape):
            assert agent({1, 3}) == ["a", "a b c"]
        with replay(tape, strict=True):
            assert agent({1, 2, 3}) == ["a", "a", "a b c"]

    def test_using_less_is_none(self, taped):
        """As it is with chunks."""
        with replay(taped, strict=True):
            events("a", "b")

    def test_a_question_at_another_place(self, taped):
        """The answer is that from the nearest place before, or after."""
        with replay(taped, strict=True):
            stream = events("a", "b")
            assert stream.ask("x") == ["x", 2]


class TestManagers:
    """What gives a stream, or a value, once it is entered."""

    def test_a_stream(self, tape):
        """Entered, read and asked."""
        stream = intercept(lambda: Manager(), name="stream")  # noqa: PLW0108 - a call to intercept

        def agent():
            manager = stream()
            assert isinstance(manager, Manager)
            with manager as given:
                return isinstance(given, Events), list(given), given.final()

        assert same(tape, agent)[:2] == (True, ["a", "b"])
        (step,) = Cassette.load(tape).steps
        assert step["result"] == ["a", "b"]
        assert step["stream"]["manager"]["offers"] == ["with"]

    @pytest.mark.parametrize("value", [5, "text", (1, {2}), Message("a", {}), None])
    def test_a_value(self, tape, value):
        """Data comes back as data."""

        @intercept
        @contextlib.contextmanager
        def lent():
            runs.append("lent")
            yield value

        def agent():
            with lent() as given:
                return given, type(given)

        assert same(tape, agent) == (value, type(value))

    def test_a_generator(self, tape):
        """Handed out by a manager."""

        @intercept
        @contextlib.contextmanager
        def opened():
            yield (number for number in range(3))

        def agent():
            with opened() as numbers:
                return inspect.isgenerator(numbers), list(numbers)

        assert same(tape, agent) == (True, [0, 1, 2])

    def test_an_object(self, tape):
        """What it is asked for is taped."""

        class Connection:
            def __init__(self):
                self.status = "open"

            def query(self, text):
                runs.append("query")
                return [(text, 1)]

        @intercept
        @contextlib.contextmanager
        def connection():
            yield Connection()

        def agent():
            with connection() as given:
                return given.status, given.query("a"), given.query("b")

        assert same(tape, agent) == ("open", [("a", 1)], [("b", 1)])

    def test_itself(self, tape):
        """Many managers give themselves."""

        class Session:
            def __enter__(self):
                return self

            def __exit__(self, *raised):
                runs.append("exit")

            def get(self, url):
                return {"url": url}

        session = intercept(lambda: Session(), name="session")  # noqa: PLW0108 - a call to intercept

        def agent():
            opened = session()
            with opened as given:
                return given is opened, given.get("/")

        assert same(tape, agent) == (True, {"url": "/"})

    def test_an_iterable(self, tape):
        """What can be iterated, but is no iterator itself."""

        class Rows:
            def __iter__(self):
                return iter([1, 2])

        @intercept
        @contextlib.contextmanager
        def rows():
            yield Rows()

        def agent():
            with rows() as given:
                return hasattr(given, "__next__"), list(given)

        assert same(tape, agent) == (False, [1, 2])

    def test_async(self, tape):
        """With `async with`, and an object that is iterated though it is data, as frameworks do."""

        @dataclasses.dataclass
        class Response:
            client: object

            async def __aiter__(self):
                for number in range(3):
                    yield number

            def get(self):
                return {"parts": 3}

        @intercept
        @contextlib.asynccontextmanager
        async def request_stream(prompt):
            runs.append(prompt)
            await asyncio.sleep(0)
            yield Response(Client())

        async def agent():
            async with request_stream("hello") as response:
                return [event async for event in response], response.get()

        assert same_later(tape, agent) == ([0, 1, 2], {"parts": 3})

    def test_awaited_or_entered(self, tape):
        """As the requests of aiohttp are."""

        class Request:
            def __await__(self):
                return self.send().__await__()

            async def send(self):
                runs.append("send")
                return Events("ab")

            async def __aenter__(self):
                return await self.send()

            async def __aexit__(self, *raised):
                runs.append("exit")

        get = intercept(lambda url: Request(), name="get")

        async def agent():
            async with get("/") as entered:
                words = list(entered)
            return words, (await get("/")).ask("x")

        assert same_later(tape, agent) == (["a", "b"], ["x", 0])

    @pytest.mark.parametrize("is_async", [False, True], ids=["plain", "async"])
    def test_an_error_when_it_is_entered(self, tape, is_async):
        """That is where an SDK makes its request."""

        @contextlib.contextmanager
        def refusing():
            runs.append("refusing")
            raise ConnectionError("refused")
            yield

        @contextlib.asynccontextmanager
        async def refusing_later():
            with refusing() as given:
                yield given

        manager = intercept(refusing_later if is_async else refusing, name="manager")

        async def enter():
            async with manager():
                """Never come here."""

        def enter_now():
            with manager():
                """Never come here."""

        def agent():
            with pytest.raises(ConnectionError, match="refused"):
                asyncio.run(enter()) if is_async else enter_now()

        both(tape, agent)

    @pytest.mark.parametrize("is_async", [False, True], ids=["plain", "async"])
    def test_an_exception_that_it_keeps_to_itself(self, tape, is_async):
        """It does so in replay."""

        class Quiet(contextlib.suppress, contextlib.AbstractAsyncContextManager):
            async def __aenter__(self):
                return self

            async def __aexit__(self, *raised):
                return self.__exit__(*raised)

        quiet = intercept(lambda: Quiet(KeyError), name="quiet")

        async def later():
            async with quiet():
                raise KeyError
            return "went on"

        def agent():
            if is_async:
                return asyncio.run(later())
            with quiet():
                raise KeyError
            return "went on"

        assert same(tape, agent) == "went on"

    @pytest.mark.parametrize("is_async", [False, True], ids=["plain", "async"])
    def test_an_exception_that_it_raises_in_the_place_of_another(self, tape, is_async):
        """As `raise ... from` in a manager does."""

        @contextlib.contextmanager
        def translating():
            try:
                yield 1
            except KeyError as error:
                raise ValueError("translated") from error

        @contextlib.asynccontextmanager
        async def translating_later():
            with translating() as given:
                yield given

        manager = intercept(translating_later if is_async else translating, name="manager")

        async def later(error):
            async with manager():
                raise error

        def agent(error):
            if is_async:
                asyncio.run(later(error))
            with manager():
                raise error

        def run():
            with pytest.raises(ValueError, match="translated"):
                agent(KeyError("a"))
            with pytest.raises(LookupError, match="own"):
                agent(LookupError("own"))

        both(tape, run)

    def test_an_exception_of_the_agent_that_it_raises_again(self, tape):
        """It is the agent's, and has nothing to do with the tape."""

        class Plain:
            def __enter__(self):
                return 1

            def __exit__(self, kind, error, traceback):
                raise error

        manager = intercept(lambda: Plain(), name="manager")  # noqa: PLW0108 - a call to intercept

        def agent():
            with pytest.raises(KeyError, match="mine"), manager():
                raise KeyError("mine")

        both(tape, agent)
        assert "uses" not in Cassette.load(tape).steps[0]["stream"]

    def test_never_entered(self, tape):
        """The call was made; entering it now is drift."""
        stream = intercept(contextlib.contextmanager(lambda: iter([1])), name="stream")
        both(tape, lambda: stream() and None)
        session = replay(tape, strict=True)
        with pytest.raises(DivergenceError, match=r"read further"), session, stream():
            """Never come here."""
        with replay(tape) as player, pytest.raises(DivergenceError, match="was not entered"):
            stream().__enter__()
        assert len(player.divergences) == 2

    def test_cancelled_while_it_is_entered(self, tape):
        """It waits to be cancelled again."""

        @intercept
        @contextlib.asynccontextmanager
        async def slow():
            await asyncio.sleep(30)
            yield 1

        async def enter():
            async with slow() as given:
                return given

        async def agent(seconds=0.05):
            try:
                return await asyncio.wait_for(enter(), seconds)
            except asyncio.TimeoutError:
                return "timed out"

        assert same_later(tape, agent) == "timed out"
        with pytest.raises(DivergenceError, match="no outcome"), replay(tape, strict=True):
            asyncio.run(agent(60))

    def test_a_stream_that_gives_another_one_when_it_is_entered(self, tape):
        """It is asked for it in replay."""

        class Source(Events):
            def __enter__(self):
                return Events(["other"])

        source = intercept(lambda: Source("a"), name="source")

        def agent():
            stream = source()
            with stream as entered:
                return list(entered), list(stream)

        assert same(tape, agent) == (["other"], ["a"])

    def test_its_awaited_methods_may_give_managers(self, tape):
        """Which are entered, not awaited."""

        class Session:
            def __enter__(self):
                return self

            def __exit__(self, *raised):
                """Do nothing."""

            def get(self, url):
                return contextlib.nullcontext(url)

        session = intercept(lambda: Session(), name="session")  # noqa: PLW0108 - a call to intercept

        def agent():
            with session() as opened, opened.get("/") as given:
                return given

        assert same(tape, agent) == "/"

    def test_what_is_written_in_c_is_left_alone(self, tape):
        """Other code in C asks for the original."""
        lock = threading.Lock()
        lend = intercept(lambda: lock, name="lend")
        session = record(tape)
        session.open()
        assert lend() is lock
        with pytest.warns(UserWarning, match="lock"):
            session.commit()

    def test_mocks_are_left_alone(self, tape):
        """They offer everything, and are nothing of it."""
        double = mock.MagicMock()
        lend = intercept(lambda: double, name="lend")
        session = record(tape)
        session.open()
        assert lend() is double
        with pytest.warns(UserWarning, match="MagicMock"):
            session.commit()

    def test_data_that_can_be_entered_is_data(self, tape):
        """It comes back as itself."""
        part = intercept(lambda: Part(3), name="part")

        def agent():
            with part() as given:
                return given, type(given)

        assert same(tape, agent) == (Part(3), Part)


class TestBothColours:
    """Objects that can be read with `for` and with `async for`."""

    class Wrapper:
        """As that of litellm is."""

        def __init__(self):
            self.chunks = [1, 2, 3]

        def __iter__(self):
            return self

        def __next__(self):
            if not self.chunks:
                raise StopIteration
            return self.chunks.pop(0)

        def __aiter__(self):
            return self

        async def __anext__(self):
            if not self.chunks:
                raise StopAsyncIteration
            return self.chunks.pop(0)

    def test_either_way(self, tape):
        """However the agent reads it, first the one and then the other."""
        stream = intercept(lambda: self.Wrapper(), name="stream")  # noqa: PLW0108 - a call

        async def agent():
            given = stream()
            first = next(given)
            return first, [chunk async for chunk in given], list(given)

        assert same_later(tape, agent) == (1, [2, 3], [])


class TestMemory:
    """What is taped is not kept as it was."""

    def test_chunks_are_let_go(self, tape):
        """While the stream is read, live and in replay."""

        class Source:
            def __init__(self):
                self.left = 3

            def __iter__(self):
                return self

            def __next__(self):
                if not self.left:
                    raise StopIteration
                self.left -= 1
                return Chunk(number=self.left)

        stream = intercept(lambda: Source(), name="stream")  # noqa: PLW0108 - a call to intercept

        def agent():
            watched = []
            for chunk in stream():
                gc.collect()
                assert [one() for one in watched] == [None] * len(watched)
                watched.append(weakref.ref(chunk))
                del chunk
            return len(watched)

        assert same(tape, agent) == 3


class Rooms:
    """A connection: entered, asked, left."""

    def __init__(self):
        self.log = []

    def find(self, city):
        """Find a room."""
        runs.append(city)
        return f"{city} {len(runs)}"

    async def find_later(self, city):
        """Find a room, awaited."""
        return self.find(city)


@intercept
@contextlib.contextmanager
def connection():
    """Connect."""
    runs.append("connect")
    try:
        yield Rooms()
    finally:
        runs.append("leave")


@intercept
@contextlib.asynccontextmanager
async def connection_later():
    """Connect, awaited."""
    with connection.__wrapped__() as rooms:
        yield rooms


@contextlib.asynccontextmanager
async def refused():
    """Connect in vain."""
    await asyncio.sleep(0)
    raise ConnectionError("refused")
    yield


class TestGoingOn:
    """A connection that was answered from a tape, in a run that goes on live."""

    @staticmethod
    def agent(*cities):
        """Ask for rooms in some cities."""
        with connection() as rooms:
            return [rooms.find(city) for city in cities]

    @staticmethod
    async def agent_later(*cities):
        """Do the same, awaited."""
        async with connection_later() as rooms:
            return [await rooms.find_later(city) for city in cities]

    def run(self, *cities, is_async):
        """Run one of the two."""
        return asyncio.run(self.agent_later(*cities)) if is_async else self.agent(*cities)

    @pytest.mark.parametrize("is_async", [False, True], ids=["plain", "async"])
    def test_the_original_is_entered_when_it_is_needed(self, tape, is_async):
        """And left again; what it was asked before is answered from the tape."""
        with record(tape):
            live = self.run("Rome", "Oslo", is_async=is_async)
        runs.clear()
        with use_cassette(tape, record_mode="update"):
            again = self.run("Rome", "Bern", "Oslo", is_async=is_async)

        assert again == [live[0], "Bern 2", "Oslo 3"]
        assert runs == ["connect", "Bern", "Oslo", "leave"]
        runs.clear()
        with replay(tape, strict=True):
            assert self.run("Rome", "Bern", "Oslo", is_async=is_async) == again
        assert runs == []

    @pytest.mark.parametrize("is_async", [False, True], ids=["plain", "async"])
    def test_it_is_not_entered_where_the_tape_has_it_all(self, tape, is_async):
        """Nothing has changed."""
        with record(tape):
            self.run("Rome", is_async=is_async)
        runs.clear()
        with use_cassette(tape, record_mode="update"):
            self.run("Rome", is_async=is_async)

        assert runs == []

    def test_tasks_that_need_it_at_the_same_time(self, tape):
        """It is entered once."""

        async def agent(*cities):
            async with connection_later() as rooms:
                return await asyncio.gather(*map(rooms.find_later, cities))

        with record(tape):
            asyncio.run(agent("Rome"))
        runs.clear()
        with use_cassette(tape, record_mode="update"):
            asyncio.run(agent("Rome", "Bern", "Oslo"))

        assert runs == ["connect", "Bern", "Oslo", "leave"]

    def test_an_original_that_can_not_be_entered(self, tape):
        """Its exception is the agent's, and each task that needs it tries."""
        ways = [connection_later.__wrapped__(), refused(), refused()]
        connect = intercept(lambda: ways.pop(0), name="connect")

        async def agent(*cities):
            async with connect() as rooms:
                finding = map(rooms.find_later, cities)
                return await asyncio.gather(*finding, return_exceptions=True)

        with record(tape):
            asyncio.run(agent("Rome"))
        with use_cassette(tape, record_mode="update"):
            found = asyncio.run(agent("Rome", "Bern", "Oslo"))

        assert [type(one) for one in found] == [str, ConnectionError, ConnectionError]

    def test_an_attribute_of_the_original(self, tape):
        """Once it answers for itself, it does so in all."""
        with record(tape):
            self.agent("Rome")
        with use_cassette(tape, record_mode="update"), connection() as rooms:
            rooms.find("Bern")
            assert rooms.log == []

    def test_a_method_that_is_intercepted_is_taped_once(self, tape):
        """As the call that it is, and not as a use of the connection as well."""

        async def agent():
            async with connection_later() as rooms:
                find = intercept(rooms.find_later, name="find", kind="tool")
                assert inspect.iscoroutinefunction(find)
                return await find("Rome")

        same_later(tape, agent)
        first, second = Cassette.load(tape).steps
        assert "uses" not in first["stream"]
        assert second["name"] == "find"

    def test_a_method_that_is_a_coroutine_function_is_one(self, tape):
        """Whoever asks decides as with the original."""

        async def agent():
            async with connection_later() as rooms:
                is_one = [inspect.iscoroutinefunction(getattr(rooms, name)) for name in FINDING]
                return is_one, [await rooms.find_later("Rome"), rooms.find("Oslo")]

        assert same_later(tape, agent)[0] == [True, False]


FINDING = ("find_later", "find")


class TestClosing:
    """What closing does to a stream that is read on."""

    def test_what_had_come_already(self, tape):
        """It is still handed out, as it was."""

        def agent():
            stream = events("a", "b")
            first = next(stream)
            stream.close()
            return first, list(stream)

        assert same(tape, agent) == ("a", ["b"])

    def test_nothing_more_than_that(self, tape):
        """A stream that was left is over once it is closed."""
        with record(tape):
            next(events("a", "b"))
        with replay(tape, strict=True):
            stream = events("a", "b")
            stream.close()
            assert list(stream) == ["a"]

    def test_a_close_that_is_awaited_of_what_is_not_async_by_its_looks(self, tape):
        """Its class tells."""

        async def agent():
            async with slow_connection() as given:
                told = given.status
                await given.close()
                return told

        assert same_later(tape, agent) == 200

    def test_a_stream_that_a_method_gave_and_that_was_left(self, tape):
        """It was given all the same."""

        async def agent():
            stream = await events_later("a", "b", "c")
            given = await stream.pieces()
            try:
                await asyncio.wait_for(reading(given), 0.05)
            except asyncio.TimeoutError:
                return await given.__anext__()

        async def reading(given):
            async for _ in given:
                await asyncio.sleep(30)

        assert same_later(tape, agent) == "b"


class Slow:
    """What is closed, awaited, though nothing else of it is."""

    status = 200

    async def close(self):
        """Close it."""


@intercept
@contextlib.asynccontextmanager
async def slow_connection():
    """Connect."""
    yield Slow()


def test_a_coroutine_that_is_driven_by_hand(tape):
    """There is no loop, and nobody to let go first."""

    @intercept
    async def numbers():
        yield 1

    async def agent():
        return [number async for number in numbers()]

    def drive():
        with pytest.raises(StopIteration) as stop:
            agent().send(None)
        return stop.value.value

    assert same(tape, drive) == [1]


def test_other_tasks_run_between_the_chunks(tape):
    """As they do while a chunk is waited for."""

    async def agent(seen):
        queue = asyncio.Queue()

        async def put():
            async for word in await events_later("a", "b", "c"):
                seen.append(f"put {word}")
                await queue.put(word)

        task = asyncio.create_task(put())
        for _ in range(3):
            seen.append(f"got {await queue.get()}")
        await task
        return seen

    live, again = both(tape, lambda: asyncio.run(agent([])))
    assert again[:2] == live[:2] == ["put a", "got a"]
