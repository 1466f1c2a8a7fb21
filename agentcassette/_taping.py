"""One call while it is taped: first its arguments, in the end its outcome."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Callable

from agentcassette import _values
from agentcassette._comparing import form_of, key
from agentcassette._outcome import Outcome
from agentcassette._sequence import UNKNOWN, Made
from agentcassette._steps import is_list_of_chunks, results_of_uses
from agentcassette._tokens import count_tokens

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from agentcassette._asked import Asked
    from agentcassette._lineage import Link
    from agentcassette._nesting import Nesting
    from agentcassette._redaction import Redactor

__all__ = ["Taping"]


class Taping:
    """One call while it is taped.

    Args:
        fields: The fields of its step that are known by now, redacted.
        types: The types of what is in them, by the JSON pointer below the step.
        start: Its place in the sequence of all starts and ends.
        outer: The call that it was made inside of.
        link: The call in its line of work, where that is known.
        take_place: Gives the next place in that sequence.
        stopped: Is called whenever the call has ended, for now.
        redactor: What is applied to everything before it is kept.
        nesting: The calls that run now.
        asked: The call as it is compared; None where it was made inside of one that was answered.

    Attributes:
        name: The name of the call.
        outcome: What comes of it.
        start: Its place in the sequence of all starts and ends.
        end: The place of its end; None while it runs.
        outer: The call that it was made inside of.
        link: The call in its line of work, where that is known.
        copied: Whether it was answered from another tape.
        asked: The call as it is compared, where that is known.
    """

    def __init__(
        self,
        fields: dict[str, Any],
        types: dict[str, str],
        *,
        start: int,
        outer: Taping | None,
        link: Link | None,
        take_place: Callable[[], int],
        stopped: Callable[[Taping], None],
        redactor: Redactor,
        nesting: Nesting[Taping],
        asked: Asked | None = None,
    ) -> None:
        self._take_place = take_place
        self._stopped = stopped
        self._nesting = nesting
        self.name: str = fields["name"]
        self.outcome = Outcome(redactor, self.stop)
        self.start = start
        self.end: int | None = None
        self.outer = outer
        self.link = link
        self.asked = asked
        if link is not None:
            link.start = start
        self.copied = False
        self._began = time.perf_counter()
        self._duration_ms = 0.0
        self._tokens: tuple[int, int] | None = None
        self._fields = fields
        self._types = types

    @property
    def is_made(self) -> bool:
        """Whether it leaves a step."""
        return self.outcome.is_made

    def inside(
        self, outcome: Outcome | None = None, *, awaited: bool = False
    ) -> AbstractContextManager[None]:
        """Let the calls made in a block belong to this one, which runs there.

        Args:
            outcome: Where what comes of the block is taped; a use of its stream, or the call's own.
            awaited: Whether other tasks of the thread may run meanwhile.
        """
        asked = outcome or self.outcome
        asked.ask()
        if asked is self.outcome and not asked.is_over:
            self.end = None
        return self._nesting.inside(self, awaited=awaited)

    def cleaning_up(self, *, awaited: bool = False) -> AbstractContextManager[None]:
        """As `inside`, for the block that closes a stream: it is read no further."""
        return self._nesting.inside(self, awaited=awaited)

    def awaitable(self, *, future: bool) -> None:
        """Note that a plain function returned an awaitable.

        Args:
            future: Whether it runs unasked; if not, the call is made once it is awaited.
        """
        self.outcome.note("awaitable")
        if future:
            self.outcome.note("future")
        self.outcome.is_made = future

    def stop(self) -> None:
        """The call ended, for now."""
        self.end = self._take_place()
        if not self.copied:
            self._duration_ms = 1000 * (time.perf_counter() - self._began)
        self._stopped(self)

    def copy(self, step: dict[str, Any]) -> None:
        """Take over a step of another tape, redacted, that answers the call."""
        self.copied = True
        self.outcome.copy(step)
        self._fields["arguments"] = step["arguments"]
        self._types = {
            at: name for at, name in step.get("types", {}).items() if at.startswith("/arguments/")
        }
        self._tokens = step["input_tokens"], step["output_tokens"]
        self._duration_ms = step["duration_ms"]

    def resume(self) -> None:
        """Note that a call which another tape has answered goes on live."""
        self.copied = False
        self._tokens = None

    def made(self) -> Made:
        """The call as it is on tape now."""
        fields = {**self._fields, **self.outcome.fields()}
        types = {**self._types, **fields.pop("types", {})}
        fields["input_tokens"], fields["output_tokens"] = self._tokens or count_tokens(
            fields["arguments"],
            fields["result"],
            stream=is_list_of_chunks(fields),
            uses=list(results_of_uses(fields)),
        )
        fields["duration_ms"] = round(self._duration_ms, 3)
        if types:
            fields["types"] = types
        outer = None if self.outer is None else self.outer.start
        asked = self.asked
        compared = (
            None if asked is None else partial(key, form_of(asked), asked.arguments, asked.types)
        )
        return Made(self.start, self.end, outer, self._after(), fields, compared)

    def _after(self) -> int | None:
        """The place of the start of the call before it in its line of work."""
        if self.link is None:
            return UNKNOWN
        return None if self.link.before is None else self.link.before.start

    def unreplayable(self) -> list[tuple[str, str]]:
        """The places of its outcome that can't be restored, with their types."""
        return list(_unreplayable(self.outcome.fields(), ""))


def _unreplayable(fields: dict[str, Any], place: str) -> Any:
    for pointer, type_name in _values.unreplayable(fields.get("types", {})):
        if not pointer.startswith("/arguments"):
            yield place + pointer, type_name
    for index, use in enumerate(fields.get("stream", {}).get("uses", ())):
        yield from _unreplayable(use, f"{place}/stream/uses/{index}")
