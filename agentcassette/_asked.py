"""A call that is made in a session: what was taken down of it before it ran."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from agentcassette._ignoring import Ignore
    from agentcassette._lineage import Link

__all__ = ["Asked"]


class Asked:
    """A call as it is compared with the tape: taken down before it runs.

    Args:
        name: Its name.
        kind: Its kind.
        arguments: Its arguments as they were given, ``{"args": [...], "kwargs": {...}}``.
        types: The types of what is in there, by JSON pointer.
        volatile: The places in there that are not compared.
        defaults: The places in there that hold what their class gives by itself.
        parameters: The names of the positional parameters of what is called.
        ignore: What the user does not compare.
        link: The call in its line of work.
        redact: Gives the arguments and their types without their secrets; None where they have
            none. What the tape has to the letter need not be redacted to be found.

    Attributes:
        given: Its arguments as they were given. There may be secrets in there: they are only for
            comparison with the tape, and never kept or shown.
        given_types: The types of what is in there.
    """

    __slots__ = (
        "_redact",
        "_redacted",
        "defaults",
        "given",
        "given_types",
        "ignore",
        "kind",
        "link",
        "name",
        "parameters",
        "volatile",
    )

    def __init__(
        self,
        name: str,
        kind: str,
        *,
        arguments: dict[str, Any],
        types: dict[str, str],
        volatile: tuple[str, ...],
        defaults: tuple[str, ...] = (),
        parameters: tuple[str | None, ...],
        ignore: Ignore,
        link: Link | None = None,
        redact: Callable[[], tuple[dict[str, Any], dict[str, str]]] | None = None,
    ) -> None:
        self.name = name
        self.kind = kind
        self.given = arguments
        self.given_types = types
        self.volatile = volatile
        self.parameters = parameters
        self.ignore = ignore
        self.link = link
        self.defaults = defaults
        self._redact = redact
        self._redacted: tuple[dict[str, Any], dict[str, str]] | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments, ``{"args": [...], "kwargs": {...}}``, without their secrets."""
        return self._without_secrets()[0]

    @property
    def types(self) -> dict[str, str]:
        """The types of what is in there, by JSON pointer."""
        return self._without_secrets()[1]

    def _without_secrets(self) -> tuple[dict[str, Any], dict[str, str]]:
        if self._redacted is None:
            self._redacted = self._redact() if self._redact else (self.given, self.given_types)
        return self._redacted

    def as_dict(self) -> dict[str, Any]:
        """The call as errors and divergences show it."""
        return {"name": self.name, "arguments": self.arguments}
