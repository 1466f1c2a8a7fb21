"""What an exception was raised from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["chain"]


def chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and everything that pytest shows with it."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            waiting += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]
            yield one
