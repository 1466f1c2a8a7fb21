"""Objects that are their attributes: dataclasses, attrs classes, msgspec structs, namespaces."""

from __future__ import annotations

import dataclasses
import functools
import json
import sys
import types
import typing
from typing import Any

import attrs
import msgspec
import pytest

from agentcassette import UnreplayableValue
from agentcassette._values import decode, encode, not_given, unreplayable

HERE = __name__


def through_json(value: object) -> Any:
    """Give what comes back of a value after its JSON went through a file."""
    encoded = encode(value)
    return decode(json.loads(json.dumps(encoded.json, allow_nan=False)), encoded.types)


@dataclasses.dataclass
class Trip:
    """A dataclass as agents have it."""

    city: str
    days: typing.Tuple[int, ...] = ()
    notes: list = dataclasses.field(default_factory=list)
    KIND: typing.ClassVar[str] = "trip"


@dataclasses.dataclass(frozen=True)
class Frozen:
    """A dataclass that refuses to be changed."""

    city: str


@dataclasses.dataclass
class Slotted:
    """A dataclass without ``__dict__``."""

    __slots__ = ("city", "days")
    city: str
    days: int


class HalfSlotted(Slotted):
    """A class with slots and ``__dict__``."""


@dataclasses.dataclass
class Derived:
    """A dataclass whose constructor would refuse what it holds."""

    given: dataclasses.InitVar[int]
    made: int = dataclasses.field(init=False)

    def __post_init__(self, given):
        if given < 0:
            raise ValueError(given)
        self.made = given + 1


@dataclasses.dataclass
class Watched:
    """A dataclass whose every method tells that it was called."""

    calls: typing.ClassVar[list] = []
    city: str = "Paris"

    def __post_init__(self):
        self.calls.append("__post_init__")

    def __setattr__(self, name, value):
        self.calls.append("__setattr__")
        super().__setattr__(name, value)

    def __getattribute__(self, name):
        if not name.startswith("__"):
            type(self).__dict__["calls"].append(name)
        return super().__getattribute__(name)

    def __setstate__(self, state):
        self.calls.append("__setstate__")


@attrs.define
class Slots:
    """An attrs class as ``define`` makes it."""

    city: str
    _days: int = 1


@attrs.frozen(slots=False)
class FrozenAttrs:
    """An attrs class with ``__dict__``, that refuses to be changed."""

    city: str


class Struct(msgspec.Struct):
    """A struct."""

    city: str
    days: typing.Any = None


class FrozenStruct(msgspec.Struct, frozen=True, kw_only=True, tag="trip", array_like=True):
    """A struct with all that could be in the way."""

    city: str
    days: typing.Union[int, msgspec.UnsetType] = msgspec.UNSET


class Restless(msgspec.Struct):
    """A struct that changes what it is given."""

    city: str

    def __post_init__(self):
        self.city = self.city.upper()


class Namespace(types.SimpleNamespace):
    """A namespace of a class of its own."""


@dataclasses.dataclass
class Node(dict):
    """A dataclass that is a dict as well."""

    city: str = "Paris"

    __hash__ = None


def with_items(value: Any, **items: object) -> Any:
    """Give the dict with items in it."""
    dict.update(value, items)
    return value


KEPT = {
    "dataclass": (
        Trip("Paris", (1, 2), [{"a": (3,)}]),
        {"city": "Paris", "days": [1, 2], "notes": [{"a": [3]}]},
        {"": f"{HERE}:Trip", "/days": "tuple", "/notes/0/a": "tuple"},
    ),
    "frozen dataclass": (Frozen("Paris"), {"city": "Paris"}, {"": f"{HERE}:Frozen"}),
    "dataclass with slots": (
        Slotted("Paris", 1),
        {"city": "Paris", "days": 1},
        {"": f"{HERE}:Slotted"},
    ),
    "dataclass with an InitVar": (Derived(1), {"made": 2}, {"": f"{HERE}:Derived"}),
    "attrs class": (Slots("Paris", 2), {"city": "Paris", "_days": 2}, {"": f"{HERE}:Slots"}),
    "frozen attrs class": (FrozenAttrs("Paris"), {"city": "Paris"}, {"": f"{HERE}:FrozenAttrs"}),
    "struct": (
        Struct("Paris", (1,)),
        {"city": "Paris", "days": [1]},
        {"": f"{HERE}:Struct", "/days": "tuple"},
    ),
    "struct that changes": (Restless("x"), {"city": "X"}, {"": f"{HERE}:Restless"}),
    "namespace of its own": (Namespace(a=1), {"a": 1}, {"": f"{HERE}:Namespace"}),
    "dataclass that is a dict": (
        with_items(Node("Rome"), a=1),
        {"value": {"a": 1}, "attributes": {"city": "Rome"}},
        {"": f"{HERE}:Node[attributes]"},
    ),
    "dataclass in a dataclass": (
        Trip("Paris", notes=[Frozen("Rome")]),
        {"city": "Paris", "days": [], "notes": [{"city": "Rome"}]},
        {"": f"{HERE}:Trip", "/days": "tuple", "/notes/0": f"{HERE}:Frozen"},
    ),
}


@pytest.mark.parametrize(("value", "on_tape", "types"), KEPT.values(), ids=KEPT)
def test_a_value_is_readable_on_tape_and_comes_back_as_it_was(value, on_tape, types):
    """The JSON is what a person would write, its types stand beside it, and both give the value."""
    assert encode(value) == (on_tape, types, ())
    back = through_json(value)
    assert back == value
    assert type(back) is type(value)
    assert repr(back) == repr(value)


