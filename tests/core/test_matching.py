"""A tape: which step answers a call, in which order, and what is still owed."""

from __future__ import annotations

import gc
import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcassette import Cassette
from agentcassette._asked import Asked
from agentcassette._ignoring import compile_ignores
from agentcassette._matching import Tape
from agentcassette._redaction import Redactor

FULL_HISTORY = 60


def step(name, *args, **fields):
    """Make a step."""
    return {"name": name, "arguments": {"args": [*args], "kwargs": {}}, **fields}


def tape(*steps, typed=True, redact=(), live=()):
    """Make a tape of steps."""
    whole = Cassette(steps).steps
    return Tape(whole, typed=typed, redactor=Redactor(redact, environ={}), live=live)


def asked(name, *args, types=None, parameters=(), volatile=(), ignore=(), **kwargs):
    """Make a call."""
    return Asked(
        name=name,
        kind="call",
        arguments={"args": [*args], "kwargs": kwargs},
        types=types or {},
        volatile=volatile,
        parameters=parameters,
        ignore=compile_ignores(ignore),
    )


def play_through(played, *calls):
    """Play the steps of some calls, and tell their indexes."""
    indexes = []
    for call in calls:
        indexes.append(played.find(call))
        played.play(indexes[-1])
    return indexes


# Which step is the same call


def test_a_call_takes_the_earliest_unplayed_step():
    """Each step plays once, so that the same question may get another answer each time."""
    played = tape(step("f", 1), step("g", 1), step("f", 1), step("f", 2), step("f", 1))

    assert play_through(played, *[asked("f", 1)] * 3) == [0, 2, 4]
    assert played.find(asked("f", 1)) is None
    assert played.find(asked("g", 1)) == 1
    assert played.remaining == 2


def test_a_call_that_is_not_on_tape_finds_nothing():
    """Name and arguments both count, and looking plays nothing."""
    played = tape(step("f", 1))

    for call in (asked("g", 1), asked("f", 2), asked("f"), asked("f", 1, 1), asked("f", a=1)):
        assert played.find(call) is None
        assert played.find_played(call) is None
    assert (played.remaining, played.cursor) == (1, 0)


def test_an_empty_tape_has_nothing_to_say():
    """The run made no call."""
    played = tape()

    assert played.find(asked("f")) is None
    assert played.find_played(asked("f")) is None
    assert played.nearest("f") is None
    assert played.owed(cleanup=True) is None
    assert (played.remaining, played.cursor) == (0, 0)


def test_a_call_knows_the_latest_step_that_was_played_for_it():
    """It is what a drift message points to: the agent asks the same again."""
    played = tape(step("f", 1), step("f", 1), step("f", 2), step("f", 1))

    assert played.find_played(asked("f", 1)) is None
    play_through(played, asked("f", 1), asked("f", 1))
    assert played.find_played(asked("f", 1)) == 1
    assert played.find_played(asked("f", 2)) is None


def test_arguments_are_compared_by_their_names():
    """On both sides, also where the tape was recorded before the parameter had this name."""
    played = tape(step("f", 1, 2))

    assert played.find(asked("f", 1, b=2, parameters=("a", "b"))) == 0
    assert played.find(asked("f", a=1, b=2, parameters=("a", "b"))) == 0
    assert played.find(asked("f", a=1, b=2, parameters=(None, "b"))) is None


def test_what_is_ignored_is_ignored_on_tape_as_well():
    """Each intercepted callable has its own."""
    played = tape(step("f", {"id": 1, "q": 2}))
    call = {"id": 5, "q": 2}

    assert played.find(asked("f", call)) is None
    assert played.find(asked("f", call, ignore=("args[0].id",))) == 0
    assert played.find(asked("f", {"q": 2}, ignore=("**.id",))) == 0


TUPLE = {"/arguments/args/0": "tuple", "/result": "tuple"}


# Whether the tape says that it tells types, those that it tells, those of the call, what is found.
TYPES = {
    "the same type": (True, TUPLE, {"/args/0": "tuple"}, 0),
    "a type on tape": (True, TUPLE, {}, None),
    "a type now": (True, {}, {"/args/0": "tuple"}, None),
    "a type now, and none can be on tape": (False, {}, {"/args/0": "tuple"}, 0),
    "a type on tape, where there can be none": (False, TUPLE, {}, 0),
    "another type on tape, where there can be none": (False, TUPLE, {"/args/0": "set"}, 0),
}


