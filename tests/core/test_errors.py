"""The errors: what they say, what they carry, and that they survive the way between processes."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest

import agentcassette
from agentcassette import _errors
from agentcassette._errors import (
    AgentCassetteError,
    AmbiguousSession,
    CassetteFormatError,
    CassetteNotFound,
    DivergenceError,
    LiveCallBlocked,
    ReplayExhausted,
    TargetNotFound,
    UnreplayableValue,
)

RECORDED = {"name": "plan", "arguments": {"args": ["a"], "kwargs": {}}}
MADE = {"name": "search", "arguments": {"args": [], "kwargs": {"query": "b"}}}

# How it is made, what it says, and what it carries.
ERRORS = {
    "no cassette": (
        lambda: CassetteNotFound(Path("tapes/one.json")),
        (
            "no cassette at tapes/one.json: record it first, with agentcassette.record or"
            " pytest --record-mode=once"
        ),
        {
            "path": "tapes/one.json",
            "reason": "",
            "remedy": "record it first, with agentcassette.record or pytest --record-mode=once",
        },
    ),
    "no cassette, and why that matters": (
        lambda: CassetteNotFound("one.json", reason="and --record-mode=none", remedy="record it"),
        "no cassette at one.json and --record-mode=none: record it",
        {"path": "one.json", "reason": "and --record-mode=none", "remedy": "record it"},
    ),
    "a corrupt file": (
        lambda: CassetteFormatError(Path("one.json"), 7, "step 1 has no name"),
        "one.json:7: step 1 has no name",
        {"path": "one.json", "line": 7, "problem": "step 1 has no name"},
    ),
    "a corrupt file, and no line to blame": (
        lambda: CassetteFormatError("one.json", None, "no cassette"),
        "one.json: no cassette",
        {"path": "one.json", "line": None, "problem": "no cassette"},
    ),
    "a corrupt dict": (
        lambda: CassetteFormatError(None, None, "no cassette"),
        "cassette: no cassette",
        {"path": None, "line": None, "problem": "no cassette"},
    ),
    "a corrupt text": (
        lambda: CassetteFormatError(None, 3, "no valid JSON"),
        "cassette:3: no valid JSON",
        {"path": None, "line": 3, "problem": "no valid JSON"},
    ),
    "one call too many": (
        lambda: ReplayExhausted(3, MADE),
        (
            "Replay exhausted at step 3: the cassette has 3 steps, and the agent made one more"
            " call, 'search'"
        ),
        {"step_index": 3, "expected": None, "actual": MADE},
    ),
    "one call too many, explained": (
        lambda: ReplayExhausted(3, MADE, explanation="it is one too many"),
        "it is one too many",
        {"step_index": 3, "expected": None, "actual": MADE},
    ),
    "no such callable": (
        lambda: TargetNotFound("a.b:C.ask", "a.b has no 'C'"),
        "'a.b:C.ask' can't be intercepted: a.b has no 'C'",
        {"target": "a.b:C.ask", "problem": "a.b has no 'C'"},
    ),
    "another call": (
        lambda: DivergenceError(1, RECORDED, MADE),
        (
            "Replay diverged at step 1: expected 'plan' with {'args': ['a'], 'kwargs': {}}, got"
            " 'search' with {'args': [], 'kwargs': {'query': 'b'}}"
        ),
        {"step_index": 1, "expected": RECORDED, "actual": MADE},
    ),
    "a call that was never made": (
        lambda: DivergenceError(1, RECORDED, None),
        (
            "Replay diverged at step 1: expected 'plan' with {'args': ['a'], 'kwargs': {}}, got the"
            " end of the run"
        ),
        {"step_index": 1, "expected": RECORDED, "actual": None},
    ),
    "another call, explained": (
        lambda: DivergenceError(1, RECORDED, MADE, explanation="it is another"),
        "it is another",
        {"step_index": 1, "expected": RECORDED, "actual": MADE},
    ),
    "a value that is lost": (
        lambda: UnreplayableValue(2, "app.models:Plan", "import app.models"),
        "a value of step 2, of type app.models:Plan, can't be replayed: import app.models",
        {"step_index": 2, "type_name": "app.models:Plan", "remedy": "import app.models"},
    ),
    "a value that is lost, of some step": (
        lambda: UnreplayableValue(None, "threading:Lock", "return data"),
        "a value, of type threading:Lock, can't be replayed: return data",
        {"step_index": None, "type_name": "threading:Lock", "remedy": "return data"},
    ),
    "a call that was blocked": (
        lambda: LiveCallBlocked("ask", "live calls are blocked"),
        "the call of 'ask' was not made: live calls are blocked",
        {"name": "ask", "reason": "live calls are blocked"},
    ),
    "a connection that must not be made": (
        lambda: LiveCallBlocked("example.com:443", "record it", explanation="network blocked"),
        "network blocked",
        {"name": "example.com:443", "reason": "record it"},
    ),
    "a call that could belong to two sessions": (
        lambda: AmbiguousSession("ask", ("one.json", "two.json")),
        (
            "the call of 'ask' could belong to any of 2 open sessions (one.json, two.json), and its"
            " thread was started without a context: start it with contextvars.copy_context().run,"
            " with asyncio.to_thread, or open one session at a time"
        ),
        {"name": "ask", "paths": ("one.json", "two.json")},
    ),
}
COPIES = {
    "copied": copy.copy,
    "copied in depth": copy.deepcopy,
    **{
        f"pickled with protocol {protocol}": lambda error, protocol=protocol: pickle.loads(
            pickle.dumps(error, protocol)
        )
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}


@pytest.mark.parametrize(("make", "text", "data"), ERRORS.values(), ids=ERRORS)
def test_an_error_says_what_happened_and_carries_its_data(make, text, data):
    """Its text is for people, its attributes are for programs, and neither lacks anything."""
    error = make()

    assert str(error) == text
    assert vars(error) == data


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("make", [make for make, _, _ in ERRORS.values()], ids=ERRORS)
def test_an_error_survives_being_copied(make, copied):
    """A worker of pytest-xdist pickles it, and an error that sticks is raised as a copy."""
    error = make()

    twin = copied(error)

    assert twin is not error
    assert type(twin) is type(error)
    assert str(twin) == str(error)
    assert twin.args == error.args
    assert vars(twin) == vars(error)


def test_a_copy_has_no_traceback_of_another():
    """An error that is raised a second time shows where it was raised this time."""
    with pytest.raises(DivergenceError) as caught:
        raise DivergenceError(0, RECORDED, None)

    assert caught.value.__traceback__ is not None
    assert copy.copy(caught.value).__traceback__ is None


def test_what_is_noted_on_an_error_survives_as_well():
    """Frameworks leave attributes of their own on an error."""
    error = LiveCallBlocked("ask", "no")
    error.__notes__ = ["while planning"]

    assert pickle.loads(pickle.dumps(error)).__notes__ == ["while planning"]


def test_an_error_derived_from_ours_can_be_pickled():
    """Its constructor may ask for anything."""
    twin = pickle.loads(pickle.dumps(DerivedError(1, 2)))

    assert type(twin) is DerivedError
    assert twin.total == 3
    assert str(twin) == "3"


class DerivedError(AgentCassetteError):
    """An error of somebody else."""

    def __init__(self, first: int, second: int) -> None:
        self.total = first + second
        super().__init__(str(self.total))


@pytest.mark.parametrize("name", _errors.__all__)
def test_every_error_is_one_of_ours(name):
    """One `except` clause catches them all, and summaries show the name that users import."""
    error = getattr(_errors, name)

    assert issubclass(error, AgentCassetteError)
    assert error.__module__ == "agentcassette"
    assert getattr(agentcassette, name) is error
