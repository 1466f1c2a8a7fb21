"""What a user could ignore so that two calls would be the same: what differs in every run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agentcassette._differences import Difference, differences, path_text
from agentcassette._ignoring import compile_ignores

if TYPE_CHECKING:
    from agentcassette._comparing import Compared

__all__ = ["suggest_ignore"]

_SHAPES = (("<datetime>",), ("<uuid>",), ("<datetime>", "<uuid>"))

# The names of what a program makes afresh, and what it looks like: a run of letters and digits
# that is no word, or a number of seconds since 1970. A short id may be one that matters.
_FRESH_NAME = re.compile(r"(?:^|_)(?:id|uuid|time|timestamp|at|created|nonce|seed|key)$", re.ASCII)
_FRESH_TEXT = re.compile(r"(?=[A-Za-z_-]*[0-9])[0-9A-Za-z_-]{8,}|[0-9]{10,}", re.ASCII)

_INDEX = re.compile(r"\[[0-9]+\](?=[.\[]|$)")

_MOST = 3  # paths; more are no accident of one run


def suggest_ignore(recorded: Compared, now: Compared) -> tuple[str, ...]:
    """Tell what to ignore so that a call would be the one that was recorded.

    Args:
        recorded: The call on tape, as it is compared.
        now: The call that was made.

    Returns:
        Shapes or paths that make the two the same; nothing where what differs is no id and no time.
    """
    found = differences(recorded.arguments, now.arguments, recorded.types, now.types)
    if not found:
        return ()
    return next((shapes for shapes in _SHAPES if _are_alike(found, shapes)), None) or _paths(found)


def _are_alike(found: list[Difference], shapes: tuple[str, ...]) -> bool:
    """Whether texts are all that differs, and in nothing but what has one of the shapes."""
    ignore = compile_ignores(shapes)

    def shape_of(text: str) -> object:
        return ignore.apply({"args": [text], "kwargs": {}}, {})[0]

    return all(
        isinstance(one.a, str) and isinstance(one.b, str) and shape_of(one.a) == shape_of(one.b)
        for one in found
    )


def _paths(found: list[Difference]) -> tuple[str, ...]:
    """The paths of what differs, for all items of a list, where all of it looks made afresh."""
    paths = dict.fromkeys(re.sub(_INDEX, "[*]", path_text(one.path)) for one in found)
    return tuple(paths) if len(paths) <= _MOST and all(map(_is_fresh, found)) else ()


def _is_fresh(one: Difference) -> bool:
    name = next((key for key in reversed(one.path) if isinstance(key, str)), "")
    both = (str(one.a), str(one.b))
    return bool(_FRESH_NAME.search(_snake(name))) and all(map(_FRESH_TEXT.search, both))


def _snake(name: str) -> str:
    """A name in the way of Python: ``requestId`` is ``request_id``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
