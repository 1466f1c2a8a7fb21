"""What of a call is not compared: the paths and the shapes that ``ignore`` names."""

from __future__ import annotations

import enum
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, Union

from agentcassette import _pointer, _type_map

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["IGNORED", "Ignore", "compile_ignores"]

#: What stands in the place of an ignored list item: the items after it keep their places.
IGNORED = "<ignored>"

# What a shape stands for, wherever it occurs within a string. A UUID is one as str(UUID) writes it:
# without its hyphens it may as well be a hash. A datetime is one of ISO 8601, with a date and a
# time of day, in the extended form (str(datetime) has a space in it) or in the basic one.
_MONTH, _DAY = "(?:0[1-9]|1[0-2])", "(?:0[1-9]|[12][0-9]|3[01])"
_HOUR, _MINUTE, _SECOND = "(?:[01][0-9]|2[0-4])", "[0-5][0-9]", "[0-6][0-9](?:[.,][0-9]+)?"
_SHAPES = {
    "<uuid>": (
        "(?<![0-9A-Za-z])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Za-z])"
    ),
    "<datetime>": (
        "(?<![0-9])"
        f"(?:[0-9]{{4}}-{_MONTH}-{_DAY}[Tt ]{_HOUR}:{_MINUTE}(?::{_SECOND})?"
        f"|[0-9]{{4}}{_MONTH}{_DAY}[Tt]{_HOUR}{_MINUTE}(?:{_SECOND})?)"
        f"(?:[Zz]|[+-]{_HOUR}(?::?{_MINUTE})?)?"
        "(?![0-9])"
    ),
}


class _Wildcard(enum.Enum):
    """A part of a path that stands for more than one key."""

    ANY = "*"
    ANY_DEPTH = "**"


_Part = Union[str, int, _Wildcard]
_Path = tuple[_Part, ...]

_PART = r"""
    (?P<dot> \.? ) (?: (?P<stars> \*\*? ) | (?P<name> [^\s.\[\]*"'<>]+ ) )
    | \[ (?: (?P<index> [0-9]+ ) | (?P<star> \* ) | (?P<quoted> "(?:[^"\\]|\\.)*" ) ) \]
"""


