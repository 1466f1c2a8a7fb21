"""What is secret by a pattern of the user's: its matches, wherever a text holds them."""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any, Union

from agentcassette._secrets import PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["NameOrPattern", "parsed", "told_apart", "without_matches"]

#: What one may ask to be redacted: the name of a key, or a pattern.
NameOrPattern = Union[str, "re.Pattern[str]"]

_PLACEHOLDERS = re.compile(re.escape(PLACEHOLDER))
_LENGTH = len(PLACEHOLDER)


def told_apart(
    redact: Iterable[NameOrPattern],
) -> tuple[tuple[str, ...], tuple[re.Pattern[str], ...]]:
    """Tell names of keys and patterns apart.

    Args:
        redact: Names of keys and patterns, in any order.

    Returns:
        The names, and the patterns.

    Raises:
        TypeError: There is something else among them, or a pattern of bytes.
        ValueError: A pattern matches the empty string.
    """
    asked: Any = tuple(redact)
    if {*map(type, asked)} <= {str}:  # as nearly always, and each session asks
        return asked, ()
    names: list[str] = []
    patterns: list[re.Pattern[str]] = []
    for one in asked:
        if isinstance(one, str):
            names.append(one)
        elif isinstance(one, re.Pattern):
            _check(one)
            patterns.append(one)
        else:
            raise TypeError(
                "redact takes names of keys and patterns made by re.compile, and got something of"
                f" type {type(one).__name__}"
            )
    return tuple(names), tuple(patterns)


def without_matches(pattern: re.Pattern[str], text: str) -> str:
    """Put a placeholder in the place of each match.

    What is within a placeholder is matched by nothing, and one that a match reaches into goes
    with the match, so that each round leaves fewer characters to be redacted.

    Args:
        pattern: The pattern. A match of nothing is none.
        text: The text.
    """
    if pattern.search(text) is None:
        return text
    placeholders = [found.start() for found in _PLACEHOLDERS.finditer(text)]
    parts: list[str] = []
    kept = 0  # up to here the text is dealt with
    for match in pattern.finditer(text):
        start, end = match.span()
        reached = placeholders[
            bisect_right(placeholders, start - _LENGTH) : bisect_left(placeholders, end)
        ]
        if reached:
            first, last = reached[0], reached[-1] + _LENGTH
            is_one = last - first == len(reached) * _LENGTH
            if is_one and first <= start and end <= last:
                continue
            start, end = min(first, start), max(last, end)
        if start < end:
            if start >= kept:
                parts += [text[kept:start], PLACEHOLDER]
            kept = end
    return "".join([*parts, text[kept:]])


def parsed(text: str, patterns: Sequence[re.Pattern[str]]) -> tuple[Any, bool]:
    """Read JSON that is held in a string, whose numbers are characters of that string.

    Args:
        text: The text.
        patterns: The patterns.

    Returns:
        The value, with a placeholder for each number that holds a match: one within quotes, so
        that what is written of it is JSON again; and whether no number was one.

    Raises:
        json.JSONDecodeError: It is no JSON.
        RecursionError: It is nested too deep.
        ValueError: A number is too long.
    """
    if not patterns:
        return json.loads(text), True
    matched: list[str] = []

    def number(digits: str, kind: type[float]) -> float | str:
        if not any(pattern.search(digits) for pattern in patterns):
            return kind(digits)
        matched.append(digits)
        return PLACEHOLDER

    value = json.loads(
        text,
        parse_int=lambda digits: number(digits, int),
        parse_float=lambda digits: number(digits, float),
    )
    return value, not matched


def _check(pattern: re.Pattern[str]) -> None:
    if not isinstance(pattern.pattern, str):
        raise TypeError("redact takes patterns of text, and got one of bytes: it fits no string")
    if pattern.search("") is not None:
        raise ValueError(
            f"redact={pattern.pattern!r}: the pattern matches the empty string, which is"
            " everywhere: let it match one character at least"
        )
