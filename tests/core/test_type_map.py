"""The map of types: what is left of it, and the tree that it makes."""

from __future__ import annotations

import pytest

from agentcassette._type_map import NO_TYPES, TypeTree, without

TYPES = {"": "a", "/x": "b", "/x/0": "c", "/x/0/y": "d", "/x1": "e", "/~1x": "f", "/": "g"}
CUTS = {
    "nothing": ([], ["", "/x", "/x/0", "/x/0/y", "/x1", "/~1x", "/"]),
    "a place": (["/x/0"], ["", "/x", "/x1", "/~1x", "/"]),
    "a place without a type": (["/x/1"], ["", "/x", "/x/0", "/x/0/y", "/x1", "/~1x", "/"]),
    "several places": (["/x", "/x/0", "/~1x"], ["", "/x1", "/"]),
    "the empty key": (["/"], ["", "/x", "/x/0", "/x/0/y", "/x1", "/~1x"]),
    "everything": ([""], []),
}


@pytest.mark.parametrize(("places", "left"), CUTS.values(), ids=CUTS)
def test_types_at_and_below_places_are_cut_off(places, left):
    """A place is a whole key: one that only begins like it is another."""
    assert list(without(TYPES, places)) == left


def test_a_tree_is_read_by_keys_and_places():
    """Escapes of pointers are undone, places are numbers, and what is not there has no type."""
    tree = TypeTree.of({"/a~1b/3": "tuple", "": "m:Model"})
    assert tree.name == "m:Model"
    assert tree.at("a/b").name == ""
    assert tree.at("a/b").at(3).name == "tuple"
    assert tree.at("a/b").at(2) is NO_TYPES
    assert NO_TYPES.at("x").at(0) is NO_TYPES


EQUAL = {
    "another order": ({"/a": "x", "/b": "y"}, {"/b": "y", "/a": "x"}),
    "nothing": ({}, {}),
}
UNEQUAL = {
    "another name": ({"/a": "x"}, {"/a": "y"}),
    "another place": ({"/a": "x"}, {"/b": "x"}),
    "deeper": ({"/a": "x"}, {"/a/a": "x"}),
    "one more": ({"/a": "x"}, {"/a": "x", "": "y"}),
    "a name like a place": ({"/a/b": "x"}, {"/a": "b", "/b": "x"}),
}


@pytest.mark.parametrize(("first", "second"), EQUAL.values(), ids=EQUAL)
def test_equal_trees_have_equal_texts(first, second):
    """The order of a map makes no difference."""
    assert str(TypeTree.of(first)) == str(TypeTree.of(second))


@pytest.mark.parametrize(("first", "second"), UNEQUAL.values(), ids=UNEQUAL)
def test_unequal_trees_have_unequal_texts(first, second):
    """A text tells everything that is in a tree."""
    assert str(TypeTree.of(first)) != str(TypeTree.of(second))


def test_a_tree_may_be_deep():
    """Depth is no fault, as deep as values may be."""
    assert "deep" in str(TypeTree.of({"/0" * 300: "deep"}))
