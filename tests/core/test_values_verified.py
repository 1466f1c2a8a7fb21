"""Whether a value comes back is tried when it is recorded, whatever its class does."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

import msgspec
import pydantic
import pytest

from agentcassette import UnreplayableValue
from agentcassette._values import decode, encode, encode_verified, unreplayable

HERE = __name__


class OnceOnly(msgspec.Struct):
    """A struct that refuses to be made of what it made of itself."""

    parts: Any

    def __post_init__(self):
        self.parts = self.parts.split()


@dataclasses.dataclass(frozen=True)
class ByName:
    """A key that asks what it holds for its name."""

    holder: object

    def __hash__(self):
        return hash(self.holder.name)

    def __eq__(self, other):
        return self.holder.name == other.holder.name


class Client:
    """An object that is no data."""

    def __init__(self, name):
        self.name = name


class TellsItsClientError(Exception):
    """An error whose text is that of a client it holds."""

    def __str__(self):
        return self.args[0].name


class Model(pydantic.BaseModel):
    """A model of anything."""

    first: Any = None
    second: Any = None


class Vanishing:
    """A class that is no longer what its module says when the value is read."""


LOST = {
    "a struct that refuses its own parts": (OnceOnly("a b"), ""),
    "a struct among others": ([1, {"x": (OnceOnly("a b"), 2)}], "/1/x/0"),
    "a set of what can't be hashed again": ({ByName(Client("a"))}, ""),
    "a dict of what can't be hashed again": ([{ByName(Client("a")): 1}], "/0"),
    "a field that nobody set": (Model(first=OnceOnly("a b"), second=(1,)), "/first"),
    "an exception that its class would not make": (OSError("x"), ""),
}
LOST["an exception that its class would not make"][0].args = (2, "No such file")


@pytest.mark.parametrize(("value", "place"), LOST.values(), ids=LOST)
def test_what_does_not_come_back_is_noted_where_it_stands(value, place):
    """The smallest place is lost, and what is beside it comes back."""
    encoded = encode_verified(value)

    assert encoded.json == encode(value).json
    assert place in [at for at, _ in unreplayable(encoded.types)]
    assert [at for at in dict(unreplayable(encoded.types)) if not at.startswith(place)] == []
    back = decode(encoded.json, encoded.types)
    for key in place.split("/")[1:]:
        back = getattr(back, key) if isinstance(back, Model) else back[key_of(back, key)]
    with pytest.raises(UnreplayableValue):
        len(back)


def key_of(holder, key):
    """Give the key of a dict, or the index of a list, that a token of a pointer stands for."""
    return key if isinstance(holder, dict) else int(key)


def test_what_stands_beside_a_lost_place_comes_back():
    """One odd part costs no more than itself."""
    encoded = encode_verified([OnceOnly("a b"), (1, 2), {"c": b"d"}])

    assert decode(encoded.json, encoded.types)[1:] == [(1, 2), {"c": b"d"}]


def test_the_marks_of_a_field_stay_before_a_lost_type():
    """Who sees that it is lost also sees that nobody set it."""
    model = Model.model_construct(_fields_set=set(), first=OnceOnly("a b"), second=1)

    types = encode_verified(model).types

    assert types["/first"] == f"?!{HERE}:OnceOnly"


def test_the_text_of_an_exception_is_tried_too():
    """A text that needs what is lost would read otherwise."""
    encoded = encode_verified(TellsItsClientError(Client("a")))

    assert "message" not in encoded.json
    assert [at for at, _ in unreplayable(encoded.types)] == ["/args/0"]


def test_a_class_that_is_gone_by_the_time_is_told(monkeypatch):
    """A name that leads to another class is no name."""
    value = Vanishing()
    monkeypatch.setattr(sys.modules[HERE], "Vanishing", int)

    assert unreplayable(encode_verified(value).types) == [("", f"{HERE}:Vanishing")]


def test_plain_json_is_not_read_again():
    """What most tools give costs nothing more than to be copied."""
    assert encode_verified({"a": [1, 2.5, None, "x"]}) == encode({"a": [1, 2.5, None, "x"]})


def test_near_the_end_of_the_stack_nothing_is_tried():
    """An agent that has used up its frames gets no RecursionError of ours."""
    value: Any = ("innermost",)
    for _ in range(60):
        value = (value,)
    seen = []

    def deeper():
        seen.append(encode_verified(value))
        deeper()

    with pytest.raises(RecursionError):
        deeper()

    assert seen[0] == encode(value)
    assert len(seen) > 10