@pytest.mark.parametrize(("typed", "on_tape", "live", "found"), TYPES.values(), ids=TYPES)
def test_types_are_compared_if_the_tape_tells_them(typed, on_tape, live, found):
    """Another writer makes a list of a tuple, and does not say so."""
    played = tape(step("f", [1], types=on_tape), typed=typed)

    assert played.find(asked("f", [1], types=live)) == found


def test_steps_are_redacted_as_the_call_is():
    """A cassette may be older than the wish to redact a key, and its types go with it."""
    types = {"/arguments/args/0/api_key": "m:Key"}
    played = tape(step("f", {"api_key": "old", "q": 1}, types=types), redact=("api_key",))
    call = asked("f", {"api_key": "****", "q": 1})

    assert played.find(call) == 0
    assert played.expected(0) == {
        "name": "f",
        "arguments": {"args": [{"api_key": "****", "q": 1}], "kwargs": {}},
    }
    assert played.steps[0]["arguments"]["args"] == [{"api_key": "old", "q": 1}]


def test_a_placeholder_on_tape_covers_any_value():
    """Another writer does not say by which keys it has redacted."""
    types = {"/args/0/key": "m:Key"}
    played = tape(step("f", {"key": "****", "q": 1}), step("f", {"key": "****", "q": 2}))

    assert played.find(asked("f", {"key": "x", "q": 2}, types=types)) == 1
    assert played.find(asked("f", {"key": ["x"], "q": 1})) == 0
    assert played.find(asked("f", {"key": "x", "q": 3})) is None
    assert played.find(asked("f", {"q": 1})) is None
    assert played.find(asked("g", {"key": "x", "q": 1})) is None


def test_a_placeholder_covers_an_argument_by_its_name():
    """However the two sides write the call."""
    played = tape(step("f", "****", 1), step("f", "****", 1))
    call = asked("f", b=1, a="x", parameters=("a", "b"))

    assert play_through(played, call, call) == [0, 1]
    assert played.find(call) is None


def test_an_equal_step_goes_before_a_covered_one():
    """The placeholder stands for what is not known."""
    played = tape(step("f", "****"), step("f", "x"))

    assert played.find(asked("f", "x")) == 1


def test_volatile_places_of_a_call_are_not_compared():
    """Each call says which they are, so each is looked for in its own way."""
    played = tape(step("f", [{"id": 1}]), step("f", [{"id": 1}, {"id": 2}]))
    circumstances = {"parameters": ("history",)}

    first = asked("f", [{"id": 7}], volatile=("/args/0/0/id",), **circumstances)
    second = asked(
        "f", [{"id": 7}, {"id": 8}], volatile=("/args/0/0/id", "/args/0/1/id"), **circumstances
    )

    assert played.find(second) == 1
    assert play_through(played, first, second) == [0, 1]
    assert played.find_played(second) == 1


def test_a_long_history_with_fresh_ids_costs_no_more_than_it_is_long():
    """What was made for the comparison of one call is of no use to the next, and not kept."""
    history = [
        {"content": f"message {number} " * 50, "id": number} for number in range(FULL_HISTORY)
    ]
    played = tape(*[step("f", history[:length]) for length in range(FULL_HISTORY)])
    gc.collect()
    before = len(gc.get_objects())

    for length in range(FULL_HISTORY):
        fresh = [{**message, "id": "new"} for message in history[:length]]
        volatile = tuple(f"/args/0/{place}/id" for place in range(length))
        assert play_through(played, asked("f", fresh, volatile=volatile)) == [length]

    gc.collect()
    assert len(gc.get_objects()) - before < 10 * FULL_HISTORY


def test_what_is_compared_can_be_seen_side_by_side():
    """It is what a drift message shows: by name, redacted, and without what is ignored."""
    played = tape(
        step("f", "old", {"id": 1, "api_key": "k"}, types={"/arguments/args/0": "m:Text"}),
        redact=("api_key",),
    )
    call = asked(
        "f",
        "new",
        {"id": 2, "api_key": "****"},
        types={"/args/1": "m:Options"},
        parameters=("prompt",),
        ignore=("**.id",),
    )

    recorded, now = played.side_by_side(call, 0)

    assert recorded == (
        {"args": [{"api_key": "****"}], "kwargs": {"prompt": "old"}},
        {"/kwargs/prompt": "m:Text"},
    )
    assert now == (
        {"args": [{"api_key": "****"}], "kwargs": {"prompt": "new"}},
        {"/args/0": "m:Options"},
    )


