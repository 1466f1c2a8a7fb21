"""Session: a context manager, a decorator, and in the hands of an owner."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import enum
import gc
import inspect
import threading
import weakref
from functools import partial

import pytest

from agentcassette import (
    Cassette,
    CassetteNotFound,
    DivergenceError,
    ReplayExhausted,
    intercept,
    record,
    replay,
    use_cassette,
)

runs = []


@intercept
def ask(prompt):
    """Stand for a call that costs money."""
    runs.append(prompt)
    return f"{prompt}!"


@pytest.fixture(autouse=True)
def no_runs():
    """Count the live runs of one test only."""
    runs.clear()


@pytest.fixture
def tape(tmp_path):
    """Give the path of a cassette that does not exist."""
    return tmp_path / "tape.json"


@pytest.fixture
def recorded(tape):
    """Give the path of a cassette of two calls."""
    with record(tape):
        ask("a")
        ask("b")
    runs.clear()
    return tape


def run(session, *calls):
    """Make some calls in a session."""
    with session:
        for call in calls:
            call()


def swallow(call, *args):
    """Make a call as an agent does that catches everything."""
    with contextlib.suppress(Exception):
        call(*args)


class TestContextManager:
    """`with session as face:`, sync and async."""

    def test_sync(self, tape):
        """It gives the recorder or the player, and closes in the end."""
        with record(tape) as recorder:
            ask("a")
        with replay(tape) as player:
            ask("a")
        ask("c")

        assert runs == ["a", "c"]
        assert repr(recorder) == f"Recorder(steps=1, mode='all', path={str(tape)!r})"
        assert repr(player) == (f"Player(played=1, remaining=0, divergences=0, path={str(tape)!r})")

    def test_async(self, tape):
        """It is the same with `async with`."""

        async def agent(session):
            async with session as face:
                ask("a")
            return face

        recorder = asyncio.run(agent(record(tape)))
        player = asyncio.run(agent(replay(tape, strict=True)))

        assert runs == ["a"]
        assert (recorder.recorded, player.replayed) == (1, 1)

    def test_async_with_an_error(self, recorded):
        """Nothing is written."""
        before = recorded.read_bytes()

        async def agent():
            async with record(recorded):
                ask("c")
                raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            asyncio.run(agent())
        assert recorded.read_bytes() == before

    def test_one_session_after_the_other(self, tape):
        """A session may be used again, once it is closed."""
        session = use_cassette(tape)
        with session as first:
            ask("a")
        with session as second:
            ask("a")

        assert (first.recorded, second.replayed) == (1, 1)

    def test_repr(self, tape):
        """It is short."""
        assert repr(use_cassette(tape)) == f"Session(path={str(tape)!r}, record_mode='once')"

    def test_what_it_was_asked_for(self, tape):
        """An owner can read it off."""
        session = use_cassette(tape, record_mode="none", strict=True)

        assert (session.path, session.record_mode, session.strict) == (tape, "none", True)


class TestNestedSessions:
    """A session inside of a session of the same context would be a guess."""

    def test_are_refused(self, tape):
        """The error names both."""
        other = tape.with_name("other.json")
        with record(tape):
            with pytest.raises(RuntimeError, match="in this context already") as raised:
                record(other).open()
            ask("a")

        assert str(tape) in str(raised.value)
        assert str(other) in str(raised.value)
        assert len(Cassette.load(tape)) == 1

    def test_the_same_session_is_refused(self, tape):
        """It has one place to write to."""
        session = record(tape)
        with session, pytest.raises(RuntimeError, match="open already"):
            session.open()

    def test_of_a_task_inside_are_refused(self, tape):
        """A task inherits the context of the one that starts it."""

        async def inner():
            with record(tape.with_name("other.json")):
                pass

        async def agent():
            with record(tape):
                await asyncio.gather(inner())

        with pytest.raises(RuntimeError, match="in this context already"):
            asyncio.run(agent())

    def test_one_after_the_other_is_fine(self, tape):
        """Also where the first failed."""
        with pytest.raises(ZeroDivisionError), record(tape):
            raise ZeroDivisionError
        with record(tape):
            ask("a")

        assert len(Cassette.load(tape)) == 1


class TestStrictEnds:
    """A drift raises where it happens, sticks, and is raised at the end once more."""

    def test_a_swallowed_drift_is_raised_at_the_end(self, recorded):
        """Agents catch exceptions."""
        with (
            pytest.raises(DivergenceError, match="differs at prompt"),
            replay(recorded, strict=True),
        ):
            swallow(ask, "x")

        assert runs == []

    def test_it_sticks(self, recorded):
        """A retry loop can't bury it, not even by a call that is on tape."""
        session = replay(recorded, strict=True)
        session.open()
        errors = []
        for prompt in ("x", "a", "b"):
            with pytest.raises(DivergenceError) as raised:
                ask(prompt)
            errors.append(raised.value)

        assert len({id(error) for error in errors}) == 3
        assert {str(error) for error in errors} == {str(session.fault)}
        session.discard()

    def test_a_step_that_was_never_played(self, recorded):
        """It is owed when the block ends."""
        session = replay(recorded, strict=True)
        with pytest.raises(DivergenceError, match="ask was never called") as raised, session:
            ask("a")

        assert raised.value.step_index == 1
        assert raised.value.actual is None
        assert raised.value.expected["arguments"]["args"] == ["b"]

    def test_a_call_too_many(self, recorded):
        """There is nothing to compare it with."""
        session = replay(recorded, strict=True)
        with pytest.raises(ReplayExhausted) as raised:
            run(session, *(partial(ask, prompt) for prompt in "abc"))

        assert raised.value.step_index == 2
        assert runs == []

    def test_an_error_of_the_block_comes_first(self, recorded):
        """The drift is a note beside it."""
        session = replay(recorded, strict=True)
        with pytest.raises(ZeroDivisionError) as raised:
            run(session, lambda: swallow(ask, "x"), ask_for_trouble)

        (note,) = raised.value.__notes__
        assert note.startswith("Replay diverged at step 0: ask differs at prompt")

    def test_a_note_is_added_to_others(self, recorded):
        """It does not replace what an agent has said."""
        error = ZeroDivisionError()
        error.__notes__ = ["first"]
        session = replay(recorded, strict=True)
        with pytest.raises(ZeroDivisionError):
            run(session, lambda: swallow(ask, "x"), lambda: ask_for_trouble(error))

        assert len(error.__notes__) == 2
        assert error.__notes__[0] == "first"

    def test_a_drift_that_gets_through_has_no_note(self, recorded):
        """It would say everything twice."""
        with pytest.raises(DivergenceError) as raised, replay(recorded, strict=True):
            ask("x")

        assert not hasattr(raised.value, "__notes__")

    def test_an_error_of_the_block_owes_no_step(self, recorded):
        """What was not played comes from the error."""
        session = replay(recorded, strict=True)
        with pytest.raises(ZeroDivisionError) as raised:
            run(session, lambda: ask("a"), ask_for_trouble)

        assert not hasattr(raised.value, "__notes__")

    def test_a_missing_cassette_is_a_note_as_well(self, tape):
        """An agent that wraps its errors does not hide it."""
        session = use_cassette(tape, record_mode="none")
        with pytest.raises(ZeroDivisionError) as raised:
            run(session, lambda: swallow(ask, "x"), ask_for_trouble)

        assert raised.value.__notes__[0].startswith(f"no cassette at {tape}")

    def test_best_effort_raises_nothing_at_the_end(self, recorded):
        """What is left, and what drifted, can be asked."""
        with replay(recorded) as player:
            assert ask("x") == "a!"

        assert player.remaining == 1
        assert len(player.divergences) == 1


