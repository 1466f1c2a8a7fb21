"""Values that JSON knows, and those of the language that come close: how they are kept."""

from __future__ import annotations

import collections
import contextlib
import json
import math
import sys
from typing import Any

import pytest

from agentcassette._values import decode, encode, unreplayable


def through_json(value: object) -> Any:
    """Give what comes back of a value after its JSON went through a file."""
    encoded = encode(value)
    return decode(json.loads(json.dumps(encoded.json, allow_nan=False)), encoded.types)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(None, id="None"),
        pytest.param(True, id="bool"),
        pytest.param(7, id="int"),
        pytest.param(-0.5, id="float"),
        pytest.param("text", id="str"),
        pytest.param("\ud800 half a character", id="lone surrogate"),
        pytest.param([1, [2, {"a": None}]], id="lists and dicts"),
        pytest.param({}, id="empty dict"),
        pytest.param({"a/b": 1, "~": {"": 2}}, id="keys with slashes"),
        pytest.param(2**2048 - 1, id="the largest plain int"),
    ],
)
def test_what_json_knows_is_kept_as_it_is(value):
    """A value that JSON has a form for needs no type beside it."""
    assert encode(value) == (value, {}, ())
    assert through_json(value) == value
    assert type(through_json(value)) is type(value)


def test_the_json_shares_nothing_with_the_value():
    """What the agent does to a value afterwards changes nothing on tape."""
    value = {"messages": [{"role": "user"}]}
    encoded = encode(value)
    value["messages"][0]["role"] = "changed"
    value["messages"].append({})
    assert encoded.json == {"messages": [{"role": "user"}]}


def test_every_replay_gets_a_fresh_object():
    """What the agent does to a replayed value changes nothing for the next one."""
    encoded = encode({"a": [1], "b": ([2],)})
    first, second = (decode(encoded.json, encoded.types) for _ in range(2))
    first["a"].append("changed")
    first["b"][0].append("changed")
    assert second == {"a": [1], "b": ([2],)}
    assert encoded.json == {"a": [1], "b": [[2]]}


class Text(str):
    """A string of a class of its own."""

    __slots__ = ()


class Answer(str):
    """A string that knows where it comes from."""

    source: str


class Number(int):
    """An int of a class of its own."""


class Share(float):
    """A float of a class of its own."""


class Raw(bytes):
    """Bytes of a class of its own."""


class Buffer(bytearray):
    """A bytearray of a class of its own."""


class Phase(complex):
    """A complex number of a class of its own."""


class Messages(list):
    """A list of a class of its own."""


class Pair(tuple):
    """A tuple of a class of its own."""

    __slots__ = ()


class Tags(set):
    """A set of a class of its own."""


class FrozenTags(frozenset):
    """A frozen set of a class of its own."""


class Settings(dict):
    """A dict of a class of its own."""


class Ordered(collections.OrderedDict):
    """An ordered dict of a class of its own."""


def with_attributes(value: Any, **attributes: object) -> Any:
    """Give the value with attributes set."""
    vars(value).update(attributes)
    return value


HERE = __name__