class Ignore(NamedTuple):
    """What of a call's arguments is not compared; compile_ignores makes it.

    Attributes:
        paths: The parts of each path.
        shapes: The names of the shapes.
    """

    paths: tuple[_Path, ...]
    shapes: tuple[str, ...]

    def __bool__(self) -> bool:
        """Tell whether anything is ignored at all."""
        return bool(self.paths or self.shapes)

    def apply(
        self,
        arguments: dict[str, Any],
        types: dict[str, str],
        *,
        parameters: tuple[str | None, ...] = (),
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Take out of a call's arguments what is not compared.

        Args:
            arguments: ``{"args": [...], "kwargs": {...}}``, with positional arguments under the
                names of their parameters where they have one.
            types: The types of what is in the arguments, by JSON pointer.
            parameters: The names of the callable's positional parameters in their order, None for
                one that takes no keyword; the same for both sides of a comparison. ``args[0]``
                means the parameter of that place.

        Returns:
            The arguments without what is ignored, and the types without what stood there. They are
            new where something was taken out; what was given is left as it is.
        """
        if not self:
            return arguments, types
        pruning = _Pruning(self.shapes)
        paths = tuple(place for path in self.paths for place in _places(path, parameters))
        pruned = pruning.value(arguments, paths)
        # A path such as "kwargs" leaves out what is in there, and not the form of a call.
        return {"args": [], "kwargs": {}, **pruned}, _type_map.without(types, pruning.removed)


def _places(path: _Path, parameters: tuple[str | None, ...]) -> list[_Path]:
    """Tell where a path leads once positional arguments stand under their names."""
    if path[0] != "args":
        return [path]
    where, rest = path[1:2], path[2:]
    if where and isinstance(where[0], int):
        name = parameters[where[0]] if where[0] < len(parameters) else None
        if name is not None:
            return [("kwargs", name, *rest)]
        moved = sum(name is not None for name in parameters[: where[0]])
        return [("args", where[0] - moved, *rest)]
    if where == (_Wildcard.ANY_DEPTH,):
        rest = path[1:]
    return [path, *(("kwargs", name, *rest) for name in parameters if name is not None)]


class _Pruning:
    """One walk through the arguments of a call; it remembers what it took out."""

    __slots__ = ("_above", "removed", "shapes")

    def __init__(self, shapes: tuple[str, ...]) -> None:
        self.shapes = shapes
        self.removed: list[str] = []
        self._above: list[str] = []

    def value(self, value: Any, paths: tuple[_Path, ...]) -> Any:
        if isinstance(value, str):
            for shape in self.shapes:
                value = re.sub(_SHAPES[shape], shape, value)
            return value
        if not isinstance(value, (dict, list)) or not (paths or self.shapes):
            return value
        is_list = isinstance(value, list)
        items = dict(enumerate(value)) if isinstance(value, list) else value
        anywhere = [path for path in paths if path[0] is _Wildcard.ANY_DEPTH]
        here = [path[1:] if path[0] is _Wildcard.ANY_DEPTH else path for path in paths]
        pruned: dict[Any, Any] = {}
        for key, item in items.items():
            rests = [path[1:] for path in here if path[0] in (key, _Wildcard.ANY)]
            self._above.append(f"/{_pointer.escape(str(key))}")
            if () in rests:
                self.removed.append("".join(self._above))
                if is_list:
                    pruned[key] = IGNORED
            else:
                pruned[key] = self.value(item, tuple(dict.fromkeys([*anywhere, *rests])))
            self._above.pop()
        return list(pruned.values()) if is_list else pruned


def compile_ignores(specs: Iterable[str]) -> Ignore:
    """Make the rule of what is not compared from its written form.

    A path tells where something stands: ``kwargs.request_id``, ``args[0]``,
    ``kwargs.messages[*].id``. ``*`` is any key or list place, ``**`` any number of them
    (``**.created_at``), and a key with characters of its own stands in quotes
    (``kwargs["x.y"]``, a backslash before a quote). A shape tells what something looks like:
    every ``<uuid>`` and every ``<datetime>``, also within a longer text, is like every other.

    Args:
        specs: The paths and the shapes.

    Returns:
        The rule. Equal specs make equal rules, in whatever order they come.

    Raises:
        ValueError: A spec is neither; the text shows it, where it goes wrong, and an example.
    """
    return _compiled(tuple(specs))


@lru_cache(maxsize=64)
def _compiled(specs: tuple[str, ...]) -> Ignore:
    """As `compile_ignores`; the sessions of a run ask for the same few, again and again."""
    paths: set[_Path] = set()
    shapes: set[str] = set()
    for spec in specs:
        if spec in _SHAPES:
            shapes.add(spec)
        else:
            paths.add(_parsed(spec))
    return Ignore(tuple(sorted(paths, key=repr)), tuple(sorted(shapes)))


def _parsed(spec: str) -> _Path:
    if spec.startswith("<"):
        raise _malformed(spec, 0, f"the shapes are {' and '.join(_SHAPES)}")
    parts: list[_Part] = []
    position = 0
    while position < len(spec) or not parts:
        match = re.compile(_PART, re.VERBOSE).match(spec, position)
        # One dot before every key but the first, and none before a bracket.
        if match is None or (match["dot"] is not None and bool(match["dot"]) != bool(parts)):
            raise _malformed(spec, position, "a key, an index or a * is expected")
        part = _part(match)
        if not (part is _Wildcard.ANY_DEPTH and parts[-1:] == [part]):
            parts.append(part)
        position = match.end()
    first, second = (*parts, None)[:2]
    if first not in ("args", "kwargs", _Wildcard.ANY, _Wildcard.ANY_DEPTH):
        raise _malformed(spec, 0, "a path begins with args, kwargs, * or **")
    if isinstance(second, {"args": str, "kwargs": int}.get(str(first), ())):
        raise _malformed(spec, len(str(first)), "args has places (args[0]), kwargs has keys")
    if parts[-1] is _Wildcard.ANY_DEPTH:
        raise _malformed(spec, position, "a key is expected after **")
    return tuple(parts)


def _part(match: re.Match[str]) -> _Part:
    stars = match["stars"] or match["star"]
    if stars:
        return _Wildcard(stars)
    if match["index"]:
        return int(match["index"])
    if match["name"]:
        return match["name"]
    return re.sub(r"\\(.)", r"\1", match["quoted"][1:-1])


def _malformed(spec: str, position: int, problem: str) -> ValueError:
    return ValueError(
        f"can't read what to ignore in {spec!r} at position {position}: {problem};"
        " a path is written like kwargs.messages[*].id"
    )
