"""Generic pydantic models: ``Page[app.Trip]``, kept as ``app:Page[app:Trip]``, is made anew.

Such a class can't be imported by its name: pydantic makes it when the program first asks for it.
Its type name is that of its origin, with its arguments in brackets.
"""

from __future__ import annotations

import functools
import operator
import re
import sys
import types
import typing
from typing import TYPE_CHECKING, Any

from agentcassette._values._codec import Misfit
from agentcassette._values._names import class_name, mro

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["generic_name", "parametrized"]

_CONTAINERS: dict[str, Any] = {cls.__name__: cls for cls in (list, dict, tuple, set, frozenset)}
_FORMS: dict[str, Any] = {
    f"typing:{name}": getattr(typing, name)
    for name in ("Any", "Dict", "FrozenSet", "List", "Literal", "Set", "Tuple", "Union")
}
_UNION = "types:UnionType"
_PIECE = r"\s*('[\w .\-]*'|-?\d+|[\w.<>]+(?::[\w.<>]+)?|[\[\],])"
_MAX_LENGTH = 2_000


def generic_name(cls: type, find: Callable[[str], Any]) -> str | None:
    """Give the type name of a generic model with arguments.

    Args:
        cls: The class.
        find: Finds a class or a type variable by its name.

    Returns:
        The name; None for any other class, and where an argument can't be found by a name.
    """
    if not _metadata(cls).get("origin"):
        return None
    try:
        name = _text(cls)
        return name if parametrized(name, find) is cls else None
    except Exception:  # noqa: BLE001 - pydantic's own code, which refuses in many ways
        return None


def parametrized(name: str, find: Callable[[str], Any]) -> Any:
    """Give the class that ``generic_name`` gave a name.

    Args:
        name: The name.
        find: Finds a class or a type variable by its name.

    Raises:
        Misfit: The name can't be read, or leads to something that is no model.
    """
    tokens = [found.group(1) for found in re.finditer(_PIECE, name[:_MAX_LENGTH])]
    if sum(map(len, tokens)) != len(name.replace(" ", "")):
        raise Misfit(f"{name} is no type name: record it again")
    remaining = iter([*tokens, ""])
    made, rest = _parse(next(remaining), remaining, find)
    if rest or not isinstance(made, type):
        raise Misfit(f"{name} is no type name: record it again")
    return made


def _metadata(cls: type) -> dict[str, Any]:
    module = sys.modules.get("pydantic.main")
    if module is None or vars(module)["BaseModel"] not in mro(cls):
        return {}
    metadata = vars(cls).get("__pydantic_generic_metadata__")
    return metadata if isinstance(metadata, dict) else {}


_SIMPLE = ((None, "None"), (type(None), "None"), (Any, "typing:Any"), (Ellipsis, "..."))


def _text(argument: Any) -> str:
    """Give the text of a type expression."""
    for simple, text in _SIMPLE:
        if argument is simple:
            return text
    if isinstance(argument, typing.TypeVar):
        return f"{argument.__module__}:{argument.__name__}"
    if isinstance(argument, type) and not isinstance(argument, _ALIAS):
        metadata = _metadata(argument)
        if metadata.get("origin"):
            return f"{class_name(metadata['origin'])}[{', '.join(map(_text, metadata['args']))}]"
        return class_name(argument)
    origin = getattr(argument, "__origin__", None)
    if origin is typing.Literal:
        return f"typing:Literal[{', '.join(map(repr, argument.__args__))}]"
    if origin is typing.Union:
        name = "typing:Union"
    elif isinstance(argument, _ALIAS):
        name = _UNION if origin is None else class_name(origin)
    else:
        name = f"typing:{argument._name}"  # noqa: SLF001 - how typing tells List from list
    return f"{name}[{', '.join(map(_text, argument.__args__))}]"


_ALIAS: Any = (types.GenericAlias, *filter(None, [getattr(types, "UnionType", None)]))


def _parse(token: str, tokens: Iterator[str], find: Callable[[str], Any]) -> tuple[Any, str]:
    """Give what a type expression stands for, and the token behind it."""
    following = next(tokens)
    if following != "[":
        return _single(token, find), following
    arguments = []
    while following != "]":
        argument, following = _parse(next(tokens), tokens, find)
        arguments.append(argument)
        if following not in {",", "]"}:
            raise Misfit("a type name has no end: record it again")
    return _made(token, tuple(arguments), find), next(tokens)


def _single(token: str, find: Callable[[str], Any]) -> Any:
    if token == "None":  # noqa: S105 - it is no password
        return None
    if token == "...":  # noqa: S105 - nor is this
        return Ellipsis
    if token[:1] == "'":
        return token[1:-1]
    if token.lstrip("-").isdigit():
        return int(token)
    return _FORMS.get(token) or _CONTAINERS.get(token) or find(token)


def _made(name: str, arguments: tuple[Any, ...], find: Callable[[str], Any]) -> Any:
    if name == _UNION:
        return functools.reduce(operator.or_, arguments)
    generic = _FORMS.get(name) or _CONTAINERS.get(name)
    if generic is not None:
        return generic[arguments]
    cls: Any = find(name)
    if not _metadata(cls).get("parameters"):
        raise Misfit(f"{name} takes no type arguments any more: record it again")
    base: Any = vars(sys.modules["pydantic.main"])["BaseModel"]
    return base.__class_getitem__.__func__(cls, arguments)
