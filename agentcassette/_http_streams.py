"""Responses of httpx that are read as they come: taped, and played, as a generator of their parts.

The first part is the response without a body, the others are the body as it arrives, decoded. What
the agent gets is a response made of them, so that it can be read in any way, live and in replay.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

__all__ = ["async_parts_of", "made_of", "made_of_async", "parts_of"]


def parts_of(response: Any) -> Generator[Any, None, None]:
    """Give the parts of a response."""
    head = _head(response)
    try:
        yield head
        yield from response.iter_bytes()
    finally:
        response.close()
        head.elapsed = response.elapsed


async def async_parts_of(response: Any) -> AsyncGenerator[Any, None]:
    """Give the parts of a response of an async client."""
    head = _head(response)
    try:
        yield head
        async for chunk in response.aiter_bytes():
            yield chunk
    finally:
        await response.aclose()
        head.elapsed = response.elapsed


def made_of(parts: Generator[Any, Any, Any]) -> Any:
    """Make a response of its parts, which is still to be read."""
    head = next(parts)
    return _opened(
        head, _stream(head, "SyncByteStream", __iter__=parts.__iter__, close=parts.close)
    )


async def made_of_async(parts: AsyncGenerator[Any, Any]) -> Any:
    """Make a response of an async client of its parts, which is still to be read."""
    head = await parts.__anext__()
    return _opened(
        head, _stream(head, "AsyncByteStream", __aiter__=parts.__aiter__, aclose=parts.aclose)
    )


def _stream(head: Any, base: str, **methods: Any) -> Any:
    """A stream of a class of the library, which takes no other; it does what methods do."""
    library = sys.modules[type(head).__module__]
    own = {name: lambda _, method=method: method() for name, method in methods.items()}
    return type("Parts", (getattr(library, base),), own)()


def _head(response: Any) -> Any:
    """A response like another one, without its body, which is decoded when it comes."""
    head = object.__new__(type(response))
    headers = response.headers.copy()
    headers.pop("content-encoding", None)
    vars(head).update(vars(response), headers=headers, _content=b"")
    return head


def _opened(head: Any, stream: Any) -> Any:
    """A response that had no body, with one that is still to be read."""
    del vars(head)["_content"]
    head.is_closed = head.is_stream_consumed = False
    head.stream = stream
    return head
