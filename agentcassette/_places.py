"""Where a callable stands that is named: ``package.module:Class.method``, ``=kind`` behind it."""

from __future__ import annotations

import importlib
import re
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from agentcassette._errors import TargetNotFound
from agentcassette._presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Place", "find", "is_preset", "places_of"]

_TARGET = re.compile(r"(?P<module>\w+(?:\.\w+)*):(?P<path>\w+(?:\.\w+)*)(?:=(?P<kind>\S+))?")


class Place(NamedTuple):
    """Where a callable stands.

    Attributes:
        module: The module.
        path: What leads to the callable from there, with dots between.
        kind: The kind of its steps.
        of_preset: Whether it belongs to a preset.
    """

    module: str
    path: str
    kind: str
    of_preset: bool = False

    def __str__(self) -> str:
        return f"{self.module}:{self.path}"


def places_of(name: str) -> tuple[Place, ...]:
    """Read the name of a target, or of a preset.

    Raises:
        ValueError: It is neither.
    """
    if is_preset(name):
        return tuple(_place(target)._replace(of_preset=True) for target in PRESETS[name])
    return (_place(name),)


def is_preset(name: str) -> bool:
    """Whether a name is that of a preset."""
    return name in PRESETS


def _place(name: str) -> Place:
    found = _TARGET.fullmatch(name)
    if found:
        return Place(found["module"], found["path"], found["kind"] or "call")
    if ":" in name:
        message = (
            f"{name!r} is no target: it is written package.module:function or"
            " package.module:Class.method, with =kind behind it if its calls are of a kind"
        )
    else:
        message = (
            f"there is no preset {name!r}{_did_you_mean(name, PRESETS)}: there are"
            f" {', '.join(PRESETS)}; any other callable is named as package.module:Class.method"
        )
    raise ValueError(message)


def find(place: Place) -> tuple[Any, str]:
    """Find what holds a callable: the module, the class or the object that has it as attribute.

    The module is imported.

    Returns:
        The holder, and the name of the attribute.

    Raises:
        TargetNotFound: There is no such module, or no such callable in it.
    """
    holder = _imported(place)
    so_far = place.module
    *above, name = place.path.split(".")
    for step in above:
        holder = _attribute(place, holder, step, so_far)
        so_far += f".{step}" if ":" in so_far else f":{step}"
    found = _attribute(place, holder, name, so_far)
    if isinstance(found, type):
        problem = f"it is a class: name a method of it, as in {place}.method"
        raise TargetNotFound(str(place), problem)
    if not callable(found):
        raise TargetNotFound(str(place), f"it is no callable, but of type {type(found).__name__}")
    return holder, name


def _imported(place: Place) -> Any:
    try:
        return importlib.import_module(place.module)
    except ImportError as error:
        raise TargetNotFound(str(place), _why_not_imported(place, error)) from error


def _why_not_imported(place: Place, error: ImportError) -> str:
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    if missing is None or not f"{place.module}.".startswith(f"{missing}."):
        return f"importing {place.module} failed: {error}"
    import pkgutil

    parent, _, name = missing.rpartition(".")
    search = getattr(sys.modules.get(parent), "__path__", ()) if parent else None
    known = (module.name for module in pkgutil.iter_modules(search))
    near = _nearest(place, name, known)
    what = f"{parent} has no module" if parent else "there is no module"
    return f"{what} {name!r}{near}"


def _attribute(place: Place, holder: Any, name: str, so_far: str) -> Any:
    try:
        return getattr(holder, name)
    except AttributeError:
        problem = f"{so_far} has no {name!r}{_nearest(place, name, dir(holder))}"
        raise TargetNotFound(str(place), problem) from None


def _nearest(place: Place, name: str, known: Iterable[str]) -> str:
    """What may have been meant; not for a preset, in which no name is mistyped."""
    return "" if place.of_preset else _did_you_mean(name, known)


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
