"""Intercepting callables one does not own, by name, for the time of a session."""

from __future__ import annotations

import sys
import warnings
from contextlib import ExitStack
from types import ModuleType
from typing import TYPE_CHECKING

from agentcassette._errors import TargetNotFound
from agentcassette._places import Place, find, is_preset, places_of

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from agentcassette._patches import Patch

__all__ = ["intercepting"]


def intercepting(*targets: str) -> AbstractContextManager[None]:
    """Intercept callables of other people's code, by name, for the time of a block.

    In a session their calls are taped, or answered from the tape, as if `intercept` had wrapped
    them where they stand. When the block ends, the originals stand there again. The modules are
    imported when the block begins, and all threads see the wrappers.

    Who got hold of a callable before, with ``from module import function`` or as the bound method
    of an object, goes on to call the original. A warning names the modules that got hold of a
    function in this way.

    Args:
        targets: Names of callables, as ``"package.module:function"`` or
            ``"package.module:Class.method"``, with ``=llm`` or another kind behind it; or names of
            presets, such as ``"openai"``, which are lists of such names. Of two for one callable
            the later one gives the kind, and a preset gives way to either.

    Returns:
        A context manager, which can be used again.

    Raises:
        TargetNotFound: On entering: a callable is not there, or all of those of a preset.
        ValueError: A name is neither that of a preset nor written as one of a callable.
    """
    named = [(target, places_of(target)) for target in dict.fromkeys(targets)]
    return _Interception(
        tuple(places[0] for name, places in reversed(named) if not is_preset(name)),
        {name: places for name, places in named if is_preset(name)},
    )


class _Interception:
    """A block in which callables are intercepted.

    Args:
        places: Where those stand that are named one by one.
        presets: Where those of each preset stand.
    """

    def __init__(self, places: tuple[Place, ...], presets: dict[str, tuple[Place, ...]]) -> None:
        self._places = places
        self._presets = presets
        self._entered: list[ExitStack] = []

    def __enter__(self) -> None:
        with ExitStack() as stack:
            patches = {place: _hold(stack, place) for place in self._places}
            for name, places in self._presets.items():
                patches.update(_hold_preset(stack, name, places))
            _tell_of_copies(patches)
            self._entered.append(stack.pop_all())

    def __exit__(self, *_: object) -> None:
        self._entered.pop().close()


def _hold(stack: ExitStack, place: Place) -> Patch:
    """Intercept the callable that stands in a place, until the stack is closed."""
    from agentcassette._patches import hold, release  # what most programs never need

    patch = hold(*find(place), place)
    stack.callback(release, patch)
    return patch


def _hold_preset(stack: ExitStack, name: str, places: tuple[Place, ...]) -> dict[Place, Patch]:
    """Intercept what is there of a preset, until the stack is closed.

    Raises:
        TargetNotFound: Nothing is.
    """
    patches = {}
    problems: dict[str, None] = {}
    for place in places:
        try:
            patches[place] = _hold(stack, place)
        except TargetNotFound as error:
            problems[error.problem] = None
    if not patches:
        raise TargetNotFound(name, f"nothing that it stands for is there: {'; '.join(problems)}")
    return patches


def _tell_of_copies(patches: dict[Place, Patch]) -> None:
    """Warn of modules that have the original of a function themselves, under its own name.

    The modules of a package know of each other what they need: those of an SDK are left out.
    """
    functions = [
        (place, patch)
        for place, patch in patches.items()
        if isinstance(patch.holder, ModuleType) and patch.is_needed
    ]
    if not functions:  # all modules are many
        return
    copies: dict[Place, list[str]] = {}
    for module, found in list(sys.modules.items()):
        own = getattr(found, "__dict__", {})
        for place, patch in functions:
            if own.get(patch.name) is patch.original and not _is_known_there(place, module):
                copies.setdefault(place, []).append(module)
    for place, modules in copies.items():
        others = f" (and {len(modules) - 1} more)" if len(modules) > 1 else ""
        warnings.warn(
            f"{place} is intercepted, but not for {modules[0]}{others}, which has imported it from"
            f" its module: name {modules[0]}:{patches[place].name} as well",
            stacklevel=3,
        )


def _is_known_there(place: Place, module: str) -> bool:
    return place.of_preset and module.partition(".")[0] == place.module.partition(".")[0]