def test_a_slotted_class_with_a_dict_keeps_both():
    """A class derived from one with slots has both kinds of attributes."""
    value = HalfSlotted("Paris", 1)
    value.more = 2
    assert vars(through_json(value)) == {"more": 2}
    assert through_json(value).city == "Paris"


def test_a_field_that_is_not_set_stays_unset():
    """An object that was never finished comes back as it was."""
    value = Slotted.__new__(Slotted)
    value.city = "Paris"
    assert not hasattr(through_json(value), "days")


def test_no_method_of_the_class_is_called():
    """Neither constructor, nor attribute hooks, nor ``__setstate__`` have a say."""
    value = Watched()
    Watched.calls.clear()
    back = through_json(value)
    assert Watched.calls == []
    assert vars(back) == {"city": "Paris"}


@attrs.frozen(cache_hash=True)
class CachedHash:
    """An attrs class that remembers its hash."""

    city: str


def test_a_hash_is_worked_out_again():
    """The hash of a text differs from process to process."""
    value = CachedHash("Paris")
    hash(value)
    encoded = encode(value)
    assert encoded.json == {"city": "Paris", "_attrs_cached_hash": None}
    assert encoded.volatile == ("/_attrs_cached_hash",)
    assert hash(through_json(value)) == hash(value)


@dataclasses.dataclass
class Remembering:
    """A dataclass that keeps more than its fields."""

    city: str

    def __post_init__(self):
        self.seen = [1]

    @functools.cached_property
    def worked_out(self):
        """Take some time."""
        return object()


def test_what_equality_leaves_out_is_kept_but_not_compared():
    """Attributes that are no fields come back, and differ without being drift."""
    value = Remembering("Paris")
    assert encode(value).json == {"city": "Paris", "seen": [1]}
    assert encode(value).volatile == ("/seen",)
    assert through_json(value).seen == [1]


def test_what_is_only_cached_is_left_out():
    """A cached property is worked out again."""
    value = Remembering("Paris")
    value.worked_out  # noqa: B018 - it is cached now
    assert "worked_out" not in encode(value).json
    assert through_json(value).worked_out is not value.worked_out


def test_unset_of_msgspec_is_not_given():
    """A field that was not given counts as if it were not there."""
    value = FrozenStruct(city="Paris")
    encoded = encode(value)
    assert encoded.json == {"city": "Paris", "days": "<msgspec.UnsetType>"}
    assert not_given(encoded.types) == ("/days",)
    assert through_json(value) == value
    assert through_json(value).days is msgspec.UNSET


class Hidden(Slotted):
    """A class that hides a slot behind a property."""

    __slots__ = ("days",)


@dataclasses.dataclass
class Closing:
    """A dataclass that holds something to be closed."""

    city: str = "Paris"

    def __del__(self):
        """Close it."""


class OddlyNamed:
    """A dataclass's attributes under a name that is no string."""


@dataclasses.dataclass
class Odd:
    """A dataclass with an attribute that has no proper name."""

    city: str = "Paris"


def odd() -> Odd:
    """Give an object with such an attribute."""
    value = Odd()
    vars(value)[1] = 2
    return value


NO_DATA = {
    "a slot behind another": (Hidden("Paris", 1), "Hidden"),
    "something to be closed": (Closing(), "Closing"),
    "an attribute whose name is no string": (odd(), "Odd"),
}


@pytest.mark.parametrize(("value", "name"), NO_DATA.values(), ids=NO_DATA)
def test_an_object_that_could_not_be_made_again_is_no_data(value, name):
    """It is told by its class alone."""
    assert encode(value) == (f"<{HERE}.{name}>", {"": f"!{HERE}:{name}"}, ())


def test_a_class_that_cannot_be_found_leaves_readable_json():
    """A local class is named, and its fields stay readable."""

    @dataclasses.dataclass
    class Local:
        city: str

    encoded = encode([Local("Paris")])
    assert encoded.json == [{"city": "Paris"}]
    assert unreplayable(encoded.types) == [("/0", f"{HERE}:{Local.__qualname__}")]


CHANGED = {
    "a field that is gone": ({"city": "Paris", "days": 1, "gone": 1}, "Slotted"),
    "a field of a struct that is gone": ({"city": "Paris", "gone": 1}, "Struct"),
    "another kind of JSON": (["Paris"], "Trip"),
}


@pytest.mark.parametrize(("on_tape", "name"), CHANGED.values(), ids=CHANGED)
def test_a_class_that_has_changed_gives_a_placeholder(on_tape, name):
    """What does not fit any more is not squeezed in."""
    value = decode(on_tape, {"": f"{HERE}:{name}"})
    with pytest.raises(UnreplayableValue, match="record it again"):
        value.city  # noqa: B018 - looking is what is tested


if sys.version_info >= (3, 10):

    @dataclasses.dataclass(slots=True, frozen=True)
    class MadeSlots:
        """A dataclass with the slots that ``dataclass`` makes."""

        city: str

    def test_slots_that_dataclass_makes_are_slots_like_any_other():
        """A frozen dataclass with slots comes back."""
        assert through_json(MadeSlots("Paris")) == MadeSlots("Paris")