def test_a_tape_without_types_shows_none():
    """Neither side has any."""
    recorded, now = tape(step("f", [1], types=TUPLE), typed=False).side_by_side(
        asked("f", [2], types={"/args/0": "tuple"}), 0
    )

    assert (recorded.types, now.types) == ({}, {})


# The order


def at(start, end, **fields):
    """Make a step with its places in the one sequence of all starts and ends."""
    return step("f", concurrency={"start": start, "end": end}, **fields)


FOLLOWING = [step("f"), step("f"), step("f")]
OVERLAPPING = [at(0, 2), at(1, 4), at(3, 5)]
NESTED = [at(0, 5), at(1, 2, parent=0), at(3, 4, parent=0), at(6, 7)]
FAN_OUT = [at(0, 1), at(2, 7), at(3, 5), at(4, 6), at(8, 9)]
UNFINISHED = [at(0, None), at(1, 2), at(3, 4)]
CANCELLED = [at(0, 2, unfinished=True), at(1, 3), at(4, 5)]

# The steps, those that have been played, a step, and the earliest that is missing before it.
ORDER = {
    "the first of a sequence": (FOLLOWING, [], 0, None),
    "the second of a sequence, early": (FOLLOWING, [], 1, 0),
    "the third of a sequence, early": (FOLLOWING, [], 2, 0),
    "the third, and the second is missing": (FOLLOWING, [0], 2, 1),
    "the third, and the first is missing": (FOLLOWING, [1], 2, 0),
    "the third in its turn": (FOLLOWING, [0, 1], 2, None),
    "the second of two that overlap": (OVERLAPPING, [], 1, None),
    "one that started after the first had ended": (OVERLAPPING, [], 2, 0),
    "one that overlaps the second": (OVERLAPPING, [0], 2, None),
    "an inner one, and the outer one is open": (NESTED, [], 1, None),
    "the second inner one, early": (NESTED, [], 2, 1),
    "one after the outer one, early": (NESTED, [], 3, 0),
    "one after the outer one": (NESTED, [0], 3, None),
    "one after the outer one, which played on its own": (NESTED, [0], 3, None),
    "the last of those that were started together": (FAN_OUT, [0], 3, None),
    "all of them, before what they follow": (FAN_OUT, [], 3, 0),
    "one that follows them all": (FAN_OUT, [0, 2], 4, 1),
    "one that follows them all, in its turn": (FAN_OUT, [0, 1, 2, 3], 4, None),
    "one after a call that never ended": (UNFINISHED, [], 1, None),
    "another one after a call that never ended": (UNFINISHED, [], 2, 1),
    "one after a call that was cancelled": (CANCELLED, [1], 2, None),
}


@pytest.mark.parametrize(("steps", "before", "index", "missing"), ORDER.values(), ids=ORDER)
def test_in_order_means_that_what_had_ended_has_been_played(steps, before, index, missing):
    """What ran at the same time may come in any order."""
    played = tape(*steps)
    for other in before:
        played.play(other)

    assert played.missing_before(index) == missing
    assert played.missing_before(index) == missing


def test_a_step_that_was_played_early_is_not_missing():
    """A run that is out of order once drifts once."""
    played = tape(*FOLLOWING, step("f"))

    played.play(2)
    assert played.missing_before(1) == 0
    played.play(0)
    assert played.missing_before(3) == 1
    played.play(1)
    assert played.missing_before(3) is None
    played.play(3)
    assert played.missing_before(3) is None


def test_steps_that_are_excused_are_not_asked_for():
    """In best effort, what was skipped makes no later call drift; it may still be played."""
    played = tape(*FOLLOWING, step("f"), at(8, 10), at(9, 11), at(12, 13))

    played.excuse_before(2)
    played.play(2)

    assert played.missing_before(3) is None
    assert played.missing_before(0) is None
    assert (played.remaining, played.cursor) == (6, 0)
    assert played.missing_before(4) == 3
    played.play(3)
    played.excuse_before(5)
    assert played.missing_before(6) == 4, "it had not ended when the excused one started"


