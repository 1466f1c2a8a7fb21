"""The public names of the core: exactly these, and each of them there."""

from __future__ import annotations

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
    """What has no underscore in front of it is promised."""
    reachable = {name for name in vars(agentcassette) if not name.startswith("_")}
    not_ours = {"annotations", "@py_builtins", "@pytest_ar"}  # left by `__future__` and by pytest

    assert reachable - not_ours == set(PUBLIC_NAMES)


def test_every_public_name_has_a_docstring():
    """Whoever asks `help()` for a public name is told what it is for."""
    silent = [name for name in PUBLIC_NAMES if not getattr(agentcassette, name).__doc__]

    assert silent == []
