"""Which callables are intercepted where they stand: the one place that knows, for the process.

A wrapper takes the place of an attribute as long as somebody holds it there; sessions in several
threads may. Whoever got hold of it in the meantime keeps it: it then calls the original, and takes
part again as soon as somebody holds its place once more.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from agentcassette._active import OPEN
from agentcassette._errors import TargetNotFound
from agentcassette._http import wrap_sending
from agentcassette._intercept import wrap

if TYPE_CHECKING:
    from agentcassette._places import Place

__all__ = ["Patch", "hold", "release"]

_MISSING: Any = object()

_lock = threading.Lock()
_held: dict[tuple[int, str], Patch] = {}


class Patch:
    """An attribute, and the wrapper that stands there in place of the original.

    Args:
        holder: The module, the class or the object that has the attribute.
        name: The name of the attribute.
        place: How it was named.

    Attributes:
        original: What the attribute gave before.
        holders: How many want the wrapper to stand there.
    """

    def __init__(self, holder: Any, name: str, place: Place) -> None:
        self.holder = holder
        self.name = name
        self.holders = 0
        self.original = getattr(holder, name)
        self._kept = _own(holder).get(name, _MISSING)
        self._wrapper = _wrapper(holder, name, place, _Active((id(holder), name), holder))

    @property
    def is_needed(self) -> bool:
        """Whether what stood there is no wrapper already."""
        return self._wrapper is not self._kept

    def put(self) -> None:
        """Put the wrapper in its place, if it is needed there."""
        if self.is_needed:
            setattr(self.holder, self.name, self._wrapper)

    def take_away(self) -> None:
        """Put the original back, unless somebody else has put something there meanwhile."""
        if not self.is_needed or _own(self.holder).get(self.name) is not self._wrapper:
            return
        if self._kept is _MISSING:
            delattr(self.holder, self.name)
        else:
            setattr(self.holder, self.name, self._kept)


class _Active:
    """True as long as a session is open and somebody holds a place.

    Args:
        key: The place.
        holder: What has it; kept, so that its id remains its own.
    """

    def __init__(self, key: tuple[int, str], holder: object) -> None:
        self._key = key
        self._holder = holder

    def __bool__(self) -> bool:
        return bool(OPEN) and self._key in _held


def hold(holder: Any, name: str, place: Place) -> Patch:
    """Intercept a callable where it stands, until it is released as often as it was held.

    Args:
        holder: The module, the class or the object that has it as attribute.
        name: The name of the attribute.
        place: How it was named.

    Raises:
        TargetNotFound: Nothing can be put in its place.
    """
    key = (id(holder), name)
    with _lock:
        patch = _held.get(key)
        if patch is None:
            patch = Patch(holder, name, place)
            try:
                patch.put()
            except (AttributeError, TypeError, ValueError) as error:
                problem = f"nothing can be put in its place: {error}"
                raise TargetNotFound(str(place), problem) from error
            _held[key] = patch
        patch.holders += 1
        return patch


def release(patch: Patch) -> None:
    """Put the original back, if nobody else holds the wrapper in its place."""
    with _lock:
        patch.holders -= 1
        if not patch.holders:
            del _held[id(patch.holder), patch.name]
            patch.take_away()


def _own(holder: Any) -> dict[str, Any]:
    """The attributes of a holder that it has itself."""
    own: dict[str, Any] = getattr(holder, "__dict__", {})
    return own


def _wrapper(holder: Any, name: str, place: Place, active: _Active) -> Any:
    """What is to stand in the place of an attribute; what stands there, if that is a wrapper."""

    def wrapped(fn: Any, *, receives: bool | None) -> Any:
        return wrap(fn, name=place.path, kind=place.kind, receives=receives, active=active)

    if not isinstance(holder, type):
        return wrapped(getattr(holder, name), receives=None)
    kept = next((vars(base)[name] for base in holder.__mro__ if name in vars(base)), None)
    if isinstance(kept, (staticmethod, classmethod)):
        made = wrapped(kept.__func__, receives=isinstance(kept, classmethod))
        return kept if made is kept.__func__ else type(kept)(made)
    if kept is None or not hasattr(type(kept), "__get__"):  # it is called as it is
        value = getattr(holder, name)
        made = wrapped(value, receives=None)
        return made if made is value else staticmethod(made)
    if not callable(kept):
        problem = f"it is a {type(kept).__name__}: name the method that it calls"
        raise TargetNotFound(str(place), problem)
    sending = wrap_sending(kept, holder, name, step=place.path, kind=place.kind, active=active)
    return sending or wrapped(kept, receives=True)