def test_a_step_precedes_those_that_started_when_it_had_ended():
    """Those that overlap do not precede each other."""
    played = tape(at(0, 1), at(2, 4), at(3, 5), at(6, 7))

    pairs = itertools.product(range(4), repeat=2)
    assert [pair for pair in pairs if played.precedes(*pair)] == [
        (0, 1),
        (0, 2),
        (0, 3),
        (1, 3),
        (2, 3),
    ]


def test_a_call_that_never_ended_precedes_none():
    """Nothing can wait for it."""
    assert not tape(*UNFINISHED).precedes(0, 2)


# Some steps, and those during which something else happened.
OVERLAPS = {
    "one after another": (FOLLOWING, []),
    "at the same time": (OVERLAPPING, [0, 1, 2]),
    "an outer call": (NESTED, [0]),
    "many at the same time": (FAN_OUT, [1, 2, 3]),
    "a call that never ended": (UNFINISHED, [0]),
}


@pytest.mark.parametrize(("steps", "overlapping"), OVERLAPS.values(), ids=OVERLAPS)
def test_a_call_overlaps_what_started_or_ended_while_it_ran(steps, overlapping):
    """Only such a call has to care about the order of the returns."""
    played = tape(*steps)

    assert [index for index in range(len(steps)) if played.overlaps(index)] == overlapping


# Inner calls


def test_inner_steps_are_played_with_their_outer_one():
    """When the outer call is answered from tape, nobody makes the inner ones."""
    played = tape(*NESTED)

    played.play(0)

    assert (played.remaining, played.cursor) == (1, 3)
    assert played.may_return(0), "nobody waits for the inner ones to return"
    played.give_back(0)
    assert played.may_return(3)


def test_inner_steps_belong_to_it_at_any_depth():
    """And those beside it do not."""
    played = tape(
        step("f"), step("f", parent=0), step("f"), step("f", parent=1), step("f", parent=2)
    )

    assert sorted(played.inside(0)) == [1, 3]
    assert played.inside(2) == [4]
    assert played.inside(3) == []
    played.play(0)
    assert (played.remaining, played.cursor) == (2, 2)


def test_an_inner_step_can_be_played_for_itself():
    """The outer call is live, and runs."""
    played = tape(*NESTED)

    played.play(1)

    assert played.cursor == 0
    assert played.missing_before(2) is None


def test_tasks_that_start_each_other_may_nest_without_end():
    """Each belongs to the one before, and there may be more of them than Python has frames."""
    count = 5_000
    played = tape(step("f"), *[step("f", parent=number) for number in range(count)])

    played.play(0)

    assert played.remaining == 0


# Live kinds


def test_steps_of_a_live_kind_are_neither_played_nor_owed():
    """They are not answered from the tape, and nothing waits for them."""
    played = tape(
        step("f", type="tool"),
        step("g", type="llm"),
        step("f", type="tool"),
        step("g", type="llm", parent=2),
        live=["tool"],
    )

    assert (played.remaining, played.cursor) == (2, 1)
    assert played.find(asked("f")) is None
    assert played.missing_before(1) is None
    assert played.may_return(1)
    assert played.nearest("f") == 1
    assert played.owed(cleanup=True) == 1
    assert play_through(played, asked("g"), asked("g")) == [1, 3]
    assert played.owed(cleanup=True) is None


# What is left


def test_the_nearest_step_is_one_of_the_name_if_there_is_any():
    """It is what a drift is compared with."""
    played = tape(step("f"), step("g"), step("f"), step("g"))

    assert (played.nearest("f"), played.nearest("g"), played.nearest("h")) == (0, 1, 0)
    played.play(0)
    assert (played.nearest("f"), played.nearest("g"), played.nearest("h")) == (2, 1, 1)
    played.play(1)
    played.play(3)
    assert (played.nearest("f"), played.nearest("g"), played.nearest("h")) == (2, 2, 2)
    played.play(2)
    assert played.nearest("f") is None


