"""Record what an LLM agent does into a cassette, and replay it.

Wrap what is to be captured (`intercept`), record one real run (`record`), and replay it from then
on (`replay`): no network, no cost, the same result every time.
"""

from agentcassette._cassette import Cassette, diff_cassettes
from agentcassette._context import Session
from agentcassette._contrasting import Contrast
from agentcassette._diff import CassetteDiff
from agentcassette._differences import Difference
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
from agentcassette._faces import Call, Player, Recorder
from agentcassette._intercept import intercept
from agentcassette._targets import intercepting
from agentcassette._using import record, replay, use_cassette
from agentcassette._values import register_type
from agentcassette._watching import watch_live_calls

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
