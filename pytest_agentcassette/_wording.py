"""Numbers, lengths of time and lists, as people read them in a terminal."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, NamedTuple

from pytest_agentcassette._ledger import elapsed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

__all__ = ["Line", "age", "dollars", "duration", "plural", "prose", "unpriced_calls"]

_MINUTE = 60

_CENT = 0.01
_LEAST = 0.0001  # what is less is not told in digits


class Line(NamedTuple):
    """A line of the terminal.

    Attributes:
        text: The text.
        markup: The name of a colour or a style that the terminal shows it in, or nothing.
    """

    text: str
    markup: str = ""


def prose(
    text: str, markup: str = "", *, indent: int = 0, hang: int = 2, width: int | None = None
) -> list[Line]:
    """Break a text into lines where it has spaces.

    Args:
        text: The text.
        markup: What the terminal shows it in.
        indent: The columns that each line is set in by.
        hang: The columns that the second and later ones are set in by on top of that.
        width: The columns of the terminal; None for one line, however long.

    Returns:
        Its lines.
    """
    if width is None:
        return [Line(" " * indent + text, markup)]
    lines = textwrap.wrap(
        text,
        width,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hang),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [Line(line, markup) for line in lines]


def plural(number: int, what: str) -> str:
    """A number of things, as `1 call` or `2,000 calls`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def duration(milliseconds: float) -> str:
    """A length of time, as `0.4s`, `3m12s` or `1h03m`."""
    seconds = milliseconds / 1000
    if round(seconds, 1) < _MINUTE:
        return f"{seconds:.1f}s"
    minutes, second = divmod(round(seconds), _MINUTE)
    hours, minute = divmod(minutes, 60)
    return f"{hours}h{minute:02}m" if hours else f"{minute}m{second:02}s"


def age(recorded_at: str | None, now: datetime) -> str:
    """The time since a recording, in its largest unit, or a question mark."""
    since = elapsed(recorded_at, now)
    if since is None:
        return "?"
    seconds = since.total_seconds()
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{int(seconds // length)}{unit}"
    return "new"


def dollars(price: float) -> str:
    """A price, to the cent; one of less than a cent, to a hundredth of it."""
    if price == 0 or price >= _CENT:
        return f"${price:,.2f}"
    return f"${price:.4f}" if round(price, 4) >= _LEAST else "<$0.0001"


def unpriced_calls(models: Sequence[str]) -> str:
    """The calls whose price nobody knows.

    Args:
        models: The model of each; an empty name where it is not known. At least one.
    """
    names = sorted({name for name in models if name})
    kind = "an unknown model" if len(models) == 1 else "unknown models"
    return (
        f"{plural(len(models), 'call')} of {kind} not priced{': ' * bool(names)}{', '.join(names)}"
    )
