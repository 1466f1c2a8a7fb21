"""JSON pointers: how a place is written, and what stands there."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcassette._pointer import drop, escape, find, put, split

# The example of RFC 6901, section 5.
DOCUMENT = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
    "deep": [{"0": ["x", {"~1": "y"}]}],
}
PLACES = {
    "": DOCUMENT,
    "/foo": ["bar", "baz"],
    "/foo/0": "bar",
    "/": 0,
    "/a~1b": 1,
    "/c%d": 2,
    "/e^f": 3,
    "/g|h": 4,
    "/i\\j": 5,
    '/k"l': 6,
    "/ ": 7,
    "/m~0n": 8,
    "/deep/0/0/1/~01": "y",
}
NOWHERE = {
    "a key that is not there": "/bar",
    "a place behind the end": "/foo/2",
    "a place before the beginning": "/foo/-1",
    "the end itself": "/foo/-",
    "a key of a list": "/foo/bar",
    "no key of a list": "/foo/",
    "a place with a leading zero": "/foo/00",
    "a place in the digits of another script": "/foo/\u0661",
    "a place with more digits than a number may have": "/foo/" + "1" * 10_000,
    "a key of a number": "/a~1b/x",
    "a place in a text": "/foo/0/0",
    "a key of null": "/deep/0/0/1/~01/x",
}


@pytest.mark.parametrize(("pointer", "value"), PLACES.items(), ids=PLACES)
def test_a_pointer_leads_to_its_place(pointer, value):
    """Tokens are unescaped once, and from the left."""
    assert find(DOCUMENT, pointer) == value


@pytest.mark.parametrize("pointer", NOWHERE.values(), ids=NOWHERE)
def test_a_pointer_to_nowhere_is_a_lookup_error(pointer):
    """Types and redacted places may belong to another value than the one at hand."""
    with pytest.raises(LookupError):
        find(DOCUMENT, pointer)


@pytest.mark.parametrize("pointer", NOWHERE.values(), ids=NOWHERE)
def test_nothing_is_put_nowhere(pointer):
    """A place that is not there is not made."""
    document = copy.deepcopy(DOCUMENT)

    with pytest.raises(LookupError):
        put(document, pointer, "new")

    assert document == DOCUMENT


@pytest.mark.parametrize("pointer", [pointer for pointer in PLACES if pointer])
def test_what_is_put_somewhere_stands_there(pointer):
    """And nothing else has changed."""
    document = copy.deepcopy(DOCUMENT)

    put(document, pointer, ["new"])

    assert find(document, pointer) == ["new"]
    put(document, pointer, find(DOCUMENT, pointer))
    assert document == DOCUMENT


@given(st.lists(st.text(alphabet="~/01a\u0661", max_size=6), max_size=6))
def test_keys_of_any_kind_can_be_told_apart(keys):
    """What was escaped and joined is split into the same keys."""
    assert split("".join(f"/{escape(key)}" for key in keys)) == keys


@pytest.mark.parametrize("pointer", [pointer for pointer in PLACES if pointer])
def test_what_is_taken_away_is_there_no_more(pointer):
    """An item of a list leaves null behind, so that those after it keep their places."""
    document = copy.deepcopy(DOCUMENT)
    above = pointer.rpartition("/")[0]

    drop(document, pointer)

    if isinstance(find(DOCUMENT, above), list):
        assert find(document, pointer) is None
        assert len(find(document, above)) == len(find(DOCUMENT, above))
    else:
        assert find(document, above).keys() == find(DOCUMENT, above).keys() - {split(pointer)[-1]}


@pytest.mark.parametrize("pointer", NOWHERE.values(), ids=NOWHERE)
def test_nothing_is_taken_away_nowhere(pointer):
    """A place that is not there is an error, and the value stays as it is."""
    document = copy.deepcopy(DOCUMENT)

    with pytest.raises(LookupError):
        drop(document, pointer)

    assert document == DOCUMENT
