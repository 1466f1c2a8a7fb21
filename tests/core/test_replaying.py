"""Which step answers a call, in which order, and what becomes of a drift."""

from __future__ import annotations

import contextlib
import pickle

import pytest

from agentcassette import (
    DivergenceError,
    ReplayExhausted,
    intercept,
    record,
    replay,
    use_cassette,
)


@intercept(kind="llm")
def ask(prompt, model="small"):
    """Give each call a result of its own."""
    return f"{prompt} #{len(runs.append(prompt) or runs)}"


@intercept(kind="tool")
def look_up(word):
    """Stand for another callable."""
    return f"{word} #{len(runs.append(word) or runs)}"


@intercept
def outer(*prompts):
    """Make calls inside of a call."""
    return [ask(prompt) for prompt in prompts]


runs = []


@pytest.fixture(autouse=True)
def no_runs():
    """Number the live runs of one test."""
    runs.clear()


@pytest.fixture
def tape(tmp_path):
    """Give the path of a cassette that does not exist."""
    return tmp_path / "tape.json"


def recorded(tape, *calls):
    """Record some calls, each a function and its arguments."""
    with record(tape):
        for function, *args in calls:
            function(*args)
    runs.clear()
    return tape


def replayed(tape, *calls, strict=True, **options):
    """Replay some calls, and give the player and the results."""
    before = list(runs)
    with replay(tape, strict=strict, **options) as player:
        results = [function(*args) for function, *args in calls]
    assert runs == before
    return player, results


class TestTheSameCall:
    """Name and arguments decide."""

    def test_by_position_or_by_name(self, tape):
        """How an argument is passed is the agent's own business."""
        recorded(tape, (ask, "a"))
        with replay(tape, strict=True):
            assert ask(prompt="a") == "a #1"

    @pytest.mark.parametrize(
        ("value", "other"),
        [(1, 1.0), (1, True), ((1,), [1]), ("1", 1), ({1}, frozenset({1})), (None, "None")],
        ids=repr,
    )
    def test_types_are_exact(self, tape, value, other):
        """What a model is sent differs."""
        recorded(tape, (ask, value))
        with pytest.raises(DivergenceError):
            replayed(tape, (ask, other))
        replayed(tape, (ask, value))

    def test_a_default_that_is_given_is_another_call(self, tape):
        """A default may change."""
        recorded(tape, (ask, "a"))
        with pytest.raises(DivergenceError, match="differs at model"):
            replayed(tape, (ask, "a", "small"))

    def test_each_step_plays_once(self, tape):
        """Equal calls get what each of them got."""
        recorded(tape, (ask, "a"), (ask, "a"), (ask, "a"))
        _, results = replayed(tape, *[(ask, "a")] * 3)

        assert results == ["a #1", "a #2", "a #3"]
        with pytest.raises(ReplayExhausted):
            replayed(tape, *[(ask, "a")] * 4)


