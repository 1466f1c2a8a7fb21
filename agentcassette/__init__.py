"""Record what an LLM agent does into a cassette, and replay it.

Wrap what is to be captured (`intercept`), record one real run (`record`), and replay it from then
on (`replay`): no network, no cost, the same result every time.

Production code imports this package to intercept, and needs nothing else of it: what belongs to a
session is imported by whoever asks for it first.
"""

from typing import TYPE_CHECKING

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
from agentcassette._intercept import intercept

if TYPE_CHECKING:
    from agentcassette._cassette import Cassette, diff_cassettes
    from agentcassette._context import Session
    from agentcassette._contrasting import Contrast
    from agentcassette._diff import CassetteDiff
    from agentcassette._differences import Difference
    from agentcassette._faces import Call, Player, Recorder
    from agentcassette._targets import intercepting
    from agentcassette._using import record, replay, use_cassette
    from agentcassette._values import register_type
    from agentcassette._watching import watch_live_calls
else:
    _ROOMS = {
        "Call": "_faces",
        "Cassette": "_cassette",
        "CassetteDiff": "_diff",
        "Contrast": "_contrasting",
        "Difference": "_differences",
        "Player": "_faces",
        "Recorder": "_faces",
        "Session": "_context",
        "diff_cassettes": "_cassette",
        "intercepting": "_targets",
        "record": "_using",
        "register_type": "_values",
        "replay": "_using",
        "use_cassette": "_using",
        "watch_live_calls": "_watching",
    }

    def __getattr__(name: str) -> object:
        if name not in _ROOMS:
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        from importlib import import_module

        from agentcassette._rooms import put_back

        put_back()
        room = import_module(f"{__name__}.{_ROOMS[name]}")
        value = globals()[name] = getattr(room, name)
        return value

    def __dir__() -> list[str]:
        return [*{*globals(), *__all__} - {"TYPE_CHECKING"}]


__all__ = [
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