def ask_for_trouble(error=ZeroDivisionError):
    """Fail."""
    raise error


class TestDecorator:
    """Each call of a decorated function is a session of its own."""

    def test_a_function(self, tape):
        """It keeps its name and its signature."""

        @use_cassette(tape, strict=True)
        def agent(prompt):
            """Ask."""
            return ask(prompt)

        assert [agent("a"), agent(prompt="a")] == ["a!", "a!"]
        assert runs == ["a"]
        assert agent.__name__ == "agent"
        assert agent.__doc__ == "Ask."
        assert list(inspect.signature(agent).parameters) == ["prompt"]

    def test_a_method(self, tape):
        """unittest cases are made of them."""

        class Case:
            @use_cassette(tape)
            def run(self, prompt):
                return ask(prompt)

        assert [Case().run("a"), Case().run("a")] == ["a!", "a!"]
        assert runs == ["a"]

    def test_a_coroutine_function(self, tape):
        """The session lasts until it is done."""

        @use_cassette(tape, strict=True)
        async def agent(prompt):
            await asyncio.sleep(0)
            return ask(prompt)

        assert inspect.iscoroutinefunction(agent)
        assert [asyncio.run(agent("a")), asyncio.run(agent("a"))] == ["a!", "a!"]
        assert runs == ["a"]

    def test_a_generator_function(self, tape):
        """The session lasts from its first item to its last, and it can be sent to."""

        @use_cassette(tape, strict=True)
        def agent():
            prompt = yield
            while prompt:
                prompt = yield ask(prompt)
            return "done"

        assert inspect.isgeneratorfunction(agent)
        for _ in range(2):
            talking = agent()
            next(talking)
            assert [talking.send("a"), talking.send("b")] == ["a!", "b!"]
            with pytest.raises(StopIteration) as stop:
                talking.send(None)
            assert stop.value.value == "done"
        assert runs == ["a", "b"]

    def test_an_async_generator_function(self, tape):
        """The same, awaited."""

        @use_cassette(tape, strict=True)
        async def agent():
            prompt = yield
            while prompt:
                prompt = yield ask(prompt)

        async def run():
            talking = agent()
            await talking.__anext__()
            answers = [await talking.asend("a"), await talking.asend("b")]
            with pytest.raises(StopAsyncIteration):
                await talking.asend(None)
            return answers

        assert inspect.isasyncgenfunction(agent)
        assert [asyncio.run(run()), asyncio.run(run())] == [["a!", "b!"]] * 2
        assert runs == ["a", "b"]

    def test_an_async_context_manager(self, recorded):
        """What is thrown into the generator gets to it, and what is closed is closed."""
        seen = []

        @contextlib.asynccontextmanager
        @replay(recorded)
        async def agent():
            try:
                yield ask("a")
            except KeyError as error:
                seen.append(error)
            finally:
                seen.append(ask("b"))

        async def run():
            async with agent() as answer:
                seen.append(answer)
                raise KeyError("no")

        asyncio.run(run())
        assert [str(one) for one in seen] == ["a!", "'no'", "b!"]

    def test_an_async_generator_that_is_left(self, tape):
        """Its clean-up runs inside of the session, which writes nothing."""

        @record(tape)
        async def agent():
            try:
                yield ask("a")
            finally:
                ask("b")

        async def run():
            talking = agent()
            await talking.__anext__()
            await talking.aclose()

        asyncio.run(run())
        assert runs == ["a", "b"]
        assert not tape.exists()

    def test_a_function_that_calls_itself(self, tape):
        """The inner call would be a session inside of a session."""

        @record(tape)
        def agent(depth):
            return agent(depth - 1) if depth else ask("a")

        with pytest.raises(RuntimeError, match="in this context already"):
            agent(1)

    def test_an_error(self, tape):
        """It comes through, and nothing is written."""

        @record(tape)
        def agent():
            ask("a")
            ask_for_trouble()

        with pytest.raises(ZeroDivisionError):
            agent()
        assert not tape.exists()


