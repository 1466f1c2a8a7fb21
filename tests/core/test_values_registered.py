"""Classes that users register, with their own way to data and back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agentcassette import UnreplayableValue, register_type
from agentcassette._values import _registry, decode, encode, encode_verified, unreplayable

HERE = __name__


@pytest.fixture(autouse=True)
def no_registrations(monkeypatch):
    """Leave the registry as it was."""
    monkeypatch.setattr(_registry, "_registry", {})


def through_json(value: object) -> Any:
    """Give what comes back of a value after its JSON went through a file."""
    encoded = encode(value)
    return decode(json.loads(json.dumps(encoded.json, allow_nan=False)), encoded.types)


class Money:
    """A class that nobody knows."""

    def __init__(self, amount: Any, currency: str) -> None:
        self.amount = amount
        self.currency = currency

    def __eq__(self, other):
        return vars(self) == vars(other)

    __hash__ = None


def test_a_registered_class_comes_back():
    """What its function gives is on tape, and what the other one makes of it comes back."""
    register_type(Money, encode=vars, decode=lambda data: Money(**data))
    value = [Money((1, 50), "EUR")]
    assert encode(value) == (
        [{"amount": [1, 50], "currency": "EUR"}],
        {"/0": f"{HERE}:Money", "/0/amount": "tuple"},
        (),
    )
    assert through_json(value) == value


def test_the_data_may_be_of_a_type_itself():
    """The type of the data stands behind the name."""
    register_type(
        Money, encode=lambda money: (money.amount, money.currency), decode=lambda data: Money(*data)
    )
    assert encode(Money(1, "EUR")).types == {"": f"{HERE}:Money(tuple)"}
    assert through_json(Money(1, "EUR")) == Money(1, "EUR")


def test_registered_values_may_hold_each_other():
    """Data of a registered class may be of registered classes."""
    register_type(Money, encode=vars, decode=lambda data: Money(**data))
    value = Money(Money(Money(1, "a"), "b"), "c")
    assert through_json(value) == value


def test_a_class_that_is_known_may_be_registered():
    """What the user says counts."""

    class Known(dict):
        pass

    assert encode(Known(a=1)).json == {"a": 1}
    register_type(Known, encode=list, decode=lambda data: Known.fromkeys(data, 1))
    assert encode(Known(a=1)).json == ["a"]


REFUSED = {
    "a function that fails": (lambda money: money.gone, Money, f"<{HERE}.Money>"),
    "a function that forgets": (
        lambda money: money.amount,
        lambda data: Money(data + 1, "EUR"),
        1,
    ),
    "a way back that fails": (lambda money: money.amount, Money, 1),
    "data that is no data": (lambda money: object(), lambda data: Money(1, data), "<object>"),
}


@pytest.mark.parametrize(("there", "back", "on_tape"), REFUSED.values(), ids=REFUSED)
def test_a_value_that_does_not_come_back_as_it_was_is_told(there, back, on_tape):
    """Whether it comes back is tried when it is recorded."""
    register_type(Money, encode=there, decode=back)
    encoded = encode_verified(Money(1, "EUR"))
    assert encoded.json == on_tape
    assert [name.partition("(")[0] for _, name in unreplayable(encoded.types)] == [f"{HERE}:Money"]
    with pytest.raises(UnreplayableValue):
        str(decode(encoded.json, encoded.types))


def test_only_classes_can_be_registered():
    """A mistake is told where it is made."""
    with pytest.raises(TypeError, match="takes a class, not 5"):
        register_type(5, encode=str, decode=int)


def made(amount: int = 0) -> type:
    """Make a class at run time, as botocore does with the exceptions of a service."""
    return type("Throttled", (Exception,), {"__module__": "sdk.errors", "amount": amount})


def test_a_class_that_was_made_at_run_time_comes_back():
    """It is found by its name among the registered ones: no module has it."""
    cls = made()
    assert unreplayable(encode(cls(5)).types) == [("", "sdk.errors:Throttled")]
    register_type(cls, encode=lambda error: list(error.args), decode=lambda args: cls(*args))
    encoded = encode(cls(5))
    assert encoded == ([5], {"": "sdk.errors:Throttled"}, ())
    back = decode(encoded.json, encoded.types)
    assert type(back) is cls
    assert back.args == (5,)


def test_a_class_that_is_derived_under_the_same_name_counts_too():
    """A library may hand out such a class, as instructor does; it comes back as the known one."""
    register_type(Money, encode=vars, decode=lambda data: Money(**data))
    derived = type("Money", (Money,), {"__module__": HERE, "__qualname__": "Money"})
    encoded = encode_verified(derived(1, "EUR"))
    assert encoded.types == {"": f"{HERE}:Money"}
    assert type(decode(encoded.json, encoded.types)) is Money
    other = type("Purse", (Money,), {"__module__": HERE})
    assert unreplayable(encode(other(1, "EUR")).types) == [("", f"{HERE}:Purse")]


def test_of_two_registered_classes_of_one_name_the_last_is_found():
    """The first would come back as the other one, so it does not come back."""
    first, last = made(1), made(2)
    for cls in (first, last):
        register_type(cls, encode=lambda error: list(error.args), decode=lambda args: last(*args))
    assert unreplayable(encode(first()).types) == [("", "sdk.errors:Throttled")]
    encoded = encode(last())
    assert type(decode(encoded.json, encoded.types)) is last


def test_a_name_that_was_registered_once_is_not_kept(monkeypatch):
    """Classes are found by the registry alone."""
    cls = made()
    register_type(cls, encode=repr, decode=str)
    monkeypatch.setattr(_registry, "_registry", {})
    assert _registry.registered_as("sdk.errors:Throttled") is None
