"""When two calls are the same call."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcassette._asked import Asked
from agentcassette._comparing import Compared, by_name, compared, cover, form_of, key
from agentcassette._ignoring import compile_ignores
from agentcassette._pointer import find


def call(*args, **kwargs):
    """Make the arguments of a call."""
    return {"args": [*args], "kwargs": kwargs}


def asked(arguments, types=None, *, parameters=(), volatile=(), ignore=()):
    """Make a call as it is compared."""
    return Asked(
        "f",
        "llm",
        arguments=arguments,
        types=types or {},
        volatile=volatile,
        parameters=parameters,
        ignore=compile_ignores(ignore),
    )


def key_of(arguments, types=None, **circumstances):
    """Give the text that calls have in common if they are the same."""
    made = asked(arguments, types, **circumstances)
    return key(form_of(made), made.arguments, made.types)


# The names of the positional parameters, two ways to write a call, and the form they share.
SPELLINGS = {
    "def f(a), by place and by name": (("a",), call(1), call(a=1), call(a=1)),
    "def f(a, b), half by name": (("a", "b"), call(1, b=2), call(1, 2), call(a=1, b=2)),
    "def f(a, b), in another order": (("a", "b"), call(b=2, a=1), call(a=1, b=2), call(a=1, b=2)),
    "def f(a, /, b), the first by place alone": (
        (None, "b"),
        call(1, 2),
        call(1, b=2),
        call(1, b=2),
    ),
    "def f(a, /, **more), with a keyword of its name": (
        (None,),
        call(1, a=2),
        call(1, a=2),
        call(1, a=2),
    ),
    "def f(a, /, b, c, *rest)": (
        (None, "b", "c"),
        call(1, 2, 3, 4, 5),
        call(1, 2, 3, 4, 5),
        call(1, 4, 5, b=2, c=3),
    ),
    "def f(*rest)": ((), call(1, 2), call(1, 2), call(1, 2)),
    "def f(**more)": ((), call(a=1), call(a=1), call(a=1)),
    "def f(a, b=...), the second left out": (("a", "b"), call(1), call(a=1), call(a=1)),
    "no arguments": (("a",), call(), call(), call()),
}
# The names of the positional parameters, and two calls that are not the same.
DIFFERENT = {
    "another value": (("a",), call(1), call(2)),
    "another name": (("a",), call(a=1), call(b=1)),
    "one more": (("a", "b"), call(1), call(1, 2)),
    "one more of the rest": (("a",), call(1, 2), call(1, 2, 2)),
    "the rest in another order": ((), call(1, 2), call(2, 1)),
    "by place and by name, where the place has no name": ((None,), call(1), call(a=1)),
    "1 and 1.0": ((), call(1), call(1.0)),
    "1 and true": ((), call(1), call(True)),
    "0 and false": ((), call(x=0), call(x=False)),
    "0.0 and -0.0": ((), call(0.0), call(-0.0)),
    "1 and its text": ((), call(1), call("1")),
    "null and nothing": ((), call(a=None), call()),
    "null and its text": ((), call(None), call("null")),
    "an empty list and an empty object": ((), call([]), call({})),
    "a list within": ((), call([1, [2]]), call([1, 2])),
    "a key within": ((), call({"a": 1}), call({"a": 1, "b": None})),
    "letters that look alike": ((), call("\u00e9"), call("e\u0301")),
    "a lone surrogate": ((), call("\ud800"), call("\\ud800")),
}


@pytest.mark.parametrize(
    ("parameters", "one", "other", "written"), SPELLINGS.values(), ids=SPELLINGS
)
def test_one_call_may_be_written_in_many_ways(parameters, one, other, written):
    """Whoever turns a positional argument into a keyword has not changed the agent."""
    for spelled in (one, other):
        kept = copy.deepcopy(spelled)
        assert by_name(spelled, {}, parameters) == (written, {})
        assert spelled == kept
    assert key_of(one, parameters=parameters) == key_of(other, parameters=parameters)


@pytest.mark.parametrize(("parameters", "one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_types_and_values_are_exact(parameters, one, other):
    """Loose matching lets any prompt get any answer."""
    assert key_of(one, parameters=parameters) != key_of(other, parameters=parameters)


def test_the_order_of_keys_makes_no_difference():
    """Neither that of keywords nor that within values."""
    assert key_of(call(a={"x": 1, "y": [{"p": 1, "q": 2}]}, b=2)) == key_of(
        call(b=2, a={"y": [{"q": 2, "p": 1}], "x": 1})
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"/args/0": "tuple"}),
        ({"/args/0": "tuple"}, {"/args/0": "set"}),
        ({"/args/0/0": "tuple"}, {"/args/0/1": "tuple"}),
    ],
)
def test_calls_with_other_types_are_other_calls(one, other):
    """A tuple is no list, although JSON has one form for both."""
    assert key_of(call([[1], [1]]), one) != key_of(call([[1], [1]]), other)
    assert key_of(call([[1], [1]]), one) == key_of(call([[1], [1]]), dict(one))


def test_types_move_with_their_arguments():
    """They stand at pointers, and the pointers change with the names."""
    types = {
        "": "d",
        "/args": "l",
        "/args/0": "a",
        "/args/1/x~1y": "b",
        "/args/10/0": "k",
        "/args/2/args/1": "c",
        "/kwargs/z/args/1": "z",
    }
    arguments = call(*range(11), z={})

    moved, moved_types = by_name(arguments, types, (None, "b/2", "c"))

    assert moved["args"] == [0, 3, 4, 5, 6, 7, 8, 9, 10]
    assert moved["kwargs"] == {"z": {}, "b/2": 1, "c": 2}
    assert moved_types == {
        "": "d",
        "/args": "l",
        "/args/0": "a",
        "/kwargs/b~12/x~1y": "b",
        "/args/8/0": "k",
        "/kwargs/c/args/1": "c",
        "/kwargs/z/args/1": "z",
    }


names = st.sampled_from(["a", "b", "c/d", "~"])
parameter_lists = st.tuples(st.integers(0, 2), st.lists(names, unique=True)).map(
    lambda parts: (*[None] * parts[0], *parts[1])
)


@given(st.lists(st.integers(), max_size=6), st.dictionaries(names, st.integers()), parameter_lists)
def test_naming_arguments_loses_none_of_them(args, kwargs, parameters):
    """Each argument and its type is found again, and to name them twice changes nothing."""
    by_place = {name: place for place, name in enumerate(parameters) if place < len(args)}
    kwargs = {name: value for name, value in kwargs.items() if name not in by_place}
    arguments = {"args": args, "kwargs": kwargs}
    types = {f"/args/{place}": f"type of {place}" for place in range(len(args))}

    moved, moved_types = by_name(arguments, types, parameters)

    for name, place in by_place.items():
        if name is not None:
            assert moved["kwargs"][name] == args[place]
    assert sorted([*moved["args"], *moved["kwargs"].values()]) == sorted([*args, *kwargs.values()])
    assert sorted(moved_types.values()) == sorted(types.values())
    assert [find(moved, pointer) for pointer in moved_types] == args
    assert by_name(moved, moved_types, parameters) == (moved, moved_types)


# What is not compared

IGNORED = {
    "a keyword": (("kwargs.id",), ("q",), call(1, id=2), call(1, id=3)),
    "a keyword, which only one side has": (("kwargs.id",), ("q",), call(1, id=2), call(1)),
    "a keyword that comes by place": (("kwargs.q",), ("q",), call(1), call(q=2)),
    "a place that comes by name": (("args[0]",), ("q",), call(q=1), call(2)),
    "a place without a name": (("args[1]",), (None,), call(1, 2, 3), call(1, 9, 3)),
    "a shape": (
        ("<uuid>",),
        (),
        call("of 123e4567-e89b-12d3-a456-426614174000"),
        call("of 00000000-e89b-12d3-a456-426614174000"),
    ),
    "what is deep within": (("**.at",), (), call([{"at": 1, "x": 2}]), call([{"x": 2}])),
}


@pytest.mark.parametrize(("ignore", "parameters", "one", "other"), IGNORED.values(), ids=IGNORED)
def test_what_is_ignored_is_not_compared(ignore, parameters, one, other):
    """On either side, and however the call is written."""
    circumstances = {"parameters": parameters, "ignore": ignore}

    assert key_of(one, **circumstances) == key_of(other, **circumstances)
    assert key_of(one, parameters=parameters) != key_of(other, parameters=parameters)


def test_the_type_of_what_is_ignored_is_not_compared():
    """An id that was a UUID may be a text by now."""
    circumstances = {"parameters": ("q", "id"), "ignore": ("kwargs.id",)}
    one, other = call("x", ["1"]), call("x", id="1")
    types = {"/args/1": "tuple", "/args/1/0": "uuid.UUID"}

    assert key_of(one, types, **circumstances) == key_of(other, **circumstances)
    assert key_of(one, {**types, "/args/0": "m:Q"}, **circumstances) != key_of(
        other, **circumstances
    )


MESSAGE = {"content": "hi", "id": "run-1", "at": 5}


def test_volatile_places_are_not_compared():
    """A framework makes them afresh in every run; the call says where they are."""
    made = asked(
        call([MESSAGE]),
        {"/args/0/0/at": "datetime.datetime"},
        parameters=("messages",),
        volatile=("/args/0/0/id", "/args/0/0/at"),
    )
    form = form_of(made)
    recorded = call(messages=[{**MESSAGE, "id": "run-0", "at": 4}])
    kept = copy.deepcopy(recorded)

    assert form.hidden == ("/kwargs/messages/0/id", "/kwargs/messages/0/at")
    assert key(form, recorded, {}) == key(form, made.arguments, made.types)
    assert recorded == kept
    assert compared(form, made.arguments, made.types) == Compared(
        call(messages=[{"content": "hi"}]), {}
    )


OTHER_PLACES = {
    "another content": call([{**MESSAGE, "content": "ho"}]),
    "one message more": call([MESSAGE, MESSAGE]),
    "no message": call([]),
    "no message at all": call("hi"),
    "nothing": call(),
}


@pytest.mark.parametrize("recorded", OTHER_PLACES.values(), ids=OTHER_PLACES)
def test_what_is_around_a_volatile_place_is_compared(recorded):
    """Another call may have nothing at such a place."""
    made = asked(call([MESSAGE]), parameters=("m",), volatile=("/args/0/0/id", "/args/0/0/at"))

    assert key(form_of(made), recorded, {}) != key(form_of(made), made.arguments, {})


def test_a_volatile_place_may_be_missing_on_one_side():
    """A framework that sets an id in one run and none in the next is no change of the agent."""
    made = asked(call([MESSAGE]), parameters=("m",), volatile=("/args/0/0/id", "/args/0/0/at"))
    recorded = call([{"content": "hi", "id": "run-1"}])

    assert key(form_of(made), recorded, {}) == key(form_of(made), made.arguments, {})


NOT_GIVEN = {"/kwargs/temperature": "openai:NotGiven"}


def test_an_argument_that_is_not_given_is_none_at_all():
    """What says "not given" is the call without it, and no other value."""
    silent = asked(call(temperature="<openai.NotGiven>"), NOT_GIVEN)
    form = form_of(silent)

    assert key(form, call(), {}) == key(form, silent.arguments, silent.types)
    assert key(form, call(temperature=0.2), {}) != key(form, silent.arguments, silent.types)


def test_a_volatile_item_of_a_list_keeps_the_places_of_the_others():
    """Taken away, it would move those behind it."""
    made = asked(call(m=["id-1", "hi"]), volatile=("/kwargs/m/0",))

    assert key(form_of(made), call(m=["id-2", "hi"]), {}) == key(form_of(made), made.arguments, {})
    assert key(form_of(made), call(m=["hi"]), {}) != key(form_of(made), made.arguments, {})


def test_calls_without_volatile_places_share_a_form():
    """What is known of the steps can be kept for all of them."""
    assert form_of(asked(call(1))) == form_of(asked(call(x=2)))
    assert form_of(asked(call(1))) != form_of(asked(call(1), parameters=("a",)))
    assert form_of(asked(call(1))) != form_of(asked(call(1), ignore=("**.id",)))


# What another writer has redacted

COVERED = {
    "a value": (call(key="k"), call(key="****"), call(key="****")),
    "any value": (call(key={"a": [1]}), call(key="****"), call(key="****")),
    "deep within": (
        call([{"h": {"k": 1, "x": 2}}, 3]),
        call([{"h": {"k": "****", "x": 0}}, 0]),
        call([{"h": {"k": "****", "x": 2}}, 3]),
    ),
    "only where both have the key": (
        call(a={"k": 1}, b=2),
        call(a={"k": "****", "l": "****"}, c="****"),
        call(a={"k": "****"}, b=2),
    ),
    "not in lists of another length": (call([1, 2]), call(["****"]), call([1, 2])),
    "not where the tape has a list": (call({"a": 1}), call(["a", "****"]), call({"a": 1})),
    "not where the call has a list": (call(["a"]), call({"a": "****"}), call(["a"])),
    "not where it is part of a text": (call("Bearer k"), call("Bearer ****"), call("Bearer k")),
    "not in a key": (call({"k": 1}), call({"****": 1}), call({"k": 1})),
    "not where only the call has it": (call("****"), call("k"), call("****")),
}


@pytest.mark.parametrize(("live", "recorded", "covered"), COVERED.values(), ids=COVERED)
def test_a_whole_placeholder_on_tape_covers_any_value(live, recorded, covered):
    """A cassette of another writer may not say by which keys it was redacted."""
    kept = copy.deepcopy((live, recorded))

    assert cover(live, {}, recorded) == (covered, {})
    assert (live, recorded) == kept


def test_the_types_of_what_is_covered_are_gone():
    """And those of all else are kept."""
    types = {"/kwargs/k": "m:Key", "/kwargs/k/0": "tuple", "/kwargs/k~1": "tuple", "/args/0": "set"}
    live = {"args": [[1]], "kwargs": {"k": [[1]], "k/": [2]}}
    recorded = {"args": [[1]], "kwargs": {"k": "****", "k/": [2]}}

    covered, left = cover(live, types, recorded)

    assert covered == {"args": [[1]], "kwargs": {"k": "****", "k/": [2]}}
    assert left == {"/kwargs/k~1": "tuple", "/args/0": "set"}


def test_a_covered_key_may_have_any_name():
    """Pointers escape it."""
    live, recorded = call(a={"x/y": [1, {"~": 2}]}), call(a={"x/y": [1, {"~": "****"}]})

    assert cover(live, {"/kwargs/a/x~1y/1/~0": "tuple"}, recorded) == (recorded, {})


# How a call is shown, and as which text it is compared


def test_a_call_is_shown_by_name_and_arguments():
    """As errors and divergences have it, without what comparing needs."""
    assert asked(call(1, a=2)).as_dict() == {
        "name": "f",
        "arguments": {"args": [1], "kwargs": {"a": 2}},
    }


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.0, 1.0, "", "1", "****"]),
    lambda below: st.lists(below, max_size=2) | st.dictionaries(st.sampled_from("ab"), below),
    max_leaves=4,
)


@given(json_values, json_values)
def test_two_calls_have_a_key_in_common_exactly_if_they_are_the_same(one, other):
    """JSON with sorted keys is the measure."""
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)

    assert (key_of(call(one)) == key_of(call(other))) == same
    assert key_of(call(one)) == key_of(call(json.loads(json.dumps(one))))
