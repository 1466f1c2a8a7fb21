"""Alignment of lists: as few changes as can be seen, in a bounded time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcassette._alignment import Change, align


def same_letters(a: str, b: str) -> float:
    """Judge two words by the letters that they have in common."""
    return len(set(a) & set(b)) / max(1, len(set(a) | set(b)))


def changes(a: list[str], b: list[str]) -> list[tuple[str, int, int]]:
    """Align two lists of words."""
    return [tuple(change) for change in align(a, b, lambda i, j: same_letters(a[i], b[j]))]


CASES = {
    "equal": ("one two three", "one two three", []),
    "both empty": ("", "", []),
    "inserted": ("one two", "one new two", [("added", 1, 1)]),
    "inserted first": ("one two", "new one two", [("added", 0, 0)]),
    "appended": ("one two", "one two new", [("added", 2, 2)]),
    "removed": ("one two three", "one three", [("removed", 1, 1)]),
    "everything removed": ("one two", "", [("removed", 0, 0), ("removed", 1, 0)]),
    "changed": ("one two three", "one six three", [("changed", 1, 1)]),
    "changed apart": (
        "one two three four",
        "uno two three vier",
        [("changed", 0, 0), ("changed", 3, 3)],
    ),
    "changed around the only equal one": (
        "one two three",
        "uno two drei",
        [("changed", 0, 0), ("changed", 2, 2)],
    ),
    "changed and inserted before": (
        "plan walk talk",
        "plan xyz walks talk",
        [("added", 1, 1), ("changed", 1, 2)],
    ),
    "changed and inserted after": (
        "plan walk talk",
        "plan walks xyz talk",
        [("changed", 1, 1), ("added", 2, 2)],
    ),
    "changed and removed before": (
        "plan xyz walk talk",
        "plan walks talk",
        [("removed", 1, 1), ("changed", 2, 1)],
    ),
    "the oldest dropped, the newest changed": (
        "xyz walk",
        "walks qqq",
        [("removed", 0, 0), ("changed", 1, 0), ("added", 2, 1)],
    ),
    "nothing in common": ("aa bb", "cc dd", [("changed", 0, 0), ("changed", 1, 1)]),
    "nothing in common, one more": (
        "aa bb",
        "cc dd ee",
        [("changed", 0, 0), ("changed", 1, 1), ("added", 2, 2)],
    ),
    "repeated items": ("a b a b", "a b a b a b", [("added", 4, 4), ("added", 4, 5)]),
}


@pytest.mark.parametrize(("a", "b", "expected"), CASES.values(), ids=CASES)
def test_lists_are_aligned(a, b, expected):
    """Runs that both have stay, and the similar ones of the others are paired."""
    assert changes(a.split(), b.split()) == expected


def test_many_equal_items_are_paired_by_their_places():
    """Where the search would take too long, the ends are still found, and places are paired."""
    a, b = ["x", "start", *["1", "2"] * 400, "end"], ["x", *["2", "1", "1"] * 300, "end"]
    started = time.perf_counter()
    found = changes(a, b)
    assert time.perf_counter() - started < 1
    assert [kind for kind, _, _ in found].count("removed") == 0
    assert found[0] == ("changed", 1, 1)
    assert found[-1] == ("added", 802, 900)


def test_long_changed_parts_are_paired_by_their_places():
    """The similarities within a long part are not measured, which would take too long."""
    a, b = [f"a{n}" for n in range(40)], [f"b{n}" for n in range(41)]
    measured = []
    found = align(a, b, lambda i, j: measured.append((i, j)) or 0.0)
    assert measured == []
    assert found[-2:] == [Change("changed", 39, 39), Change("added", 40, 40)]


WORDS = st.lists(st.text("abc", min_size=1, max_size=3), max_size=12)


@given(WORDS, WORDS)
def test_the_changes_make_one_list_of_the_other(a, b):
    """Whatever the lists, what is left of both is equal, and the changes are in order."""
    found = changes(a, b)
    gone = {i for kind, i, _ in found if kind != "added"}
    come = {j for kind, _, j in found if kind != "removed"}
    assert [x for i, x in enumerate(a) if i not in gone] == [
        x for j, x in enumerate(b) if j not in come
    ]
    assert len(gone) == sum(kind != "added" for kind, _, _ in found)
    assert len(come) == sum(kind != "removed" for kind, _, _ in found)
    assert [i for _, i, _ in found] == sorted(i for _, i, _ in found)
    assert [j for _, _, j in found] == sorted(j for _, _, j in found)


@given(WORDS, st.data())
def test_one_insertion_is_one_addition(words, data):
    """An item that is put in shows as that and as nothing else."""
    place = data.draw(st.integers(0, len(words)))
    assert [kind for kind, _, _ in changes(words, [*words[:place], "new", *words[place:]])] == [
        "added"
    ]
