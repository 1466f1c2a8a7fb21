"""An object taped as it is used: read, entered, asked for an attribute, called by a method."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, Callable

from agentcassette import _values
from agentcassette._proxies import DEFAULT_OFFERS, form_of, is_manager, offers_of, proxy
from agentcassette._seam import ORIGINAL
from agentcassette._values._families import is_value

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from agentcassette._outcome import Outcome
    from agentcassette._taping import Taping

    Tape = Callable[[Taping, Outcome, Any], Any]

__all__ = ["CLOSING", "EXIT", "Taped", "gives_when_entered"]

CLOSING = frozenset({"close", "aclose"})
"""The methods that end a stream; calling them tells nothing of what it gave."""

EXIT = "__exit__"
"""What the end of a block has done with an exception stands under this name, async or not."""


def gives_when_entered(result: object) -> bool:
    """Tell whether a result is a manager: no data, but what gives something once it is entered."""
    is_data = is_value(type(result)) or _values.is_data(result)
    return is_manager(offers_of(result)) and not is_data


class Taped:
    """Drives the proxy of a stream while it is recorded: all is the original's, and is taped.

    Args:
        taping: The call.
        outcome: Where what comes of it is taped.
        source: The original.
        tape: Gives what the agent gets in place of a stream or a manager; None for all else.
    """

    def __init__(self, taping: Taping, outcome: Outcome, source: Any, tape: Tape) -> None:
        self._taping = taping
        self._outcome = outcome
        self._source = source
        self._tape = tape
        self._is_manager = False
        self._assigned: set[str] = set()
        self._streams: dict[str, tuple[Any, Any]] = {}
        self.class_name = _values.class_name(type(source))

    def as_stream(self, form: str) -> Any:
        """Make what the agent gets, where the original is a stream."""
        offers = offers_of(self._source)
        said: dict[str, Any] = {"form": form, "class": self.class_name}
        if offers != DEFAULT_OFFERS.get(form):
            said["offers"] = list(offers)
        self._outcome.stream(**said)
        return proxy(self, offers)

    def as_manager(self, offers: tuple[str, ...]) -> Any:
        """Make what the agent gets, where the original gives a stream once it is entered."""
        self._is_manager = True
        self._outcome.stream(manager={"class": self.class_name, "offers": list(offers)})
        return proxy(self, offers)

    def found_class(self) -> type:
        return type(self._source)

    def iterate(self, proxy: Any) -> Any:
        return proxy if hasattr(proxy, "__next__") else self._shared(iter(self._source))

    def aiterate(self, proxy: Any) -> Any:
        if hasattr(proxy, "__anext__"):
            return proxy
        return self._shared(self._source.__aiter__())

    def _shared(self, iterator: Any) -> Any:
        """What hands out the chunks of an iterable."""
        return proxy(self._another(iterator), offers_of(iterator))

    def _another(self, source: Any) -> Taped:
        """What drives the proxy of another object, which is taped in the same place."""
        return Taped(self._taping, self._outcome, source, self._tape)

    def next(self) -> Any:
        __tracebackhide__ = True
        try:
            with self._taping.inside(self._outcome):
                chunk = next(self._source)
        except StopIteration:
            self._outcome.finish()
            raise
        except BaseException as error:
            self._outcome.fail(error)
            raise
        self._outcome.chunk(chunk)
        return chunk

    async def anext(self) -> Any:
        __tracebackhide__ = True
        try:
            with self._taping.inside(self._outcome, awaited=True):
                chunk = await self._source.__anext__()
        except StopAsyncIteration:
            self._outcome.finish()
            raise
        except BaseException as error:
            self._outcome.fail(error)
            raise
        self._outcome.chunk(chunk)
        return chunk

    def enter(self, proxy: Any) -> Any:
        __tracebackhide__ = True
        try:
            with self._taping.inside(self._outcome):
                given = self._source.__enter__()
        except BaseException as error:
            self._outcome.fail(error)
            raise
        return self._given(given, proxy)

    async def aenter(self, proxy: Any) -> Any:
        __tracebackhide__ = True
        return await self._given_in_task(self._source.__aenter__(), proxy)

    async def wait(self, proxy: Any) -> Any:
        __tracebackhide__ = True
        return await self._given_in_task(self._source, proxy)

    async def _given_in_task(self, giving: Awaitable[Any], proxy: Any) -> Any:
        __tracebackhide__ = True
        try:
            with self._taping.inside(self._outcome, awaited=True):
                given = await giving
        except BaseException as error:
            self._outcome.fail(error)
            raise
        return self._given(given, proxy)

    def _given(self, given: Any, proxy: Any) -> Any:
        """What the agent gets for what the original gave when it was entered."""
        if given is self._source:
            if self._is_manager:
                self._outcome.stream(form="object")
            return proxy
        if not self._is_manager:
            return self._gave(self._outcome.use("__enter__"), given)
        form = _form_given(given)
        if form is not None:
            return self._another(given).as_stream(form)
        taped = self._tape(self._taping, self._outcome, given)
        if taped is None:
            self._outcome.stream(form="value")
            self._outcome.give(given)
        return given if taped is None else taped

    def leave(self, *raised: Any) -> Any:
        __tracebackhide__ = True
        try:
            with self._taping.cleaning_up():
                return self._left(self._source.__exit__(*raised))
        except Exception as error:
            self._left_with(error, *raised)
            raise

    async def aleave(self, *raised: Any) -> Any:
        __tracebackhide__ = True
        try:
            with self._taping.cleaning_up(awaited=True):
                return self._left(await self._source.__aexit__(*raised))
        except Exception as error:
            self._left_with(error, *raised)
            raise

    def _left(self, swallowed: Any) -> Any:
        """Note that the original kept an exception of the agent to itself."""
        if swallowed:
            self._outcome.use(EXIT).give(result=True)
        return swallowed

    def _left_with(self, error: Exception, _: object, raised: object, *__: object) -> None:
        """Note that the original raised an exception in the place of that of the agent."""
        if error is not raised:
            self._outcome.use(EXIT).fail(error)

    def assign(self, name: str, value: object) -> None:
        setattr(self._source, name, value)
        self._assigned.add(name)

    def attribute(self, name: str) -> Any:
        __tracebackhide__ = True
        if _is_dunder(name) or name in self._assigned:
            return getattr(self._source, name)
        try:
            value = getattr(self._source, name)
        except AttributeError:
            self._outcome.absent(name)
            raise
        except Exception as error:
            self._outcome.use(name).fail(error)
            raise
        if inspect.isroutine(value):
            return self._closing(value) if name in CLOSING else self._method(name, value)
        if name in self._streams and self._streams[name][0] is value:
            return self._streams[name][1]
        use = self._outcome.use(name)
        taped = self._tape(self._taping, use, value)
        if taped is None:
            self._outcome.attribute(use, value)
            return value
        self._streams[name] = value, taped
        return taped

    def _method(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        """A method of the original, whose outcome is taped."""

        @functools.wraps(method)
        def call(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            use = self._outcome.use(name, (args, kwargs))
            try:
                with self._taping.inside(use):
                    result = method(*args, **kwargs)
            except BaseException as error:
                use.fail(error)
                raise
            if inspect.isawaitable(result) and not gives_when_entered(result):
                use.note("awaitable")
                return self._awaited(use, result)
            return self._gave(use, result)

        @functools.wraps(method)
        async def call_in_task(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            return await call(*args, **kwargs)

        made = call_in_task if inspect.iscoroutinefunction(method) else call
        vars(made)[ORIGINAL] = method
        return made

    async def _awaited(self, use: Outcome, awaitable: Awaitable[Any]) -> Any:
        __tracebackhide__ = True
        try:
            with self._taping.inside(use, awaited=True):
                result = await awaitable
        except BaseException as error:
            use.fail(error)
            raise
        return self._gave(use, result)

    def _gave(self, use: Outcome, result: Any) -> Any:
        taped = self._tape(self._taping, use, result)
        if taped is None:
            use.give(result)
        return result if taped is None else taped

    def _closing(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """A method of the original that closes it: the agent reads no further."""

        @functools.wraps(method)
        def call(*args: Any, **kwargs: Any) -> Any:
            with self._taping.cleaning_up():
                result = method(*args, **kwargs)
            return self._closed(result) if inspect.isawaitable(result) else result

        return call

    async def _closed(self, closing: Awaitable[Any]) -> Any:
        with self._taping.cleaning_up(awaited=True):
            return await closing


def _form_given(given: object) -> str | None:
    """How what a manager gave is handed out, where it is neither data nor an iterator.

    It has been entered: what could be entered once more is an object like any other.
    """
    offers = offers_of(given)
    form = form_of(given, offers)
    if form not in (None, "async_iterable"):
        return None
    if form is None and not _values.is_data(given):
        return "iterable" if "iter" in offers else "object"
    return form


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")