class TestStrict:
    """The first drift raises."""

    @pytest.mark.parametrize(
        ("calls", "index", "expected", "actual"),
        [
            ([(ask, "x")], 0, "a", "x"),
            ([(ask, "a"), (ask, "x")], 2, "b", "x"),
            ([(ask, "a"), (ask, "b")], 1, "word", "b"),
            ([(look_up, "word")], 0, "a", "word"),
            ([(look_up, "x")], 1, "word", "x"),
            ([(ask, "a"), (look_up, "word")], 2, "b", None),
            ([], 0, "a", None),
        ],
        ids=[
            "first call changed",
            "step of the same name",
            "step left out",
            "another order",
            "changed and early",
            "step never played",
            "no call at all",
        ],
    )
    def test_expected_and_actual(self, tape, calls, index, expected, actual):
        """The error tells the step that was to be played, and what was called instead."""
        recorded(tape, (ask, "a"), (look_up, "word"), (ask, "b"))
        with pytest.raises(DivergenceError) as raised:
            replayed(tape, *calls)

        error = raised.value
        assert error.step_index == index
        assert error.expected["arguments"] == {"args": [expected], "kwargs": {}}
        assert (error.actual and error.actual["arguments"]["args"]) == (actual and [actual])
        assert runs == []

    def test_of_another_name(self, tape):
        """Where none of its name is left, the earliest step is expected."""
        recorded(tape, (ask, "a"), (ask, "b"))
        with pytest.raises(DivergenceError, match="look_up is called where ask was") as raised:
            replayed(tape, (look_up, "word"))

        assert (raised.value.step_index, raised.value.expected["name"]) == (0, "ask")

    def test_exhausted(self, tape):
        """The error has no step to compare with."""
        recorded(tape, (ask, "a"))
        with pytest.raises(ReplayExhausted, match="exhausted at step 1") as raised:
            replayed(tape, (ask, "a"), (ask, "b"))

        assert (raised.value.step_index, raised.value.expected) == (1, None)
        assert raised.value.actual == {"name": "ask", "arguments": {"args": ["b"], "kwargs": {}}}

    def test_exhausted_sticks(self, tape):
        """Later calls raise it again, and so does the end."""
        recorded(tape, (ask, "a"))
        session = replay(tape, strict=True)
        session.open()
        ask("a")
        for prompt in "bc":
            with pytest.raises(ReplayExhausted) as raised:
                ask(prompt)
            assert raised.value.actual["arguments"]["args"] == ["b"]
        assert isinstance(session.end_body(), ReplayExhausted)
        session.discard()

    def test_errors_survive_the_way_from_a_worker(self, tape):
        """pytest-xdist and process pools pickle them."""
        recorded(tape, (ask, "a"))
        with pytest.raises(DivergenceError) as raised:
            replayed(tape, (ask, "b"))

        copy = pickle.loads(pickle.dumps(raised.value))
        assert (str(copy), copy.actual) == (str(raised.value), raised.value.actual)

    def test_a_call_that_drifts_plays_no_step(self, tape):
        """The position stays where it was."""
        recorded(tape, (ask, "a"), (ask, "b"))
        session = replay(tape, strict=True)
        player = session.open()
        with pytest.raises(DivergenceError):
            ask("x")
        session.discard()

        assert (player.cursor, player.remaining) == (0, 2)


class TestBestEffort:
    """Each drift is noted, and the nearest step answers."""

    def test_an_equal_step_answers_out_of_order(self, tape):
        """It is what was asked for."""
        recorded(tape, (ask, "a"), (ask, "b"), (ask, "c"))
        player, results = replayed(tape, (ask, "c"), (ask, "a"), (ask, "b"), strict=False)

        assert results == ["c #3", "a #1", "b #2"]
        assert [drift["reason"] for drift in player.divergences] == ["out of order"]

    def test_else_the_earliest_of_its_name(self, tape):
        """A prompt that was reworded gets the old answer."""
        recorded(tape, (look_up, "word"), (ask, "a"), (ask, "b"))
        player, results = replayed(tape, (ask, "x"), strict=False)

        assert results == ["a #2"]
        assert player.divergences == [
            {
                "index": 1,
                "expected": {"name": "ask", "arguments": {"args": ["a"], "kwargs": {}}},
                "actual": {"name": "ask", "arguments": {"args": ["x"], "kwargs": {}}},
                "reason": "the arguments differ",
            }
        ]

    def test_else_the_earliest(self, tape):
        """A function that was renamed gets the old answer."""
        recorded(tape, (ask, "a"), (ask, "b"))
        player, results = replayed(tape, (look_up, "a"), strict=False)

        assert results == ["a #1"]
        assert player.divergences[0]["reason"] == "another call was recorded"
        assert player.divergences[0]["index"] == 0

    @pytest.mark.parametrize(
        "calls",
        [[(ask, "a"), (ask, "x")], [(ask, "a"), (ask, "c")], [(look_up, "a")]],
        ids=["arguments", "order", "name"],
    )
    def test_the_first_drift_is_explained_as_a_strict_replay_does(self, tape, calls):
        """Whoever reads of it later needs the same facts, and as they were at that time."""
        recorded(tape, (ask, "a"), (ask, "b"), (ask, "c"))
        with pytest.raises(DivergenceError) as raised:
            replayed(tape, *calls)

        player, _ = replayed(tape, *calls, (ask, "again"), strict=False)

        assert player.explanations[0] == str(raised.value)
        assert len(player.explanations) == len(player.divergences) > 1

    def test_skipped_steps_do_not_make_later_calls_drift(self, tape):
        """A change is told once, not for the rest of the run."""
        recorded(tape, *[(ask, prompt) for prompt in "abcde"])
        player, results = replayed(tape, *[(ask, prompt) for prompt in "acde"], strict=False)

        assert results == ["a #1", "c #3", "d #4", "e #5"]
        assert len(player.divergences) == 1
        assert player.remaining == 1

    def test_a_call_too_many(self, tape):
        """Nothing is left to answer it; it is noted once, however often it is tried."""
        recorded(tape, (ask, "a"))
        session = replay(tape)
        player = session.open()
        ask("a")
        for prompt in "bbcb":
            with pytest.raises(ReplayExhausted) as raised:
                ask(prompt)
        assert session.fault is None
        assert session.end_body() is None
        session.commit()

        noted, other = player.divergences
        assert noted == {
            "index": 1,
            "expected": None,
            "actual": {"name": "ask", "arguments": {"args": ["b"], "kwargs": {}}},
            "reason": "called once more than recorded",
        }
        assert other["actual"]["arguments"]["args"] == ["c"]
        assert player.explanations[0] == str(raised.value)

    def test_a_call_whose_step_another_one_got(self, tape):
        """What is one too many is the other one, and the error says so."""
        recorded(tape, (look_up, "word"), (ask, "a"))
        session = replay(tape)
        session.open()
        look_up("word")
        ask("b")
        with pytest.raises(ReplayExhausted) as raised:
            ask("a")
        session.discard()

        line = "  an equal call is on tape as step 1; it answered another one: ask"
        assert line in str(raised.value).splitlines()

    def test_no_drift_no_note(self, tape):
        """An unchanged agent replays."""
        recorded(tape, (ask, "a"), (outer, "b", "c"), (look_up, "d"))
        player, _ = replayed(tape, (ask, "a"), (outer, "b", "c"), (look_up, "d"), strict=False)

        assert player.divergences == []
        assert player.remaining == 0


