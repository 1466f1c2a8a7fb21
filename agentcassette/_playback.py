"""Playback: what a step gave, handed to the agent as it was when the step was recorded."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Callable

from agentcassette._loops import let_others_go_first
from agentcassette._proxies import DEFAULT_OFFERS, proxy
from agentcassette._reading import END, Reading, play_async_generator, play_generator
from agentcassette._resuming import Resumption
from agentcassette._taped import CLOSING, EXIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agentcassette._answer import Answer

__all__ = ["play"]

_ITERATOR = {"class": "iterator", "offers": ("iter", "next")}
_ASYNC_ITERATOR = {"class": "async_iterator", "offers": ("aiter", "anext")}


def play(answer: Answer, package: str, run: Callable[[], Any]) -> Any:
    """What the agent gets for a call that gave a stream, or a manager.

    Args:
        answer: The step that answers the call.
        package: The top-level package that defines the intercepted callable.
        run: Makes the original call, for a run that goes on live where the tape ends.
    """
    return _given(Reading(answer, answer.step, package), Resumption(answer, run))


def _given(reading: Reading, resumption: Resumption | None = None) -> Any:
    """What the agent gets: the stream, or the manager that gives it once it is entered."""
    manager = reading.stream.get("manager")
    if manager is None:
        return _played(reading)
    return _Played(reading, manager, resumption=resumption).proxy()


def _played(reading: Reading, resumption: Resumption | None = None) -> Any:
    """What hands out the chunks: a generator, or what stands for the original."""
    form = reading.stream.get("form")
    if form == "generator":
        return play_generator(reading)
    if form == "async_generator":
        return play_async_generator(reading)
    usual = DEFAULT_OFFERS.get(str(form), DEFAULT_OFFERS["iterator"])
    return _Played(reading, reading.stream, usual, resumption=resumption).proxy()


class _Played:
    """Drives the proxy of a stream, or of a manager that gives one, in replay.

    Args:
        reading: The stream.
        said: What is known of the original: its class, and what it offered.
        usual: What it offered if that is not said.
        resumption: The original, where that can be made and entered.
    """

    def __init__(
        self,
        reading: Reading,
        said: dict[str, Any],
        usual: Iterable[str] = (),
        *,
        resumption: Resumption | None = None,
    ) -> None:
        self._reading = reading
        self._resumption = resumption
        self._is_manager = said is not reading.stream
        self._offers = said.get("offers", usual)
        self._is_over = self._is_closed = False
        self._assigned: dict[str, Any] = {}
        self._streams: dict[int, Any] = {}
        self.class_name: str = said.get("class", "stream")

    def proxy(self) -> Any:
        """Make what the agent gets."""
        return proxy(self, self._offers)

    def found_class(self) -> type | None:
        return self._reading.found_class(self.class_name)

    def iterate(self, proxy: Any) -> Any:
        return proxy if "next" in self._offers else self._iterator(_ITERATOR)

    def aiterate(self, proxy: Any) -> Any:
        return proxy if "anext" in self._offers else self._iterator(_ASYNC_ITERATOR)

    def _iterator(self, said: dict[str, Any]) -> Any:
        """What hands out the chunks of an iterable."""
        return _Played(self._reading, said).proxy()

    def next(self) -> Any:
        __tracebackhide__ = True
        chunk = END if self._is_over else self._reading.next()
        if chunk is END:
            if self._has_end():
                with self._ending():
                    self._reading.end()
            raise StopIteration
        return chunk

    async def anext(self) -> Any:
        __tracebackhide__ = True
        chunk = END if self._is_over else self._reading.next()
        await let_others_go_first()
        if chunk is END:
            if self._has_end():
                with self._ending():
                    await self._reading.end_in_task()
            raise StopAsyncIteration
        return chunk

    def _has_end(self) -> bool:
        """Whether its end is still to come; one that was left and is closed needs none."""
        return not self._is_over and not (self._is_closed and "left" in self._reading.stream)

    @contextmanager
    def _ending(self) -> Iterator[None]:
        """End the stream for good, whatever its end raises."""
        self._is_over = True
        try:
            yield
        finally:
            self._reading.answer.let_go()

    def enter(self, proxy: Any) -> Any:
        __tracebackhide__ = True
        return self._given(proxy, self._reading.end() if self._gives_at_once() else None)

    async def aenter(self, proxy: Any) -> Any:
        __tracebackhide__ = True
        value = await self._reading.end_in_task() if self._gives_at_once() else None
        return self._given(proxy, value)

    wait = aenter

    def _gives_at_once(self) -> bool:
        """Whether nothing is left to read once the manager is entered: a value, or an error."""
        return self._is_manager and self._reading.stream.get("form") in (None, "value")

    def _given(self, proxy: Any, value: Any) -> Any:
        """What the agent gets once it has entered what this proxy stands for."""
        __tracebackhide__ = True
        if not self._is_manager:
            return self._entered_stream(proxy)
        stream = self._reading.stream
        if "form" not in stream:
            self._reading.answer.stray(f"{self.class_name} was not entered when it was recorded")
        if stream["form"] == "value":
            return value
        is_itself = stream["form"] == "object" and "class" not in stream
        return proxy if is_itself else _played(self._reading, self._resumption)

    def _entered_stream(self, proxy: Any) -> Any:
        __tracebackhide__ = True
        use = self._reading.uses.read("__enter__", self._reading.count)
        return proxy if use is None else self._used(use)

    def leave(self, *raised: object) -> Any:
        __tracebackhide__ = True
        live = self._live()
        if live is not None:
            return live.leave(*raised)
        self._close()
        use = self._reading.uses.read(EXIT, self._reading.count)
        return None if use is None else self._used(use)

    async def aleave(self, *raised: object) -> Any:
        __tracebackhide__ = True
        live = self._live()
        if live is not None:
            return await live.leave_in_task(*raised)
        return self.leave()

    def _live(self) -> Resumption | None:
        """The original, where it answers for itself by now."""
        is_live = self._resumption is not None and self._resumption.driver is not None
        return self._resumption if is_live else None

    def assign(self, name: str, value: object) -> None:
        self._assigned[name] = value

    def attribute(self, name: str) -> Any:
        __tracebackhide__ = True
        if name in self._assigned:
            return self._assigned[name]
        cls = self.found_class()
        if name in CLOSING and (cls is None or hasattr(cls, name)):
            return self._close_later if self._is_async(name) else self._close
        if name in CLOSING or name.startswith("__"):
            raise AttributeError(f"{self.class_name} has no {name}")
        live = self._live()
        if live is not None:
            return live.attribute(name)
        use = self._reading.uses.read(name, self._reading.count)
        if use is not None:
            return self._used(use)
        if self._reading.uses.is_method(name) or inspect.isroutine(getattr(cls, name, None)):
            return self._method(name)
        return self._reading.answer.stray(f"{name} of what it gave was not read when recorded")

    def _method(self, name: str) -> Callable[..., Any]:
        """A method of what this proxy stands for, which gives what it gave."""

        def call(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            use = self._reading.uses.call(name, args, kwargs, self._reading.count)
            if use is not None:
                return self._used_in_task(use) if "awaitable" in use else self._used(use)
            live = self._resumption
            if live is None or not live.is_allowed():
                return self._reading.answer.stray(self._reading.uses.explain(name, args, kwargs))
            if is_async:
                return live.call_in_task(name, args, kwargs)
            return live.attribute(name)(*args, **kwargs)

        async def call_in_task(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            return await call(*args, **kwargs)

        is_async = inspect.iscoroutinefunction(getattr(self.found_class(), name, None))
        made = call_in_task if is_async else call
        made.__name__ = made.__qualname__ = name
        return made

    def _used(self, use: dict[str, Any]) -> Any:
        """What a use gave."""
        __tracebackhide__ = True
        if "absent" in use:
            raise AttributeError(f"{self.class_name} has no {use['name']}")
        if "stream" not in use:
            self._reading.answer.end_use(use)
            return self._reading.value_of_use(use)
        if "arguments" in use or id(use) not in self._streams:
            self._streams[id(use)] = _given(self._reading.of_use(use))
        return self._streams[id(use)]

    async def _used_in_task(self, use: dict[str, Any]) -> Any:
        __tracebackhide__ = True
        if "stream" not in use:  # one that was given may not have been read to its end
            await self._reading.answer.end_use_in_task(use)
        return self._used(use)

    def _is_async(self, closing: str) -> bool:
        """Whether a method that closes it may have to be awaited."""
        return (
            closing == "aclose"
            or any(offer.startswith("a") for offer in self._offers)
            or inspect.iscoroutinefunction(getattr(self.found_class(), closing, None))
        )

    def _close(self) -> None:
        """Read no further than the tape goes: what had come already may still be handed out."""
        self._is_closed = True
        self._reading.answer.let_go()

    def _close_later(self) -> _Closed:
        """Do the same at once, whether that is awaited or not."""
        self._close()
        return _Closed()


class _Closed:
    """What closing an async stream gives in replay: nothing, and it need not be awaited."""

    def __await__(self) -> Iterator[None]:
        return iter(())