KEPT = {
    "tuple": ((1, (2,)), [1, [2]], {"": "tuple", "/1": "tuple"}),
    "empty tuple": ((), [], {"": "tuple"}),
    "set": ({3, 1, 2}, [1, 2, 3], {"": "set"}),
    "set of strings": ({"b", "a"}, ["a", "b"], {"": "set"}),
    "mixed set": ({1, "a", (2,)}, ["a", 1, [2]], {"": "set", "/2": "tuple"}),
    "frozenset": (frozenset({1}), [1], {"": "frozenset"}),
    "set of sets": (
        {frozenset({2, 1}), frozenset()},
        [[1, 2], []],
        {"": "set", "/0": "frozenset", "/1": "frozenset"},
    ),
    "bytes that are text": (b"caf\xc3\xa9", "café", {"": "bytes"}),
    "bytes that are none": (b"\xff\x00", "/wA=", {"": "bytes[base64]"}),
    "bytearray": (bytearray(b"x"), "x", {"": "bytearray"}),
    "bytearray that is no text": (bytearray(b"\xff"), "/w==", {"": "bytearray[base64]"}),
    "complex": (1.5 - 2j, "1.5 -2.0", {"": "complex"}),
    "infinite": (math.inf, "Infinity", {"": "float"}),
    "minus infinite": (-math.inf, "-Infinity", {"": "float"}),
    "infinite in a list": ([1.0, math.inf], [1.0, "Infinity"], {"/1": "float"}),
    "long int": (-(2**2048), hex(-(2**2048)), {"": "int"}),
    "long int in a dict": ({"a": 2**2048}, {"a": hex(2**2048)}, {"/a": "int"}),
    "long int in a list": ([2**2048], [hex(2**2048)], {"/0": "int"}),
    "dict with other keys": (
        {1: "a", (2, None): ["b"]},
        [[1, "a"], [[2, None], ["b"]]],
        {"": "dict", "/1/0": "tuple"},
    ),
    "dict with some other keys": ({"a": 1, None: 2}, [["a", 1], [None, 2]], {"": "dict"}),
    "dict with keys of a str class": (
        {Text("k"): (1,)},
        [["k", [1]]],
        {"": "dict", "/0/0": f"{HERE}:Text", "/0/1": "tuple"},
    ),
    "types below strange keys": ({"a/b": {"~": (1,)}}, {"a/b": {"~": [1]}}, {"/a~1b/~0": "tuple"}),
    "deque": (collections.deque([(1,)]), [[1]], {"": "deque", "/0": "tuple"}),
    "deque with a greatest length": (collections.deque([1], 5), [1], {"": "deque[5]"}),
    "range": (range(1, 10, 3), "1:10:3", {"": "range"}),
    "str class": (Text("x"), "x", {"": f"{HERE}:Text"}),
    "int class": (Number(5), 5, {"": f"{HERE}:Number"}),
    "float class": (Share(0.5), 0.5, {"": f"{HERE}:Share"}),
    "infinite float class": (Share("inf"), "Infinity", {"": f"{HERE}:Share(float)"}),
    "bytes class": (Raw(b"x"), "x", {"": f"{HERE}:Raw(bytes)"}),
    "bytearray class": (Buffer(b"x"), "x", {"": f"{HERE}:Buffer(bytearray)"}),
    "complex class": (Phase(1j), "0.0 1.0", {"": f"{HERE}:Phase(complex)"}),
    "list class": (Messages([(1,)]), [[1]], {"": f"{HERE}:Messages", "/0": "tuple"}),
    "tuple class": (Pair((1, 2)), [1, 2], {"": f"{HERE}:Pair(tuple)"}),
    "set class": (Tags({1}), [1], {"": f"{HERE}:Tags(set)"}),
    "frozenset class": (FrozenTags({1}), [1], {"": f"{HERE}:FrozenTags(frozenset)"}),
    "dict class": (Settings(a=1), {"a": 1}, {"": f"{HERE}:Settings"}),
    "dict class with other keys": (Settings({1: 2}), [[1, 2]], {"": f"{HERE}:Settings(dict)"}),
    "OrderedDict": (
        collections.OrderedDict([("b", 1), ("a", 2)]),
        {"b": 1, "a": 2},
        {"": "collections:OrderedDict"},
    ),
    "OrderedDict class": (Ordered(b=1), {"b": 1}, {"": f"{HERE}:Ordered"}),
    "Counter": (collections.Counter("aab"), {"a": 2, "b": 1}, {"": "collections:Counter"}),
    "defaultdict": (
        collections.defaultdict(list, a=[1]),
        {"a": [1]},
        {"": "collections:defaultdict[list]"},
    ),
    "defaultdict without a factory": (
        collections.defaultdict(None, a=1),
        {"a": 1},
        {"": "collections:defaultdict"},
    ),
    "str class with attributes": (
        with_attributes(Answer("x"), source=("a",)),
        {"value": "x", "attributes": {"source": ["a"]}},
        {"": f"{HERE}:Answer[attributes]", "/attributes/source": "tuple"},
    ),
    "dict class with attributes": (
        with_attributes(Settings({1: 2}), name="n"),
        {"value": [[1, 2]], "attributes": {"name": "n"}},
        {"": f"{HERE}:Settings[attributes]", "/value": "dict"},
    ),
}


@pytest.mark.parametrize(("value", "on_tape", "types"), KEPT.values(), ids=KEPT)
def test_a_value_is_readable_on_tape_and_comes_back_as_it_was(value, on_tape, types):
    """The JSON is what a person would write, its types stand beside it, and both give the value."""
    assert encode(value) == (on_tape, types, ())
    back = through_json(value)
    assert back == value
    assert type(back) is type(value)
    assert encode(back) == encode(value)
    assert getattr(back, "__dict__", None) == getattr(value, "__dict__", None)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(-0.0, id="minus zero"),
        pytest.param(math.nan, id="not a number"),
        pytest.param(complex(-0.0, math.nan), id="complex with both"),
        pytest.param([math.nan], id="in a list"),
        pytest.param(Share("nan"), id="of a class of its own"),
    ],
)
def test_floats_that_are_not_equal_to_themselves_come_back(value):
    """What ``==`` can't tell comes back to the sign of its zero."""
    assert repr(through_json(value)) == repr(value)
    assert type(through_json(value)) is type(value)


def test_the_order_of_an_ordered_dict_is_its_own():
    """The order that ``move_to_end`` made is kept, not the one underneath."""
    value = collections.OrderedDict(a=1, b=2)
    value.move_to_end("a")
    assert list(through_json(value)) == ["b", "a"]