class TestCallsInsideOfCalls:
    """A call belongs to the call that it is made inside of."""

    def test_the_steps_tell(self, tape):
        """At any depth."""
        deep = intercept(lambda: outer("a"), name="deep")
        with record(tape) as recorder:
            deep()
            ask("b")

        assert [step.get("parent") for step in recorder.steps] == [None, 0, 1, None]

    def test_count_as_played_with_it(self, tape):
        """They were never made."""
        recorded(tape, (outer, "a", "b"), (ask, "c"))
        player, results = replayed(tape, (outer, "a", "b"), (ask, "c"))

        assert results == [["a #1", "b #2"], "c #3"]
        assert (player.replayed, player.remaining) == (2, 0)

    def test_do_not_answer_calls_outside_of_it(self, tape):
        """Where an agent makes a call itself that it left to another, it has changed."""
        recorded(tape, (outer, "a"), (ask, "b"))
        with pytest.raises(DivergenceError):
            replayed(tape, (outer, "a"), (ask, "a"), (ask, "b"))

    def test_answer_where_the_outer_call_has_gone(self, tape):
        """In order, but the outer step is owed."""
        recorded(tape, (outer, "a", "b"))
        with pytest.raises(DivergenceError, match="outer was never called"):
            replayed(tape, (ask, "a"), (ask, "b"))

    def test_an_exception_goes_through_both(self, tape):
        """Both are taped."""

        @intercept
        def fail():
            raise KeyError("no")

        failing = intercept(lambda: fail(), name="failing")  # noqa: PLW0108 - a call inside
        for session in (record(tape), replay(tape, strict=True)):
            with session, pytest.raises(KeyError, match="no"):
                failing()

    def test_a_call_that_the_outer_one_catches(self, tape):
        """The outer one goes on."""

        @intercept
        def fail():
            raise KeyError("no")

        @intercept
        def robust():
            with contextlib.suppress(KeyError):
                fail()
            return ask("plan b")

        with record(tape) as recorder:
            robust()
            ask("c")
        replayed(tape, (robust,), (ask, "c"))

        assert [step.get("parent") for step in recorder.steps] == [None, 0, 0, None]


class TestUpdate:
    """An update gives way to the first drift instead of raising it."""

    def test_a_swallowed_drift_is_none(self, tape):
        """The call is answered, live."""
        recorded(tape, (ask, "a"))
        with use_cassette(tape, record_mode="update", strict=True) as recorder:
            assert ask("x") == "x #1"

        assert [step["arguments"]["args"] for step in recorder.steps] == [["x"]]

    def test_a_call_too_many_runs(self, tape):
        """It is recorded behind the others."""
        recorded(tape, (ask, "a"))
        with use_cassette(tape, record_mode="update"):
            assert [ask("a"), ask("b")] == ["a #1", "b #1"]

        assert replayed(tape, (ask, "a"), (ask, "b"))[1] == ["a #1", "b #1"]
