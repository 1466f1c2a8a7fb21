"""A library that was upgraded since the recording: an unchanged agent replays all the same."""

from __future__ import annotations

import dataclasses
import sys

import openai
import pytest

from agentcassette import Cassette, DivergenceError, intercept, record, replay

OLD = [("name", str), ("limit", int, dataclasses.field(default=5))]
NEW = [
    *OLD,
    ("cache", bool, dataclasses.field(default=False)),
    ("tags", list, dataclasses.field(default_factory=list)),
    ("extra", object, dataclasses.field(default=None)),
]


@pytest.fixture
def library(monkeypatch):
    """Give what puts a version of a library's class in the place of another."""

    def put(fields, **options):
        cls = dataclasses.make_dataclass("Settings", fields, **options)
        cls.__module__ = __name__
        monkeypatch.setattr(sys.modules[__name__], "Settings", cls, raising=False)
        return cls

    return put


@intercept
def ask(settings, *, options=None):
    """Answer with what was asked."""
    return settings


# An object with slots finds no default in its class. Dataclasses have slots since Python 3.10.
KINDS = [{}, {"slots": True}] if sys.version_info >= (3, 10) else [{}]


@pytest.mark.parametrize("options", KINDS, ids=str)
def test_a_new_field_with_a_default_is_no_drift(library, tmp_path, options):
    """As an argument, however deep; and a result gets it as well."""
    old = library(OLD, **options)
    with record(tmp_path / "tape.json"):
        ask(old("a"), options=[{"deep": old("b")}])
    new = library(NEW, **options)
    with replay(tmp_path / "tape.json", strict=True):
        back = ask(new("a"), options=[{"deep": new("b")}])

    assert back == new("a")
    assert back.tags == []


@pytest.mark.parametrize(
    "change",
    [{"cache": True}, {"tags": ["x"]}, {"extra": 5}, {"limit": 6}],
    ids=lambda change: next(iter(change)),
)
def test_a_field_that_is_set_is_drift(library, tmp_path, change):
    """Whether it is a new one or not."""
    old = library(OLD)
    with record(tmp_path / "tape.json"):
        ask(old("a"))
    new = library(NEW)
    with pytest.raises(DivergenceError, match=f"settings.{next(iter(change))}"):  # noqa: SIM117
        with replay(tmp_path / "tape.json", strict=True):
            ask(new("a", **change))


def test_a_default_that_has_changed_is_drift(library, tmp_path):
    """The agent sends something else."""
    old = library(OLD)
    with record(tmp_path / "tape.json"):
        ask(old("a"))
    new = library([("name", str), ("limit", int, dataclasses.field(default=9))])
    with pytest.raises(DivergenceError, match=r"settings\.limit"):  # noqa: SIM117
        with replay(tmp_path / "tape.json", strict=True):
            ask(new("a"))


def test_an_argument_that_is_not_given_is_none(tmp_path):
    """An SDK hands dozens of them over, and more with each version."""
    with record(tmp_path / "tape.json"):
        ask("a", options=openai.omit)
    with replay(tmp_path / "tape.json", strict=True):
        ask("a")

    (step,) = Cassette.load(tmp_path / "tape.json").steps
    assert step["arguments"]["kwargs"] == {}
