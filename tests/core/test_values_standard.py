"""Values of the standard library: dates, decimals, paths, enumerations, named tuples."""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import enum
import fractions
import io
import json
import pathlib
import struct
import sys
import types
import uuid
import zoneinfo
from typing import Any, NamedTuple

import pydantic
import pytest

from agentcassette import UnreplayableValue
from agentcassette._values import decode, encode, unreplayable

HERE = __name__
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
HOUR = dt.timedelta(hours=1)


def through_json(value: object) -> Any:
    """Give what comes back of a value after its JSON went through a file."""
    encoded = encode(value)
    return decode(json.loads(json.dumps(encoded.json, allow_nan=False)), encoded.types)


class FakeDate(dt.date):
    """A date of a class of its own, as a tool that freezes the time makes it."""


class FakeDatetime(dt.datetime):
    """A datetime of a class of its own."""


class Colour(enum.Enum):
    """Values that JSON knows."""

    RED = "red"
    CRIMSON = "red"
    GREEN = 2
    BLUE = 2.5


class Role(str, enum.Enum):
    """Members that are strings."""

    USER = "user"


class Level(enum.IntEnum):
    """Members that are numbers."""

    LOW = 1


class Planet(enum.Enum):
    """Values that JSON doesn't know."""

    EARTH = (5.97e24, 6.37e6)
    NOWHERE = float("nan")


class Right(enum.Flag):
    """Members that add up."""

    READ = 1
    WRITE = 2


class IntRight(enum.IntFlag):
    """Members that add up, and are numbers."""

    READ = 1
    WRITE = 2


class Strange(enum.Flag):
    """Members that add up in a way of their own."""

    A = 1
    B = 2

    @classmethod
    def _missing_(cls, value):
        return super()._missing_(value)


class Lenient(str, enum.Enum):
    """An enumeration that takes what it doesn't list, as those of SDKs do."""

    STOP = "STOP"

    @classmethod
    def _missing_(cls, value):
        member = str.__new__(cls, value)
        member._name_ = value
        member._value_ = value
        return member


class Point(NamedTuple):
    """A named tuple."""

    x: int
    y: object = None


Old = collections.namedtuple("Old", "a b")  # noqa: PYI024 - it is what is tested


