"""A class and its name on tape: ``module:QualName``, a builtin without its module.

Finding a class by its name runs no code of the class or of its module: modules and classes are
looked at through their dictionaries alone.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING

from agentcassette._values._codec import Misfit

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "class_name",
    "find",
    "find_class",
    "found_name",
    "is_found",
    "mro",
    "readable_name",
    "standard_class",
]

# One library under two names: an SDK that went from one to the other is no change of the agent.
_TWINS = {"httpx": "httpx2", "httpx2": "httpx"}


def mro(cls: type) -> tuple[type, ...]:
    """Give the bases of a class, itself first, whatever its metaclass answers."""
    bases: tuple[type, ...] = type.__dict__["__mro__"].__get__(cls)
    return bases


def class_name(cls: type) -> str:
    """Give the name of a class on tape, ``module:QualName``."""
    try:
        module = type.__dict__["__module__"].__get__(cls)
    except AttributeError:  # it was deleted
        module = None
    name: str = type.__dict__["__qualname__"].__get__(cls)
    if module == "builtins":
        return name
    return f"{module}:{name}" if isinstance(module, str) else f"?:{name}"


def readable_name(cls: type) -> str:
    """Give the name of a class as a person writes it, ``module.QualName``."""
    return class_name(cls).replace(":", ".", 1)


def is_found(cls: type) -> bool:
    """Tell whether the name of a class leads back to it.

    A name with brackets does not, although pydantic may put it into the module: what stands in
    brackets or parentheses behind a name is not the class's own.
    """
    name = class_name(cls)
    try:
        return find_class(name) is cls and not {"[", "("}.intersection(name)
    except Misfit:
        return False


def found_name(cls: type) -> str | None:
    """Give a name that leads back to a class: its own, or another one that its module has for it.

    A class may have been given the name of another one, as errors of pydantic-ai are.
    """
    if is_found(cls):
        return class_name(cls)
    module_name = class_name(cls).partition(":")[0]
    space = _space(sys.modules.get(module_name))
    names = (name for name, found in space.items() if found is cls and name.isidentifier())
    name = next(names, None)
    if name is not None:
        return f"{module_name}:{name}"
    return None


def find_class(name: str, package: str | None = None) -> type:
    """Find a class by its name on tape.

    Args:
        name: The name as ``class_name`` gives it.
        package: The top-level package whose submodules may be imported for it.

    Raises:
        Misfit: There is no such class among the imported modules; the remedy says what is missing.
    """
    found = find(name, package)
    if not isinstance(found, type):
        raise Misfit(f"{name} is no class: record it again")
    return found


def find(name: str, package: str | None = None) -> object:
    """Find what stands under a name in a module; arguments and errors as of ``find_class``."""
    module_name, _, path = name.rpartition(":")
    module = _module(module_name or "builtins", package)
    found: object = module
    for step in path.split("."):
        space = _space(found)
        if step not in space:
            raise Misfit(f"there is no {path} in {module.__name__} any more: record it again")
        found = space[step]
    return found


def _space(holder: object) -> Mapping[str, object]:
    """Give what is defined in a module or class, past whatever it does about attributes."""
    if isinstance(holder, type):
        space: Mapping[str, object] = type.__dict__["__dict__"].__get__(holder)
        return space
    return vars(holder) if isinstance(holder, ModuleType) else {}


def standard_class(name: str) -> type:
    """Find a class of the standard library by its name, importing its module.

    A tool that freezes the time puts a class derived from the real one in the real one's place; the
    real one is what counts.
    """
    module, _, path = name.partition(":")
    found = vars(importlib.import_module(module))[path]
    return next((base for base in mro(found) if class_name(base) == name), found)


def _module(name: str, package: str | None) -> ModuleType:
    module = sys.modules.get(name) or sys.modules.get(_TWINS.get(name, ""))
    if module is None and package and _is_submodule(name, package):
        try:
            module = importlib.import_module(name)
        except Exception:  # noqa: BLE001 - the module's own code, and it may fail in any way
            module = None
    if not isinstance(module, ModuleType):
        raise Misfit(f"write `import {name}` where the test or its conftest.py imports")
    return module


def _is_submodule(name: str, package: str) -> bool:
    parts = name.split(".")
    return parts[0] == package and "__main__" not in parts and all(map(str.isidentifier, parts))
