"""Streams: which results are taped as they are read, and not as they are returned.

Chunks are handed on as they come, and taped one by one. A stream that is left early is taped as
far as it was read.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from agentcassette import _values
from agentcassette._generators import tape_async_generator, tape_generator
from agentcassette._proxies import form_of, offers_of
from agentcassette._taped import Taped, gives_when_entered
from agentcassette._values._raw_responses import is_read_later

if TYPE_CHECKING:
    from agentcassette._outcome import Outcome
    from agentcassette._taping import Taping

__all__ = ["tape", "tape_stream"]


def tape_stream(taping: Taping, result: Any) -> Any:
    """Hand a result through and tape what it gives, if it is a stream or gives one when entered.

    Args:
        taping: The call.
        result: What it returned.

    Returns:
        What the agent gets in place of the result; None where that is no stream.
    """
    return tape(taping, taping.outcome, result)


def tape(taping: Taping, outcome: Outcome, result: Any) -> Any:
    """Do so for a result that comes in another way than from the call itself.

    Args:
        taping: The call.
        outcome: Where what comes of the result is taped.
        result: The result.

    Returns:
        What the agent gets in place of a stream or a manager; None for all else.
    """
    if inspect.isgenerator(result):
        outcome.stream(form="generator")
        return tape_generator(taping, outcome, result)
    if inspect.isasyncgen(result):
        outcome.stream(form="async_generator")
        return tape_async_generator(taping, outcome, result)
    offers = offers_of(result)
    form = "object" if is_read_later(result) else form_of(result, offers)
    if form is not None and not (form == "async_iterable" and _values.is_data(result)):
        return Taped(taping, outcome, result, tape).as_stream(form)
    if gives_when_entered(result):
        return Taped(taping, outcome, result, tape).as_manager(offers)
    return None