KEPT = {
    "date": (dt.date(2026, 6, 30), "2026-06-30", "date"),
    "naive datetime": (
        dt.datetime(2026, 6, 30, 12, 0, 0, 5),  # noqa: DTZ001 - it is what is tested
        "2026-06-30T12:00:00.000005",
        "datetime",
    ),
    "datetime in UTC": (
        dt.datetime(2026, 6, 30, tzinfo=dt.timezone.utc),
        "2026-06-30T00:00:00+00:00",
        "datetime",
    ),
    "datetime with an offset": (
        dt.datetime(2026, 6, 30, tzinfo=dt.timezone(HOUR)),
        "2026-06-30T00:00:00+01:00",
        "datetime",
    ),
    "datetime with a named offset": (
        dt.datetime(2026, 6, 30, tzinfo=dt.timezone(HOUR, "CET")),
        "2026-06-30T00:00:00+01:00",
        "datetime[name=CET]",
    ),
    "datetime with an offset of a strange name": (
        dt.datetime(2026, 6, 30, tzinfo=dt.timezone(HOUR, "W. Europe: Summer")),
        "2026-06-30T00:00:00+01:00",
        "datetime[name=W. Europe: Summer]",
    ),
    "datetime in a zone": (
        dt.datetime(2026, 6, 30, tzinfo=BERLIN),
        "2026-06-30T00:00:00+02:00",
        "datetime[zone=Europe/Berlin]",
    ),
    "the second of two equal hours": (
        dt.datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1),
        "2026-10-25T02:30:00+01:00",
        "datetime[zone=Europe/Berlin,fold=1]",
    ),
    "time": (dt.time(1, 2, 3), "01:02:03", "time"),
    "time in a zone": (dt.time(1, tzinfo=BERLIN), "01:00:00", "time[zone=Europe/Berlin]"),
    "time with an offset": (dt.time(1, tzinfo=dt.timezone.utc), "01:00:00+00:00", "time"),
    "folded time": (dt.time(1, fold=1), "01:00:00", "time[fold=1]"),
    "datetime of a class of its own": (
        FakeDatetime(2026, 6, 30, 1, tzinfo=dt.timezone.utc, fold=1),
        "2026-06-30T01:00:00+00:00",
        f"{HERE}:FakeDatetime[fold=1]",
    ),
    "date of a class of its own": (FakeDate(2026, 6, 30), "2026-06-30", f"{HERE}:FakeDate"),
    "duration": (dt.timedelta(days=1, seconds=3, microseconds=5), "PT86403.000005S", "timedelta"),
    "negative duration": (dt.timedelta(seconds=-90), "-PT90S", "timedelta"),
    "longest duration": (dt.timedelta.max, "PT86399999999999.999999S", "timedelta"),
    "most negative duration": (dt.timedelta.min, "-PT86399999913600S", "timedelta"),
    "no duration": (dt.timedelta(0), "PT0S", "timedelta"),
    "UTC itself": (dt.timezone.utc, "PT0S", "timezone"),
    "offset itself": (dt.timezone(-HOUR), "-PT3600S", "timezone"),
    "named offset itself": (dt.timezone(HOUR, "Local time"), "PT3600S Local time", "timezone"),
    "zone itself": (BERLIN, "Europe/Berlin", "ZoneInfo"),
    "decimal": (decimal.Decimal("1.10"), "1.10", "Decimal"),
    "fraction": (fractions.Fraction(-1, 3), "-1/3", "Fraction"),
    "whole fraction": (fractions.Fraction(7), "7", "Fraction"),
    "uuid": (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005", "UUID"),
    "path": (pathlib.Path("a") / "b", "a/b", "Path"),
    "pure path": (pathlib.PurePosixPath("/a/b"), "/a/b", "PurePosixPath"),
    "path of Windows": (pathlib.PureWindowsPath("C:\\a\\b"), "C:/a/b", "PureWindowsPath"),
    "namespace": (types.SimpleNamespace(a=1, b=None), {"a": 1, "b": None}, "SimpleNamespace"),
    "member by value": (Colour.RED, "red", f"{HERE}:Colour"),
    "member by number": (Colour.GREEN, 2, f"{HERE}:Colour"),
    "member by float": (Colour.BLUE, 2.5, f"{HERE}:Colour"),
    "member that is a string": (Role.USER, "user", f"{HERE}:Role"),
    "member that is a number": (Level.LOW, 1, f"{HERE}:Level"),
    "member by name": (Planet.EARTH, "EARTH", f"{HERE}:Planet[name]"),
    "member that is not a number": (Planet.NOWHERE, "NOWHERE", f"{HERE}:Planet[name]"),
    "flag": (Right.WRITE, 2, f"{HERE}:Right"),
    "sum of flags": (Right.READ | Right.WRITE, 3, f"{HERE}:Right"),
    "sum of number flags": (IntRight.READ | IntRight.WRITE, 3, f"{HERE}:IntRight"),
    "no flag": (Right(0), 0, f"{HERE}:Right"),
    "member that is not listed": (Lenient("NEW"), "NEW", f"{HERE}:Lenient[unlisted]"),
    "named tuple": (Point(1), {"x": 1, "y": None}, f"{HERE}:Point"),
    "older named tuple": (Old(1, 2), {"a": 1, "b": 2}, f"{HERE}:Old"),
}


@pytest.mark.parametrize(("value", "on_tape", "name"), KEPT.values(), ids=KEPT)
def test_a_value_is_readable_on_tape_and_comes_back_as_it_was(value, on_tape, name):
    """The JSON is what a person would write, its type stands beside it, and both give the value."""
    assert encode(value) == (on_tape, {"": name}, ())
    back = through_json(value)
    assert back == value
    assert type(back) is type(value)
    assert repr(back) == repr(value)


def moment_of_pydantic():
    """Make a datetime with pydantic; where one outlives its test, Python 3.12.1 crashes at exit."""
    return pydantic.TypeAdapter(dt.datetime).validate_json('"2026-06-30T12:00:00+02:00"')


def test_a_moment_of_pydantic_comes_back():
    """With the time zone of pydantic's own."""
    moment = moment_of_pydantic()
    assert encode(moment) == ("2026-06-30T12:00:00+02:00", {"": "datetime[TzInfo]"}, ())
    back = through_json(moment)
    assert (back, repr(back), type(back)) == (moment, repr(moment), dt.datetime)


def test_a_decimal_that_signals_comes_back():
    """What can't be compared comes back with its payload."""
    assert repr(through_json(decimal.Decimal("sNaN123"))) == "Decimal('sNaN123')"


def test_the_fold_of_a_time_comes_back():
    """What ``==`` leaves out comes back too."""
    assert through_json(dt.datetime(2026, 6, 30, fold=1)).fold == 1  # noqa: DTZ001


class Elsewhere(dt.tzinfo):
    """A time zone of a class of its own."""

    def utcoffset(self, when):
        """Give the offset."""
        del when
        return HOUR


