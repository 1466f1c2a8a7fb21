"""Handing an async generator through another one: what ``yield from`` does for plain ones."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

__all__ = ["Relay"]


class Relay:
    """The items of an async generator, and the way back for what is sent and thrown into it.

    It is used as follows::

        relay = Relay(source)
        while await relay.advance():
            try:
                relay.send((yield relay.item))
            except BaseException as thrown:
                await relay.throw(thrown)

    Args:
        source: The async generator.

    Attributes:
        item: What it yielded last.
    """

    def __init__(self, source: AsyncGenerator[Any, Any]) -> None:
        self._source = source
        self._advance: partial[Any] = partial(source.__anext__)
        self.item: Any = None

    async def advance(self) -> bool:
        """Ask for the next item, and tell whether there is one."""
        try:
            self.item = await self._advance()
        except StopAsyncIteration:
            return False
        return True

    def send(self, value: object) -> None:
        """Hand on what was sent, when the next item is asked for."""
        self._advance = partial(self._source.asend, value)

    async def throw(self, thrown: BaseException) -> None:
        """Hand on what was thrown, when the next item is asked for; an end at once."""
        if isinstance(thrown, GeneratorExit):
            await self._source.aclose()
            raise thrown
        self._advance = partial(self._source.athrow, thrown)
