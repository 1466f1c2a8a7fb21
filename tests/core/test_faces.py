"""Recorder and Player: what a test can ask about what the agent did."""

from __future__ import annotations

import pytest

from agentcassette import Cassette, intercept, record, replay, use_cassette


@intercept(kind="llm")
def ask(prompt, *, temperature=0.0):
    """Stand for a model that tells what it used."""
    return {"text": prompt, "usage": {"input_tokens": 10, "output_tokens": len(prompt)}}


@intercept(kind="tool")
def look_up(word):
    """Stand for a tool that may fail."""
    if word == "nothing":
        raise LookupError(word)
    return (word, {1, 2})


@intercept(kind="llm")
def stream(prompt):
    """Stand for a streamed answer."""
    yield from prompt


def agent():
    """Make four calls."""
    ask("abc", temperature=1.0)
    look_up("word")
    with pytest.raises(LookupError):
        look_up("nothing")
    list(stream("xy"))


@pytest.fixture
def tape(tmp_path):
    """Give the path of a cassette that does not exist."""
    return tmp_path / "tape.json"


@pytest.fixture(params=["record", "replay", "update"])
def face(request, tape):
    """Give the recorder or player of a run of the agent, still open."""
    if request.param != "record":
        with record(tape):
            agent()
    mode = {"record": "all", "replay": "none", "update": "update"}[request.param]
    session = use_cassette(tape, record_mode=mode, strict=True)
    given = session.open()
    agent()
    yield given
    session.discard()


class TestSteps:
    """The calls made so far, in the form of the file."""

    def test_all_of_them(self, face):
        """Whoever asks for something that a call does not tell finds it there."""
        names = [step["name"] for step in face.steps]
        assert names == ["ask", "look_up", "look_up", "stream"]
        assert face.steps[0]["result"]["usage"] == {"input_tokens": 10, "output_tokens": 3}
        assert "error" in face.steps[2]

    def test_they_may_be_changed(self, face):
        """Nothing of the session depends on them."""
        face.steps[0]["name"] = "other"
        face.steps.clear()

        assert face.calls()[0].name == "ask"


class TestCalls:
    """The calls made so far, live or replayed, are told alike."""

    def test_what_was_called(self, face):
        """In the order in which the calls started."""
        calls = face.calls()

        assert [(call.name, call.kind) for call in calls] == [
            ("ask", "llm"),
            ("look_up", "tool"),
            ("look_up", "tool"),
            ("stream", "llm"),
        ]
        assert (calls[0].args, calls[0].kwargs) == (("abc",), {"temperature": 1.0})

    def test_what_came_back(self, face):
        """Results have their types, errors are exceptions, streams are their chunks."""
        _, found, missing, streamed = face.calls()

        assert (found.result, found.error) == (("word", {1, 2}), None)
        assert missing.result is None
        assert isinstance(missing.error, LookupError)
        assert missing.error.args == ("nothing",)
        assert streamed.result == ["x", "y"]

    @pytest.mark.parametrize(
        ("wanted", "count"),
        [
            ({"name": "look_up"}, 2),
            ({"kind": "llm"}, 2),
            ({"name": "ask", "kind": "llm"}, 1),
            ({"name": "ask", "kind": "tool"}, 0),
            ({"name": "nobody"}, 0),
        ],
        ids=str,
    )
    def test_some_of_them(self, face, wanted, count):
        """By name, by kind, or by both."""
        assert len(face.calls(**wanted)) == count

    def test_values_are_fresh(self, face):
        """A test that changes one changes nothing else."""
        face.calls()[0].result["text"] = "changed"

        assert face.calls()[0].result["text"] == "abc"

    def test_tokens_and_time(self, face):
        """Exact where the result tells them."""
        call = face.calls("ask")[0]

        assert (call.input_tokens, call.output_tokens) == (10, 3)
        assert face.total_input_tokens == sum(one.input_tokens for one in face.calls())
        assert face.total_output_tokens == sum(one.output_tokens for one in face.calls())
        assert face.total_tokens == face.total_input_tokens + face.total_output_tokens
        assert face.duration_ms == pytest.approx(sum(one.duration_ms for one in face.calls()))
        assert face.duration_ms > 0
        assert face.elapsed_ms(face.steps) == face.duration_ms
        assert face.elapsed_ms(face.steps[1:2]) == face.calls()[1].duration_ms

    def test_how_they_were_answered(self, face):
        """A report tells what was paid for."""
        is_live = face.mode == "all"

        assert (face.recorded, face.replayed) == ((4, 0) if is_live else (0, 4))
        assert {call.replayed for call in face.calls()} == {not is_live}


class TestRecorder:
    """The face of a session that writes."""

    def test_steps_so_far(self, tape):
        """Plain dicts in the form of the file."""
        with record(tape) as recorder:
            assert recorder.steps == []
            ask("a")
            assert [step["index"] for step in recorder.steps] == [0]
            assert recorder.cassette is None

        assert recorder.cassette.steps == recorder.steps
        assert recorder.cassette.to_dict() == Cassette.load(tape).to_dict()

    def test_a_call_that_runs_is_a_step_already(self, tape):
        """What hangs can be seen."""
        seen = []

        @intercept
        def look():
            seen.extend(recorder.steps)

        with record(tape) as recorder:
            look()

        assert seen[0]["unfinished"] is True
        assert "unfinished" not in recorder.steps[0]


class TestPlayer:
    """The face of a session that only reads."""

    def test_how_far_it_is(self, tape):
        """Played out of order, the cursor stays at what is missing."""
        with record(tape):
            for prompt in "abc":
                ask(prompt)
        with replay(tape) as player:
            told = []
            for prompt in "acb":
                ask(prompt)
                told.append((player.cursor, player.remaining, len(player.divergences)))

        assert told == [(1, 2, 0), (1, 1, 1), (3, 0, 1)]

    def test_the_arguments_of_a_call_are_those_that_were_made(self, tape):
        """What was ignored is told as it is now."""
        with record(tape):
            ask("a", temperature=0.0)
        with replay(tape, ignore="kwargs.temperature", strict=True) as player:
            ask("a", temperature=1.0)
            ask_again = player.calls()[0]

        assert ask_again.kwargs == {"temperature": 1.0}

    def test_the_types_of_arguments_are_told(self, tape):
        """Also where the tape has others."""
        with record(tape):
            look_up("word")
        with replay(tape) as player:
            look_up(("word",))

        (call,) = player.calls()
        assert call.args == (("word",),)
        assert call.result == ("word", {1, 2})

    def test_the_cassette_that_is_read(self, tape):
        """None where there is none."""
        with use_cassette(tape, record_mode="none") as player:
            assert player.cassette is None
            assert player.calls() == []
        with record(tape):
            ask("a")
        with replay(tape) as player:
            assert len(player.cassette) == 1
