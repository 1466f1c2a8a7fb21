"""When two calls are the same call: one text that they have in common exactly if they are.

Calls are compared by the names of their parameters, so that ``f("x")`` and ``f(prompt="x")`` are
one call, without what is ignored and without what frameworks make afresh in every run. Types are
exact: ``1``, ``1.0`` and ``True`` are three values.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from agentcassette import _pointer, _type_map
from agentcassette._redaction import PLACEHOLDER
from agentcassette._values import not_given

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agentcassette._asked import Asked
    from agentcassette._ignoring import Ignore

__all__ = [
    "Compared",
    "Form",
    "by_name",
    "compared",
    "cover",
    "form_of",
    "key",
    "moved",
    "trim",
]


class Compared(NamedTuple):
    """What of a call is compared.

    Attributes:
        arguments: The arguments by parameter name, without what is not compared.
        types: The types of what is in there, by JSON pointer.
    """

    arguments: dict[str, Any]
    types: dict[str, str]


class Form(NamedTuple):
    """What decides how arguments are brought into the form in which they are compared.

    Attributes:
        name: The name of the call.
        parameters: The names of its positional parameters; None where one takes no keyword.
        hidden: Pointers, by parameter name, of what is not compared.
        ignore: What the user does not compare.
    """

    name: str
    parameters: tuple[str | None, ...]
    hidden: tuple[str, ...]
    ignore: Ignore


def form_of(asked: Asked) -> Form:
    """The form in which a call, and every step of its name, is compared."""
    return Form(asked.name, asked.parameters, moved(asked.volatile, asked), asked.ignore)


def moved(places: tuple[str, ...], asked: Asked) -> tuple[str, ...]:
    """Places in the arguments of a call, where they are in the form `by_name`."""
    if not places:
        return ()
    return tuple(by_name(asked.arguments, dict.fromkeys(places, ""), asked.parameters)[1])


def compared(form: Form, arguments: dict[str, Any], types: dict[str, str]) -> Compared:
    """Bring a call into the form in which it is compared.

    Args:
        form: The form in which the calls of its name are compared.
        arguments: ``{"args": [...], "kwargs": {...}}``, redacted.
        types: The types of what is in there, by JSON pointer.
    """
    arguments, types = by_name(arguments, types, form.parameters)
    arguments, types = form.ignore.apply(arguments, types, parameters=form.parameters)
    hidden = (*form.hidden, *not_given(types))
    if hidden:
        arguments, types = _without(arguments, types, hidden)
    return Compared(arguments, types)


def key(form: Form, arguments: dict[str, Any], types: dict[str, str]) -> str:
    """A text that two calls of one name have in common exactly if they are the same call.

    The parameters are those of `compared`; the text is only good for comparison.
    """
    return _dumps(compared(form, arguments, types))


def by_name(
    arguments: dict[str, Any], types: dict[str, str], parameters: tuple[str | None, ...]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Move positional arguments to the names of their parameters.

    Args:
        arguments: ``{"args": [...], "kwargs": {...}}``.
        types: The types of what is in there, by JSON pointer.
        parameters: The names of the positional parameters in their order; None where a parameter
            takes no keyword. Arguments beyond them stay where they are.

    Returns:
        The same call with as few positional arguments as it can be written with, and its types.
    """
    args, kwargs = arguments["args"], arguments["kwargs"]
    named = {
        position: name
        for position, name in enumerate(parameters[: len(args)])
        if name is not None and name not in kwargs
    }
    if not named:
        return arguments, types
    stay = [position for position in range(len(args)) if position not in named]
    moved = {
        "args": [args[position] for position in stay],
        "kwargs": {**{name: args[position] for position, name in named.items()}, **kwargs},
    }
    if not types:
        return moved, types
    places = {f"/args/{old}": f"/args/{new}" for new, old in enumerate(stay)}
    for position, name in named.items():
        places[f"/args/{position}"] = f"/kwargs/{_pointer.escape(name)}"
    return moved, {_move(pointer, places): name for pointer, name in types.items()}


def cover(
    arguments: dict[str, Any], types: dict[str, str], recorded: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Put the placeholder wherever recorded arguments have it, both in the form `by_name`.

    Returns:
        The arguments, and their types without those of what was covered.
    """
    places: list[str] = []
    covered = _cover(arguments, recorded, "", places)
    return covered, _type_map.without(types, places)


def _cover(live: Any, recorded: Any, pointer: str, places: list[str]) -> Any:
    if isinstance(recorded, str) and recorded == PLACEHOLDER:
        places.append(pointer)
        return PLACEHOLDER
    if isinstance(live, dict) and isinstance(recorded, dict):
        return {
            name: _cover(value, recorded[name], f"{pointer}/{_pointer.escape(name)}", places)
            if name in recorded
            else value
            for name, value in live.items()
        }
    if isinstance(live, list) and isinstance(recorded, list) and len(live) == len(recorded):
        return [
            _cover(value, other, f"{pointer}/{index}", places)
            for index, (value, other) in enumerate(zip(live, recorded))
        ]
    return live


def trim(
    arguments: dict[str, Any],
    types: dict[str, str],
    defaults: Iterable[str],
    recorded: dict[str, Any],
) -> tuple[dict[str, Any], dict[str, str]]:
    """Leave out what holds the default of its class and recorded arguments do not have.

    A later version of a library may have more fields. All is in the form `by_name`.

    Args:
        arguments: The arguments of a call.
        types: The types of what is in there.
        defaults: The places in there that hold the default of their class.
        recorded: The arguments of a step.
    """
    new = [place for place in defaults if not _is_there(recorded, place)]
    return _without(arguments, types, tuple(new)) if new else (arguments, types)


def _is_there(arguments: dict[str, Any], pointer: str) -> bool:
    try:
        _pointer.find(arguments, pointer)
    except LookupError:
        return False
    return True


def _without(
    arguments: dict[str, Any], types: dict[str, str], hidden: tuple[str, ...]
) -> tuple[dict[str, Any], dict[str, str]]:
    """A copy of the arguments without what stands at some places, and their types."""
    copied = json.loads(_dumps(arguments))
    for pointer in hidden:
        # The other call may have no such place, which the comparison will tell.
        with suppress(LookupError):
            _pointer.drop(copied, pointer)
    return copied, _type_map.without(types, hidden)


def _move(pointer: str, places: dict[str, str]) -> str:
    root = "/".join(pointer.split("/", 3)[:3])
    return places.get(root, root) + pointer[len(root) :]


_dumps = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