def test_a_time_zone_of_its_own_comes_back_as_its_offset():
    """A moment is the same moment, though its zone is a fixed offset now."""
    value = dt.datetime(2026, 6, 30, tzinfo=Elsewhere())
    back = through_json(value)
    assert back == value
    assert back.tzinfo == dt.timezone(HOUR)


def test_a_zone_without_a_key_comes_back_as_its_offset():
    """A zone that was read from a file has no name to find it by."""
    header = struct.pack(">4s16s6l", b"TZif", b"", 0, 0, 0, 0, 1, 4)
    zone = zoneinfo.ZoneInfo.from_file(io.BytesIO(header + struct.pack(">lbb4s", 0, 0, 0, b"UTC")))
    value = dt.datetime(2026, 6, 30, tzinfo=zone)
    assert through_json(value) == value
    assert encode(zone).types == {"": "!zoneinfo:ZoneInfo"}


def test_a_frozen_time_is_the_frozen_class_and_the_real_one_the_real(monkeypatch):
    """A tool that puts its own class in the place of ``datetime.datetime`` changes nothing."""
    real = dt.datetime(2026, 6, 30)  # noqa: DTZ001 - a naive one is what is tested
    monkeypatch.setattr("datetime.datetime", FakeDatetime)
    monkeypatch.setattr("datetime.date", FakeDate)
    assert type(through_json(real)) is type(real)
    assert type(through_json(real.date())) is type(real.date())
    assert type(through_json(FakeDatetime(2026, 6, 30))) is FakeDatetime


class Impostor:
    """A class that says it is one of the standard library."""


Impostor.__module__, Impostor.__qualname__ = "decimal", "Decimal"


def test_an_impostor_is_not_taken_for_the_class_it_names():
    """It counts by the name it gives, and is no data."""
    assert encode(Impostor()) == ("<decimal.Decimal>", {"": "!decimal:Decimal"}, ())


class Extended(tuple):
    """A tuple with fields, and a place for more."""

    _fields = ("a",)


def test_a_named_tuple_that_holds_more_than_its_fields_is_no_data():
    """What would be lost is not written as if it were all."""
    value = Extended((1,))
    value.more = 2
    assert unreplayable(encode(value).types) == [("", f"{HERE}:Extended")]


def test_a_flag_with_rules_of_its_own_is_told_by_its_name_only():
    """Adding up flags runs no code but that of the standard library."""
    encoded = encode(Strange.A | Strange.B)
    assert unreplayable(encoded.types) == [("", f"{HERE}:Strange")]
    assert through_json(Strange.A) is Strange.A


GONE = {
    "a member": ("purple", f"{HERE}:Colour"),
    "a member by name": ("MARS", f"{HERE}:Planet[name]"),
    "a flag": (8, f"{HERE}:Strange"),
    "a field": ({"x": 1, "z": 2}, f"{HERE}:Point"),
    "a decimal": ("one", "Decimal"),
    "a number": (["1.5"], "float"),
    "a float by another name": ("Inf", "float"),
    "an int": ("0xzz", "int"),
    "base64": ("*", "bytes[base64]"),
    "bytes": (5, "bytes"),
    "a list": ({}, "tuple"),
    "a dict": ([1], "dict"),
    "a pair": ([[1]], "dict"),
    "a fraction that takes for ever": ("1e999999999", "Fraction"),
    "a duration": ("90 seconds", "timedelta"),
    "a zone": ("Nowhere/Land", "ZoneInfo"),
    "a string for an unlisted member": (5, f"{HERE}:Colour[unlisted]"),
    "another type inside": ("x", f"{HERE}:FakeDate(bytes)"),
}


@pytest.mark.parametrize(("on_tape", "name"), GONE.values(), ids=GONE)
def test_json_that_does_not_fit_its_type_is_a_placeholder(on_tape, name):
    """Nothing is made up of what was edited, or of a class that has changed since."""
    value = decode(on_tape, {"": name}, step_index=3)
    with pytest.raises(UnreplayableValue, match="record") as caught:
        str(value)
    assert caught.value.step_index == 3
    assert caught.value.type_name == name
    assert encode(value) == (on_tape, {"": name}, ())


def test_numbers_of_the_right_type_need_no_digits():
    """A type beside a number that JSON knows does no harm."""
    assert decode(5, {"": "int"}) == 5
    assert decode(0.5, {"": "float"}) == 0.5


def test_a_moment_of_pydantic_needs_pydantic(monkeypatch):
    """Its time zone is a class of a library that has to be imported."""
    encoded = encode(moment_of_pydantic())
    monkeypatch.delitem(sys.modules, "pydantic_core")
    value = decode(encoded.json, encoded.types)
    with pytest.raises(UnreplayableValue, match="import pydantic"):
        bool(value)
