"""The shape of values: keys, types and what lists are lists of, and where two of them differ."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentcassette._shapes import differing, shape_of

SAME = {
    "texts": ("a", "b"),
    "numbers": (1, 1.5),
    "keys in another order": ({"a": 1, "b": 2}, {"b": 3, "a": 4}),
    "lists of other lengths": ([1, 2], [3]),
    "an empty list": ([], [{"a": 1}]),
    "a list that is empty now": ([{"a": 1}], []),
    "optional keys": ([{"a": 1}, {"a": 1, "b": 2}], [{"a": 1}]),
    "optional keys the other way round": ([{"a": 1}], [{"a": 1}, {"a": 1, "b": 2}]),
    "items that may be nothing": ([None, 1], [1]),
    "items of several kinds": ([{"a": 1}, "text", [1]], [[2], {"a": 3}]),
    "lists in lists": ([[], [1]], [[2], []]),
    "what was redacted": ({"key": "****"}, {"key": {"id": 1}}),
    "what is redacted now": ({"key": 3}, {"key": "****"}),
}


@pytest.mark.parametrize(("old", "new"), SAME.values(), ids=SAME)
def test_content_makes_no_difference(old, new):
    """A model says something else each time."""
    assert list(differing(shape_of(old, {}), shape_of(new, {}), "result")) == []


DIFFERENT = {
    "another type": ("a", 1, ["result: a text -> a number"]),
    "nothing any more": ({"a": "x"}, {"a": None}, ["result.a: a text -> nothing"]),
    "true is no number": (True, 1, ["result: true or false -> a number"]),
    "an object for a list": ([1], {"a": 1}, ["result: a list -> an object"]),
    "keys": (
        {"a": 1, "b": [1]},
        {"a": 1, "c d": {}},
        ["result.b is gone (a list)", 'result["c d"] is new (an object)'],
    ),
    "a key of all items": (
        [{"a": {"x": 1}}, {"a": {"x": 2}}],
        [{"a": {"y": 1}}],
        ["result[].a.x is gone (a number)", "result[].a.y is new (a number)"],
    ),
    "other items": ([1, None], ["a"], ["result[]: a number or nothing -> a text"]),
    "deep in lists": ([[{"a": 1}]], [[{"a": "1"}]], ["result[][].a: a number -> a text"]),
}


@pytest.mark.parametrize(("old", "new", "lines"), DIFFERENT.values(), ids=DIFFERENT)
def test_structure_makes_a_difference(old, new, lines):
    """Code that reads the answer depends on it."""
    assert list(differing(shape_of(old, {}), shape_of(new, {}), "result")) == lines


def test_types_are_part_of_the_shape():
    """JSON alone does not tell them; a float that JSON lacks is still a number."""
    old = shape_of({"a/b": 1, "~": ["x"], "n": "NaN"}, {"": "m:Old", "/n": "float"})
    new = shape_of(
        {"a/b": "1", "~": ["x"], "n": 1},
        {"": "m:New", "/a~1b": "Decimal", "/~0/0": "m:Text"},
    )

    assert list(differing(old, new, "result")) == [
        "result: m.Old -> m.New",
        'result["a/b"]: a number -> Decimal',
        'result["~"][]: a text -> m.Text',
    ]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values)
def test_a_value_has_the_shape_of_itself(value):
    """Whatever it is, and however it is nested."""
    shape = shape_of(value, {})

    assert list(differing(shape, shape_of(value, {}), "result")) == []
    assert list(differing(shape.merged(shape), shape, "result")) == []


@given(st.lists(json_values, min_size=1), st.randoms())
def test_a_list_has_the_shape_of_its_items_in_any_order(items, random):
    """And each item alone is no new kind of item."""
    whole = shape_of(items, {})
    shuffled = random.sample(items, len(items))

    assert shape_of(shuffled, {}).items.kinds == whole.items.kinds
    assert shape_of(shuffled, {}).items.always == whole.items.always
    assert whole.items.kinds == frozenset().union(*(shape_of(one, {}).kinds for one in items))