class TestOwners:
    """Whoever judges a run before its cassette is written drives the session by hand."""

    def test_commit_writes(self, tape):
        """And closes: the next call is live."""
        session = record(tape)
        session.open()
        ask("a")
        assert session.end_body() is None
        assert session.commit() is True
        ask("b")

        assert len(Cassette.load(tape)) == 1
        assert runs == ["a", "b"]

    def test_discard_does_not(self, tape):
        """And closes as well."""
        session = record(tape)
        session.open()
        ask("a")
        session.discard()
        ask("b")

        assert not tape.exists()
        assert runs == ["a", "b"]

    @pytest.mark.parametrize("first", ["commit", "discard"])
    def test_whichever_comes_first_wins(self, tape, first):
        """Both can be called at any time."""
        session = record(tape)
        session.open()
        ask("a")
        getattr(session, first)()
        assert session.commit() is False
        session.discard()

        assert tape.exists() is (first == "commit")

    def test_steps_after_the_body_are_clean_up(self, tape):
        """The body does not owe them, but the run does."""

        def run(session, *, cleans_up=True):
            session.open()
            ask("a")
            error = session.end_body()
            if cleans_up:
                ask("b")
            return error or session.commit()

        assert run(record(tape)) is True
        assert [step.get("cleanup") for step in Cassette.load(tape).steps] == [None, True]
        assert run(replay(tape, strict=True)) is False
        with pytest.raises(DivergenceError, match="never called"):
            run(replay(tape, strict=True), cleans_up=False)

    def test_what_the_body_has_to_fail_for(self, recorded):
        """A swallowed drift, or a step that was never played."""
        drifted, short = replay(recorded, strict=True), replay(recorded, strict=True)
        drifted.open()
        swallow(ask, "x")
        faults = [drifted.end_body()]
        drifted.discard()
        short.open()
        faults.append(short.end_body())
        short.discard()

        assert [type(fault) for fault in faults] == [DivergenceError, DivergenceError]
        assert faults[0] is not drifted.fault
        assert "differs at prompt" in str(faults[0])
        assert "never called" in str(faults[1])

    def test_a_body_that_raised_owes_no_step(self, recorded):
        """It could not go on."""
        session = replay(recorded, strict=True)
        session.open()
        ask("a")
        assert session.end_body(raised=True) is None
        session.discard()

    def test_clean_up_is_answered_after_the_drift_was_told(self, tape):
        """One drift is not told as two."""
        session = record(tape)
        session.open()
        ask("a")
        session.end_body()
        ask("close")
        session.commit()
        session = replay(tape, strict=True)
        session.open()
        swallow(ask, "x")
        assert isinstance(session.end_body(), DivergenceError)
        assert ask("close") == "close!"
        with pytest.raises(DivergenceError):
            ask("y")
        session.discard()

        assert runs == ["a", "close"]

    def test_a_missing_cassette(self, tape):
        """It is what the body has to fail for."""
        session = use_cassette(tape, record_mode="none")
        session.open()
        swallow(ask, "x")
        assert isinstance(session.fault, CassetteNotFound)
        assert isinstance(session.end_body(), CassetteNotFound)
        session.discard()

    def test_a_session_that_was_never_opened(self, tape):
        """The error says so."""
        session = record(tape)
        for ask_it in (session.commit, session.discard, session.end_body, session.paused):
            with pytest.raises(RuntimeError, match="was never opened"):
                ask_it()
        for name in ("face", "fault", "cassette"):
            with pytest.raises(RuntimeError, match="was never opened"):
                getattr(session, name)

    def test_from_another_context(self, tape):
        """pytest closes fixtures in contexts of their own."""
        session = record(tape)
        session.open()
        ask("a")
        thread = threading.Thread(target=session.commit)
        thread.start()
        thread.join()
        ask("b")
        with record(tape.with_name("other.json")):
            pass

        assert len(Cassette.load(tape)) == 1
        assert runs == ["a", "b"]


