"""What stands for a value that can't be restored: it raises as soon as it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, NamedTuple, NoReturn

from agentcassette._errors import UnreplayableValue

if TYPE_CHECKING:
    from agentcassette._values._codec import JSON
    from agentcassette._values._tree import Node

__all__ = ["Lost", "Unreplayable", "UnreplayableError", "lost_of"]

_NO_USE = frozenset({"__class__", "__copy__", "__deepcopy__"})
"""What a placeholder answers: pytest asks for the class of a value before it shows it."""


class Lost(NamedTuple):
    """What is known of a value that can't be restored.

    Attributes:
        json: Its JSON on tape.
        node: The types of its places.
        step_index: The step that it belongs to, where known.
        type_name: The type that it had.
        remedy: What to do about it.
    """

    json: JSON
    node: Node
    step_index: int | None
    type_name: str
    remedy: str


class UnreplayableError(UnreplayableValue):
    """Stands where an exception is needed, and the recorded one can't be restored."""

    def __init__(self, lost: Lost) -> None:
        self._lost = lost
        super().__init__(lost.step_index, lost.type_name, lost.remedy)


class Unreplayable:
    """Stands for a value that can't be restored.

    It may be kept, handed on, copied, put in a set and shown by ``repr``; whatever looks into it
    gets an ``UnreplayableValue``. Handed to an intercepted call, it counts as what was recorded.
    """

    __slots__ = ("__weakref__", "_lost")

    def __init__(self, lost: Lost) -> None:
        object.__setattr__(self, "_lost", lost)

    def __repr__(self) -> str:
        lost = lost_of(self)
        step = "" if lost.step_index is None else f" of step {lost.step_index}"
        return f"<unreplayable {lost.type_name}{step}>"

    def __getattribute__(self, name: str) -> Any:
        __tracebackhide__ = True
        if name not in _NO_USE:
            _fail(self)
        return object.__getattribute__(self, name)

    def __copy__(self) -> Unreplayable:
        return self

    def __deepcopy__(self, memo: object) -> Unreplayable:
        return self

    def __hash__(self) -> int:
        return object.__hash__(self)


def lost_of(placeholder: Unreplayable | UnreplayableError) -> Lost:
    """Give what is known of the value that a placeholder stands for."""
    lost: Lost = object.__getattribute__(placeholder, "_lost")
    return lost


def _fail(placeholder: Unreplayable, *_args: object, **_kwargs: object) -> NoReturn:
    __tracebackhide__ = True
    lost = lost_of(placeholder)
    raise UnreplayableValue(lost.step_index, lost.type_name, lost.remedy)


_USES = """
    setattr delattr str format bytes bool len iter next reversed contains getitem setitem delitem
    call eq ne lt le gt ge enter exit aenter aexit await aiter anext
    add radd iadd sub rsub isub mul rmul imul matmul rmatmul imatmul truediv rtruediv itruediv
    floordiv rfloordiv ifloordiv mod rmod imod divmod rdivmod pow rpow ipow
    lshift rlshift ilshift rshift rrshift irshift and rand iand or ror ior xor rxor ixor
    neg pos abs invert int float complex index round trunc floor ceil fspath dir
    instancecheck subclasscheck buffer reduce_ex
"""


def _refuse_all(cls: type, refuse: Callable[..., NoReturn]) -> None:
    for use in _USES.split():
        setattr(cls, f"__{use}__", refuse)


_refuse_all(Unreplayable, _fail)
