"""The public names of the core: exactly these, and each of them there."""

from __future__ import annotations

import sys
from operator import attrgetter
from types import SimpleNamespace

import pytest

import agentcassette

PUBLIC_NAMES = [
    "AgentCassetteError",
    "AmbiguousSession",
    "Call",
    "Cassette",
    "CassetteDiff",
    "CassetteFormatError",
    "CassetteNotFound",
    "Contrast",
    "Difference",
    "DivergenceError",
    "LiveCallBlocked",
    "Player",
    "Recorder",
    "ReplayExhausted",
    "Session",
    "TargetNotFound",
    "UnreplayableValue",
    "diff_cassettes",
    "intercept",
    "intercepting",
    "record",
    "register_type",
    "replay",
    "use_cassette",
    "watch_live_calls",
]


def test_all_lists_the_public_names_in_order():
    """`__all__` is sorted, and holds what the documents promise."""
    assert agentcassette.__all__ == PUBLIC_NAMES


def test_no_other_public_name_can_be_reached():
    """What has no underscore in front of it is promised, whether it was asked for before or not."""
    reachable = {name for name in dir(agentcassette) if not name.startswith("_")}
    not_ours = {"@py_builtins", "@pytest_ar"}  # left by pytest

    assert reachable - not_ours == set(PUBLIC_NAMES)
    with pytest.raises(AttributeError, match="module 'agentcassette' has no attribute 'replays'"):
        agentcassette.replays  # noqa: B018 - it is looked up


@pytest.mark.parametrize("name", PUBLIC_NAMES)
def test_a_public_name_is_the_same_wherever_it_is_imported_from(name):
    """One that is imported late is found by its name, and is there from then on."""
    value = getattr(agentcassette, name)
    room = attrgetter(f"{value.__module__}.{name}")  # its modules may have been taken out since

    assert value is room(SimpleNamespace(agentcassette=agentcassette))
    assert vars(agentcassette)[name] is value


def test_a_room_that_was_taken_out_of_the_modules_stays_the_same_one(monkeypatch):
    """`mock.patch.dict(sys.modules)` around a first session leaves no two classes of one name."""
    player = agentcassette.Player
    monkeypatch.delattr(agentcassette, "Player")
    monkeypatch.delitem(sys.modules, "agentcassette._faces")

    assert agentcassette.Player is player


def test_every_public_name_has_a_docstring():
    """Whoever asks `help()` for a public name is told what it is for."""
    silent = [name for name in PUBLIC_NAMES if not getattr(agentcassette, name).__doc__]

    assert silent == []