def test_a_keyword_may_be_the_member_of_an_enumeration(tape):
    """Python takes it for its name, if it is a string."""

    class Parameter(str, enum.Enum):
        PROMPT = "prompt"

    with record(tape):
        ask(**{Parameter.PROMPT: "a"})
    with replay(tape, strict=True):
        assert ask(prompt="a") == "a!"
    with replay(tape, strict=True):
        assert ask(**{Parameter.PROMPT: "a"}) == "a!"

    assert Cassette.load(tape).steps[0]["arguments"] == {"args": [], "kwargs": {"prompt": "a"}}


def test_a_secret_on_a_tape_without_types_is_not_taken_over(tape):
    """Only what was called tells that a text is bytes, and that they hold a secret."""
    secret = b"\xff sk-proj-a1B2c3D4e5F6g7H8i9J0"
    text = base64.b64encode(secret).decode()
    step = {"name": "ask", "arguments": {"args": [text], "kwargs": {}}, "result": "!"}
    Cassette([step]).save(tape)

    with use_cassette(tape, record_mode="update"):
        ask(secret)

    assert runs == [secret]
    assert text not in tape.read_text(encoding="utf-8")


def test_a_replay_is_gone_with_the_last_reference_to_it(recorded):
    """A run has thousands of them: none of them waits for the garbage collector."""
    gc.disable()
    try:
        with replay(recorded, strict=True) as player:
            ask("a")
            ask("b")
        last = weakref.ref(player)
        del player

        assert last() is None
    finally:
        gc.enable()


class TestPause:
    """The calls of a block may belong to no session."""

    def test_they_run_and_leave_no_step(self, tape):
        """Fixtures of a wider scope are no part of the test that came first."""
        session = record(tape)
        with session:
            ask("a")
            with session.paused():
                ask("b")
            ask("c")

        assert runs == ["a", "b", "c"]
        assert [step["result"] for step in Cassette.load(tape).steps] == ["a!", "c!"]

    def test_in_replay_they_run(self, recorded):
        """They are on no tape."""
        session = replay(recorded, strict=True)
        with session:
            ask("a")
            with session.paused():
                ask("x")
            ask("b")

        assert runs == ["x"]

    def test_another_session_fits_in(self, recorded, tmp_path):
        """Its calls are its own."""
        session = replay(recorded, strict=True)
        with session:
            ask("a")
            with session.paused(), record(tmp_path / "other.json"):
                ask("x")
            ask("b")

        assert runs == ["x"]
        assert len(Cassette.load(tmp_path / "other.json")) == 1

    def test_one_in_another(self, recorded):
        """The session goes on at the end of the outer one."""
        session = replay(recorded, strict=True)
        with session:
            ask("a")
            with session.paused():
                with session.paused():
                    ask("x")
                ask("y")
            ask("b")

        assert runs == ["x", "y"]

    def test_it_ends_with_an_error_of_the_block(self, recorded):
        """The session goes on."""
        session = replay(recorded)
        with session:
            with contextlib.suppress(ZeroDivisionError), session.paused():
                ask_for_trouble()
            ask("a")

        assert runs == []

    def test_a_session_that_is_closed_meanwhile_stays_closed(self, recorded):
        """Its owner has the last word."""
        session = replay(recorded)
        session.open()
        with session.paused():
            session.discard()
        ask("x")

        assert runs == ["x"]
