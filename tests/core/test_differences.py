"""Differences of values: that they are found, where, and nowhere else."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agentcassette._differences import Path, canonical, differences, path_text, similarity


def told(a: Any, b: Any, **types: dict[str, str]) -> list[tuple[str, str, Any, Any]]:
    """Compare two values, and tell kind, place and values."""
    return [(found.kind, found.place, found.a, found.b) for found in differences(a, b, **types)]


CASES = {
    "a scalar": (1, 2, [("changed", "", 1, 2)]),
    "a key": ({"a": 1, "b": 2}, {"a": 1, "b": 3}, [("changed", "b", 2, 3)]),
    "a key more": ({"a": 1}, {"a": 1, "b": None}, [("added", "b", None, None)]),
    "a key less": ({"a": 1, "b": None}, {"a": 1}, [("removed", "b", None, None)]),
    "order of keys": ({"a": 1, "b": 2}, {"b": 2, "a": 1}, []),
    "an item": ([1, 2, 3], [1, 5, 3], [("changed", "[1]", 2, 5)]),
    "an item more": ([1, 3], [1, 2, 3], [("added", "[1]", None, 2)]),
    "an item less": ([1, 2, 3], [1, 3], [("removed", "[1]", 2, None)]),
    "the only item": ([{"a": 1}], [{"a": 2}], [("changed", "[0].a", 1, 2)]),
    "below an inserted item": (
        {"messages": [{"id": 1, "text": "hello there"}, {"id": 2, "text": "x"}]},
        {"messages": [{"role": "new"}, {"id": 1, "text": "hello here"}, {"id": 2, "text": "x"}]},
        [
            ("added", "messages[0]", None, {"role": "new"}),
            ("changed", "messages[1].text", "hello there", "hello here"),
        ],
    ),
    "another kind of value": ({"a": [1]}, {"a": {"0": 1}}, [("changed", "a", [1], {"0": 1})]),
    "int and float": ({"a": 1}, {"a": 1.0}, [("type", "a", 1, 1.0)]),
    "int and bool": ([1, 0], [True, 0], [("type", "[0]", 1, True)]),
    "int and float in an item": (
        [{"a": 1}, {"b": 2}],
        [{"a": 1}, {"b": 2.0}],
        [("type", "[1].b", 2, 2.0)],
    ),
    "null and nothing": ({"a": None}, {"a": ""}, [("changed", "a", None, "")]),
    "odd keys": (
        {"x y": {"": 1, "ö": 1}},
        {"x y": {"": 2, "ö": 2}},
        [("changed", '["x y"][""]', 1, 2), ("changed", '["x y"].ö', 1, 2)],
    ),
}


@pytest.mark.parametrize(("a", "b", "expected"), CASES.values(), ids=CASES)
def test_a_difference_is_told_by_its_path(a, b, expected):
    """Each difference is told once, where it is, with what was there and what is."""
    assert told(a, b) == expected


TYPES = {
    "a type more": ({"": "tuple"}, {}, [("type", "", "tuple", "list")]),
    "another type": ({"/0": "m:A"}, {"/0": "m:B"}, [("type", "[0]", "m:A", "m:B")]),
    "deep within": ({"/1/b": "set"}, {"/1/b": "tuple"}, [("type", "[1].b", "set", "tuple")]),
    "of a text": ({"/0/id": "uuid:UUID"}, {}, [("type", "[0].id", "uuid:UUID", "str")]),
    "the same": ({"/0": "m:A", "/1/b": "set"}, {"/1/b": "set", "/0": "m:A"}, []),
}


@pytest.mark.parametrize(("a_types", "b_types", "expected"), TYPES.values(), ids=TYPES)
def test_types_beside_the_values_count(a_types, b_types, expected):
    """Equal JSON of different types is different."""
    value = [{"id": "x"}, {"b": [1]}]
    found = differences(value, copy.deepcopy(value), a_types, b_types)
    assert [(each.kind, each.place, each.a_type, each.b_type) for each in found] == expected


def test_another_type_does_not_hide_what_is_inside():
    """A value of another type is compared with what it was, too."""
    found = differences({"a": 1}, {"a": 2}, {"": "m:Old"}, {"": "m:New"})
    assert [(each.kind, each.place) for each in found] == [("type", ""), ("changed", "a")]


def test_a_place_in_the_first_value_is_told_as_well():
    """Items may have moved, so that a place has one path in each value."""
    (added, changed) = differences([{"x": "a b c"}], [0, {"x": "a b d"}])
    assert (added.path, added.a_path) == ((0,), (0,))
    assert (changed.path, changed.a_path) == ((1, "x"), (0, "x"))


def test_the_path_of_what_was_removed_leads_through_the_first_value():
    """There is no such place in the second value."""
    a = [{"id": 1, "x": "some words", "y": 2}]
    b = [{"id": 0}, {"id": 1, "x": "some words"}]
    (removed,) = [found for found in differences(a, b) if found.kind == "removed"]
    assert removed.path == removed.a_path == (0, "y")


PATHS = {
    "nothing": ((), ""),
    "keys": (("kwargs", "model"), "kwargs.model"),
    "places": (("messages", 17, "content"), "messages[17].content"),
    "a place first": ((0, "a"), "[0].a"),
    "a key with a blank": (("kwargs", "x y"), 'kwargs["x y"]'),
    "a key beyond ascii with a blank": (("ö y",), '["ö y"]'),
    "a key with a quote": (('a"b',), '["a\\"b"]'),
    "a key with a hyphen": (("headers", "x-id"), 'headers["x-id"]'),
    "a key that begins with a digit": (("a", "1b"), 'a["1b"]'),
    "a key with a line break at its end": (("a", "b\n"), 'a["b\\n"]'),
    "letters beyond ascii": (("größe", "日本"), "größe.日本"),
}


@pytest.mark.parametrize(("path", "text"), PATHS.values(), ids=PATHS)
def test_a_path_is_written_as_a_person_writes_it(path, text):
    """Dots and brackets, and quotes where a key is no name."""
    assert path_text(path) == text


SIMILAR = {
    "equal": ({"a": [1]}, {"a": [1]}, 1.0),
    "nothing": (1, 2, 0.0),
    "another kind": ("1", 1, 0.0),
    "half of the words": ("a b c", "a b d", 0.5),
    "the same word": ("a", "a ", 1.0),
    "no words": (" ", "", 0.0),
    "half of the keys": ({"a": 1, "b": 2}, {"a": 1, "b": 3}, 0.5),
    "other keys": ({"a": 1}, {"b": 1}, 0.0),
    "half of the items": ([1, 2], [1, 3], 0.5),
    "an item more": ([1], [1, 2], 0.5),
    "a word within": ({"x": 1, "y": "a b c"}, {"x": 1, "y": "a b d"}, 0.75),
    "within the depth": ([{"x": [1, 2]}], [{"x": [1, 3]}], 0.5),
    "beyond the depth in lists": ([[[[1, 2]]]], [[[[1, 3]]]], 0.0),
    "beyond the depth in objects": ({"x": {"x": {"x": "a b"}}}, {"x": {"x": {"x": "a c"}}}, 0.0),
}


@pytest.mark.parametrize(("a", "b", "expected"), SIMILAR.values(), ids=SIMILAR)
def test_similarity_is_what_two_values_have_in_common(a, b, expected):
    """From nothing to everything, the same both ways."""
    assert similarity(a, b) == similarity(b, a) == expected


def history(changed: str = "lazy") -> dict[str, Any]:
    """Make a call with 200 messages of about 1 KB, one of which has a word to change."""
    words = "the quick brown fox jumps over the dog and runs away from the big bad wolf " * 13
    messages = [{"role": "user", "content": f"{number} {words}"} for number in range(200)]
    messages[117]["content"] += changed
    return {"args": [], "kwargs": {"model": "m", "messages": messages}}


def test_one_word_in_a_long_history_is_found_at_once():
    """A history of 200 messages takes some milliseconds, with room for a slow machine."""
    a, b = history(), history("busy")
    started = time.perf_counter()
    (found,) = differences(a, b)
    assert time.perf_counter() - started < 0.5
    assert found.place == "kwargs.messages[117].content"


LEVELS = {
    "lists": lambda value: [value],
    "long lists": lambda value: ["x", value, "y"],
    "dicts": lambda value: {"a": value, "b": 1},
}


@pytest.mark.parametrize("level", LEVELS.values(), ids=LEVELS)
def test_deep_values_are_compared(level):
    """Depth is no fault, as deep as values may be."""
    a, b = 1, 2
    for _ in range(300):
        a, b = level(a), level(b)
    (found,) = differences(a, b)
    assert (found.a, found.b) == (1, 2)
    assert differences(a, a) == []


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.floats(allow_nan=False, allow_infinity=False, width=16)
    | st.text("ab ", max_size=4)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from("abc~/"), inner),
)


def at(value: Any, path: Path) -> Any:
    """Read what stands at a path."""
    for key in path:
        value = value[key]
    return value


def exactly(value: Any) -> Any:
    """Tell 1, 1.0 and True apart where Python does not."""
    if isinstance(value, dict):
        return {key: exactly(item) for key, item in value.items()}
    return [exactly(item) for item in value] if isinstance(value, list) else (type(value), value)


@given(JSON)
def test_a_value_does_not_differ_from_itself(value):
    """Nor from a copy of it."""
    assert differences(value, copy.deepcopy(value)) == []


@given(JSON, JSON)
def test_different_values_differ_and_equal_ones_do_not(a, b):
    """There is a difference exactly if the values, with their types, are not equal."""
    assert bool(differences(a, b)) == (exactly(a) != exactly(b))


@given(JSON, JSON)
def test_each_path_leads_to_what_is_told(a, b):
    """What was there and what is there can be read at the paths."""
    for found in differences(a, b):
        if found.kind != "added":
            assert exactly(at(a, found.a_path)) == exactly(found.a)
        if found.kind != "removed":
            assert exactly(at(b, found.path)) == exactly(found.b)


def places(value: Any, path: Path = ()) -> list[Path]:
    """List all places in a value."""
    items = value.items() if isinstance(value, dict) else []
    items = enumerate(value) if isinstance(value, list) else items
    return [path, *(place for key, item in items for place in places(item, (*path, key)))]


@given(JSON, st.data())
def test_one_mutation_is_one_difference(value, data):
    """A scalar changed anywhere is told at its place, and nothing else is."""
    scalars = [place for place in places(value) if not isinstance(at(value, place), (dict, list))]
    assume(scalars)
    place = data.draw(st.sampled_from(scalars))
    mutated = [copy.deepcopy(value)]
    at(mutated, (0, *place[:-1]) if place else ())[place[-1] if place else 0] = "mutated"
    (found,) = differences(value, mutated[0])
    assert (found.kind, found.b) == ("changed", "mutated")
    assert exactly(at(value, found.a_path)) == exactly(found.a)
    assert found.path == found.a_path == place


def test_the_canonical_text_has_its_keys_in_order():
    """The order in which a dict was filled makes no difference."""
    assert canonical([{"a": 1, "b": 2}]) == canonical([{"b": 2, "a": 1}])


@given(JSON, JSON)
def test_the_canonical_text_is_equal_for_equal_values(a, b):
    """It tells values apart as exactly as a difference does, but for the sign of zero."""
    if canonical(a) == canonical(b):
        assert exactly(a) == exactly(b)
