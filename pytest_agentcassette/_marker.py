"""What a `cassette` marker may say."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Union

import pytest

from pytest_agentcassette._options import LISTED_MODES, MODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "Redaction",
    "check_mode",
    "expected",
    "read_marker",
    "take",
]

#: What may be redacted: what lies under a key of this name, or what a pattern matches.
Redaction = Union[str, "re.Pattern[str]"]


def check_mode(place: str, mode: str) -> str:
    """Check the name of a record mode.

    Args:
        place: Where it stands, for the error.
        mode: The name.

    Returns:
        The name.

    Raises:
        pytest.UsageError: There is no such mode.
    """
    checked: str = _KEYWORDS["record_mode"].check(place, mode)
    return checked


def take(keyword: str, value: Any) -> Any:
    """Take a value as a keyword of the marker takes it.

    Args:
        keyword: The keyword.
        value: The value.

    Returns:
        The value as we keep it, lists as tuples; None where it is none of the expected.
    """
    return _KEYWORDS[keyword].take(value)


def expected(keyword: str) -> str:
    """What a keyword of the marker takes, in words."""
    return _KEYWORDS[keyword].expected


def read_marker(place: str, mark: pytest.Mark) -> dict[str, Any]:
    """Read and check what one marker says.

    Args:
        place: Where the marker stands, for the errors.
        mark: The marker.

    Returns:
        What it says by keyword, lists as tuples; a keyword that is None says nothing.

    Raises:
        pytest.UsageError: It has a keyword or a value that there is not.
    """
    if len(mark.args) > 1:
        raise pytest.UsageError(
            f"{place}: it takes the path and then keywords only, and got {len(mark.args)} values"
            " without a keyword"
        )
    said: dict[str, Any] = dict(zip(("path",), mark.args))
    if said.keys() & mark.kwargs.keys():
        raise pytest.UsageError(f"{place}: it got the path twice")
    said.update(mark.kwargs)
    for name in said:
        if name not in _KEYWORDS:
            raise pytest.UsageError(
                f"{place}: there is no keyword {name!r}{_nearest(name, _KEYWORDS)}; it has"
                f" {', '.join(_KEYWORDS)}"
            )
    return {
        name: _KEYWORDS[name].check(f"{place}: {name}", value)
        for name, value in said.items()
        if value is not None
    }


class _Keyword(NamedTuple):
    """What a keyword of the marker takes.

    Attributes:
        take: Gives the value as we keep it, or None where it is none of the expected.
        expected: What it takes, in words.
        choices: The values there are, if they are few.
    """

    take: Callable[[Any], Any]
    expected: str
    choices: Sequence[str] = ()

    def check(self, place: str, value: Any) -> Any:
        """The value as we keep it, or a `pytest.UsageError`."""
        taken = self.take(value)
        if taken is None:
            nearest = _nearest(str(value), self.choices)
            raise pytest.UsageError(f"{place}={value!r}{nearest}: it takes {self.expected}")
        return taken


def _path(value: Any) -> str | None:
    path = os.fspath(value) if isinstance(value, os.PathLike) else value
    return path if isinstance(path, str) and path and "\0" not in path else None


def _mode_name(value: Any) -> str | None:
    return value if value in MODES else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _names(value: Any) -> tuple[str, ...] | None:
    return _listed(value, (str,))


def _redactions(value: Any) -> tuple[Redaction, ...] | None:
    return _listed(value, (str, re.Pattern))


def _listed(value: Any, kinds: tuple[type, ...]) -> tuple[Any, ...] | None:
    """One value, or a list of values, of these types."""
    values = [value] if isinstance(value, kinds) else value
    if isinstance(values, (list, tuple)) and all(isinstance(one, kinds) for one in values):
        return tuple(values)
    return None


_KEYWORDS = {
    "path": _Keyword(_path, "the path of a file"),
    "record_mode": _Keyword(_mode_name, f"one of {LISTED_MODES}", MODES),
    "strict": _Keyword(_flag, "True or False"),
    "redact": _Keyword(
        _redactions, "the name of a key, a pattern made by re.compile, or a list of these"
    ),
    "ignore": _Keyword(_names, "a path such as kwargs.request_id, or a list of such paths"),
    "live": _Keyword(_names, "the kind of a call, or a list of such kinds"),
    "intercept": _Keyword(
        _names,
        "the name of a preset such as openai, a target such as package.module:Class.method, or a"
        " list of such names",
    ),
    "block_network": _Keyword(_flag, "True or False"),
    "model": _Keyword(_text, "a text"),
}


def _nearest(name: str, known: Iterable[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