def test_a_replayed_defaultdict_still_makes_its_defaults():
    """A factory of the language comes back with the dict."""
    back = through_json(collections.defaultdict(list))
    back["new"].append(1)
    assert back == {"new": [1]}


def test_a_set_is_written_in_one_order_only():
    """The order depends on neither the hashes nor the order of insertion."""
    values = [(1, "a"), None, 2.5, "b", frozenset({1}), b"c"]
    assert encode(set(values)) == encode({*values[::-1]})


def test_a_dict_may_be_an_object_on_tape_whatever_its_type_says():
    """A type that says what the JSON shows does no harm."""
    assert decode({"a": [1]}, {"": "dict", "/a": "tuple"}) == {"a": (1,)}


def test_near_the_end_of_the_stack_recording_still_ends():
    """An agent that has used up its frames gets placeholders, and no RecursionError of ours."""
    value = nested(100)

    def descend(left: int) -> Any:
        return descend(left - 1) if left else encode(value)

    encoded = []
    for left in range(sys.getrecursionlimit(), 0, -1):
        with contextlib.suppress(RecursionError):
            encoded.append(descend(left))
        if len(encoded) == 40:
            break
    assert all(unreplayable(types) for _, types, _ in encoded)


class Linked(dict):
    """A dict whose keys are its attributes, as many a library has one."""

    def __init__(self, **items):
        super().__init__(**items)
        self.__dict__ = self


class Renamed(dict):
    """A dict whose class has another name than it stands under."""


Renamed.__qualname__ = "Elsewhere"


class Nowhere(dict):
    """A dict whose class stands nowhere."""


nowhere = Nowhere(a=1)
del Nowhere

UNREPLAYABLE = {
    "dict of its own attributes": (Linked(a=1), {"a": 1}, f"{HERE}:Linked"),
    "defaultdict with a function": (
        collections.defaultdict(lambda: 1, a=1),
        {"a": 1},
        "collections:defaultdict",
    ),
    "class that can't be found": (nowhere, {"a": 1}, f"{HERE}:Nowhere"),
    "class in C that asks for more": (sys.version_info, list(sys.version_info), "sys:version_info"),
}


def test_a_class_may_stand_under_another_name_than_its_own():
    """Some libraries give their classes the names of others."""
    back = through_json(Renamed(a=1))
    assert (type(back), back) == (Renamed, {"a": 1})


@pytest.mark.parametrize(("value", "on_tape", "name"), UNREPLAYABLE.values(), ids=UNREPLAYABLE)
def test_what_cannot_be_restored_is_readable_all_the_same(value, on_tape, name):
    """Where the class can't be made again, the JSON stays and the types say so."""
    encoded = encode(value)
    assert encoded.json == on_tape
    assert [type_name.partition("(")[0] for _, type_name in unreplayable(encoded.types)] == [name]


def nested(depth: int) -> list[Any]:
    """Give lists in lists."""
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_a_hundred_levels_are_no_matter():
    """Deep data comes back whole."""
    assert through_json(nested(100)) == nested(100)
    last: list[Any] = nested(127)
    value = last
    while last:
        last = last[0]
    last.append({"float": 0.5, "int": 2, "str": "x", "none": None})
    assert through_json(value) == value


def test_endless_nesting_is_cut():
    """Beyond a limit stands a placeholder, and nothing overflows."""
    encoded = encode(nested(5_000))
    text = json.dumps(encoded.json)
    assert text.count("[") == 128
    assert "<list: nested too deeply>" in text
    assert len(unreplayable(encoded.types)) == 1
    assert encode(decode(encoded.json, encoded.types)) == encoded


def test_what_is_read_may_be_nested_as_deep_as_any():
    """JSON that no recording of ours can hold is a placeholder, and no RecursionError."""
    value = decode(nested(100_000), {})
    assert repr(value) == "<unreplayable list>"
    assert encode(value).json == "<agentcassette._values._placeholder.Unreplayable>"


def test_a_cycle_is_cut_where_it_closes():
    """A list in itself is a placeholder there; its other items are kept."""
    value: list[Any] = [1]
    value.append({"again": value})
    assert encode(value) == ([1, {"again": "<list: a cycle>"}], {"/1/again": "!list"}, ())


def test_what_is_shared_is_written_wherever_it_stands():
    """Two places with one object are two equal places."""
    shared = {"a": (1,)}
    assert through_json([shared, shared]) == [shared, shared]


def test_sharing_that_multiplies_is_cut():
    """Few objects that stand for more values than there is memory end in placeholders."""
    value: list[Any] = []
    for _ in range(60):
        value = [value, value]
    names = {name for _, name in unreplayable(encode(value).types)}
    assert names == {"list"}


def test_many_references_to_one_small_object_are_no_matter():
    """An object that stands in many places is written in all of them."""
    small = ("x",)
    value = [small] * 10_000
    assert through_json(value) == value