def test_what_came_after_the_end_of_the_body_is_owed_at_the_end_of_clean_up():
    """Fixtures that are torn down may call as well."""
    played = tape(step("f"), step("f", cleanup=True), step("f"), step("f", cleanup=True))

    assert played.owed(cleanup=False) == 0
    played.play(0)
    assert (played.owed(cleanup=False), played.owed(cleanup=True)) == (2, 1)
    played.play(2)
    assert (played.owed(cleanup=False), played.owed(cleanup=True)) == (None, 1)
    played.play(1)
    played.play(3)
    assert (played.owed(cleanup=False), played.owed(cleanup=True)) == (None, None)


# The order of returns

# The steps, those that have returned, a step, and whether it may return.
RETURNS = {
    "the one that ended first": (OVERLAPPING, [], 0, True),
    "the one that ended second": (OVERLAPPING, [], 1, False),
    "the one that ended second, in its turn": (OVERLAPPING, [0], 1, True),
    "the one that ended last": (OVERLAPPING, [0], 2, False),
    "the one that ended last, in its turn": (OVERLAPPING, [1, 0], 2, True),
    "an outer one, before its inner ones": (NESTED, [], 0, False),
    "an outer one, after its inner ones": (NESTED, [1, 2], 0, True),
    "one that was started last and ended first": (FAN_OUT, [0], 2, True),
    "one that was started first and ended last": (FAN_OUT, [0, 2], 1, False),
    "one beside a call that never ended": (UNFINISHED, [], 1, True),
    "a call that never ended": (UNFINISHED, [1], 0, False),
    "a call that never ended, when all have": (UNFINISHED, [1, 2], 0, True),
    "one that returned already": (OVERLAPPING, [0, 1, 2], 0, True),
}


@pytest.mark.parametrize(("steps", "before", "index", "may_return"), RETURNS.values(), ids=RETURNS)
def test_calls_return_in_the_recorded_order_of_their_ends(steps, before, index, may_return):
    """So that a race has the same winner."""
    played = tape(*steps)
    for other in before:
        played.give_back(other)

    assert played.may_return(index) is may_return


@st.composite
def spans(draw):
    """Make the starts and ends of some calls: any order that can have happened."""
    count = draw(st.integers(1, 6))
    places = draw(st.permutations(range(2 * count)))
    pairs = sorted(sorted(places[2 * index : 2 * index + 2]) for index in range(count))
    never = draw(st.sets(st.integers(0, count - 1), max_size=2))
    return [at(start, None if i in never else end) for i, (start, end) in enumerate(pairs)]


@given(spans(), st.integers())
def test_a_run_that_follows_the_recording_never_waits(steps, seed):
    """Starting and ending as on tape, no call is early, and no outcome is held back."""
    played = tape(*steps)
    never = float("inf")
    ends = [one["concurrency"]["end"] for one in steps]
    starts = [(one["concurrency"]["start"], "start", i) for i, one in enumerate(steps)]
    returns = [(never if end is None else end, "end", i) for i, end in enumerate(ends)]

    for _, what, index in sorted(starts + returns):
        if what == "start":
            assert played.missing_before(index) is None
            played.play(index)
        else:
            assert played.may_return(index)
            played.give_back(index)
    assert played.remaining == 0


@given(spans(), st.randoms(use_true_random=False))
def test_what_is_missing_is_what_had_ended_and_was_not_played(steps, chance):
    """Whatever the order in which they are played, and however often one asks."""
    played = tape(*steps)
    order = list(range(len(steps)))
    chance.shuffle(order)
    for done in range(len(order)):
        for index in order[done:]:
            missing = [i for i in sorted(order[done:]) if played.precedes(i, index)]
            assert played.missing_before(index) == (missing[0] if missing else None)
        played.play(order[done])


def test_matching_does_not_depend_on_the_order_of_questions():
    """What was kept from an earlier question answers a later one rightly."""
    calls = [
        asked("f", number % 3, ignore=ignore) for number in range(6) for ignore in ((), ("**.a",))
    ]
    answers = set()
    for seed in range(5):
        shuffled = list(calls)
        random.Random(seed).shuffle(shuffled)
        played = tape(*[step("f", number % 3) for number in range(6)])
        found = {(call.arguments["args"][0], played.find(call)) for call in shuffled}
        answers.add(tuple(sorted(found)))
    assert answers == {tuple(zip(itertools.count(), range(3)))}
