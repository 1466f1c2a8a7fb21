"""What an object offers to be done with it, and what offers the same in its place.

An iterator, a manager (what ``with`` takes) and an awaitable are told by the methods of their
class. A proxy has just those of the object that it stands for, so that whoever looks for one of
them decides as with the original.
"""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, Protocol

from agentcassette._values import StandIn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterable, Iterator

__all__ = ["DEFAULT_OFFERS", "Driver", "form_of", "is_manager", "offers_of", "proxy"]

_METHODS = {
    "iter": ("__iter__",),
    "next": ("__next__",),
    "aiter": ("__aiter__",),
    "anext": ("__anext__",),
    "with": ("__enter__", "__exit__"),
    "async with": ("__aenter__", "__aexit__"),
    "await": ("__await__",),
}
"""What may be offered, by the names that cassettes have for it, and the methods that it takes."""

_IN_C = frozenset({"iter", "next", "aiter", "anext"})
"""What counts although it is written in C: iterators are. A lock or the connection to a database is
no manager to us: other code in C asks for the original."""

DEFAULT_OFFERS = {
    "iterator": ("iter", "next", "with"),
    "async_iterator": ("aiter", "anext", "async with"),
}
"""What a stream offers of which a cassette says nothing more than its form."""


class Driver(Protocol):
    """What stands behind a proxy: it does what is asked of that."""

    @property
    def class_name(self) -> str: ...
    def found_class(self) -> type | None: ...
    def attribute(self, name: str) -> Any: ...
    def assign(self, name: str, value: object) -> None: ...
    def iterate(self, proxy: Any) -> Iterator[Any]: ...
    def next(self) -> Any: ...
    def aiterate(self, proxy: Any) -> AsyncIterator[Any]: ...
    async def anext(self) -> Any: ...
    def enter(self, proxy: Any) -> Any: ...
    def leave(self, *raised: Any) -> Any: ...
    async def aenter(self, proxy: Any) -> Any: ...
    async def aleave(self, *raised: Any) -> Any: ...
    async def wait(self, proxy: Any) -> Any: ...


def offers_of(value: object) -> tuple[str, ...]:
    """Tell what the class of an object offers; mocks, which offer all there is, offer nothing."""
    methods: dict[str, Any] = {}
    for base in reversed(inspect.getmro(type(value))):
        methods.update(vars(base))
        if base.__module__ == "unittest.mock":
            return ()
    return tuple(
        offer
        for offer, names in _METHODS.items()
        if all(methods.get(name) is not None for name in names)
        and (offer in _IN_C or all(inspect.isfunction(methods[name]) for name in names))
    )


def form_of(value: object, offers: tuple[str, ...]) -> str | None:
    """Tell how an object hands out the chunks of a stream; None where it is no stream.

    Files are none, although they are iterators over their lines.
    """
    if "readline" in dir(type(value)):
        return None
    if {"iter", "next"}.issubset(offers):
        return "iterator"
    if {"aiter", "anext"}.issubset(offers):
        return "async_iterator"
    return "async_iterable" if "aiter" in offers else None


def is_manager(offers: tuple[str, ...]) -> bool:
    """Tell whether an object gives something once it is entered."""
    return "with" in offers or "async with" in offers


class _Proxy(StandIn):
    """Stands for an object that is no data."""

    __slots__ = ("__agentcassette_driver__", "__weakref__")

    def __init__(self, driver: Driver) -> None:
        object.__setattr__(self, "__agentcassette_driver__", driver)

    @property
    def __agentcassette_stands_for__(self) -> str:
        return _driver(self).class_name

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return _driver(self).found_class() or type(self)

    def __getattr__(self, name: str) -> Any:
        __tracebackhide__ = True
        return _driver(self).attribute(name)

    def __setattr__(self, name: str, value: object) -> None:
        _driver(self).assign(name, value)

    def __repr__(self) -> str:
        return f"<{_driver(self).class_name.replace(':', '.', 1)}, through agentcassette>"


def _driver(proxy: Any) -> Driver:
    driver: Driver = object.__getattribute__(proxy, "__agentcassette_driver__")
    return driver


class _Iterable(_Proxy):
    __slots__ = ()

    def __iter__(self) -> Iterator[Any]:
        return _driver(self).iterate(self)


class _Iterator(_Proxy):
    __slots__ = ()

    def __next__(self) -> Any:
        __tracebackhide__ = True
        return _driver(self).next()


class _AsyncIterable(_Proxy):
    __slots__ = ()

    def __aiter__(self) -> AsyncIterator[Any]:
        return _driver(self).aiterate(self)


class _AsyncIterator(_Proxy):
    __slots__ = ()

    async def __anext__(self) -> Any:
        __tracebackhide__ = True
        return await _driver(self).anext()


class _Manager(_Proxy):
    __slots__ = ()

    def __enter__(self) -> Any:
        __tracebackhide__ = True
        return _driver(self).enter(self)

    def __exit__(self, *raised: object) -> Any:
        __tracebackhide__ = True
        return _driver(self).leave(*raised)


class _AsyncManager(_Proxy):
    __slots__ = ()

    async def __aenter__(self) -> Any:
        __tracebackhide__ = True
        return await _driver(self).aenter(self)

    async def __aexit__(self, *raised: object) -> Any:
        __tracebackhide__ = True
        return await _driver(self).aleave(*raised)


class _Awaitable(_Proxy):
    __slots__ = ()

    def __await__(self) -> Generator[Any, Any, Any]:
        __tracebackhide__ = True
        return _driver(self).wait(self).__await__()


_KINDS: dict[str, type[_Proxy]] = {
    "iter": _Iterable,
    "next": _Iterator,
    "aiter": _AsyncIterable,
    "anext": _AsyncIterator,
    "with": _Manager,
    "async with": _AsyncManager,
    "await": _Awaitable,
}


@functools.cache
def _class_of(offers: tuple[str, ...]) -> Any:
    bases = tuple(_KINDS[offer] for offer in offers) or (_Proxy,)
    return type("Proxy", bases, {"__slots__": (), "__module__": __name__})


def proxy(driver: Driver, offers: Iterable[str]) -> Any:
    """Make what stands for an object.

    Args:
        driver: Does what is asked of it.
        offers: What can be done with it, apart from attributes and methods; what nobody knows is
            left out, for they may come from a file.
    """
    return _class_of(tuple(offer for offer in _KINDS if offer in offers))(driver)
