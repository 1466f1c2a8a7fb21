"""What a session has to know of an intercepted callable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ORIGINAL", "Seam", "Target"]

ORIGINAL = "__agentcassette_original__"
"""Where a taped method keeps the original, for whoever intercepts it as a call of its own."""


class Seam(NamedTuple):
    """What a session has to know of an intercepted callable.

    Attributes:
        name: The name of its steps.
        kind: The kind of its steps.
        ignore: What of its arguments is not compared.
        parameters: The names of its positional parameters; None where one takes no keyword.
        package: The top-level package that defines it.
    """

    name: str
    kind: str
    ignore: tuple[str, ...]
    parameters: tuple[str | None, ...]
    package: str


class Target(NamedTuple):
    """An intercepted callable.

    Attributes:
        fn: The original.
        seam: What a session has to know of it.
        is_async: Whether it is a coroutine function.
        receives: Whether its first argument is the receiver of a method.
        args: The positional arguments that come before those of a call.
        kwargs: The keyword arguments that a call has unless it gives them itself.
    """

    fn: Callable[..., Any]
    seam: Seam
    is_async: bool
    receives: bool
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
