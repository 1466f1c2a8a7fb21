"""The tape that is written: steps in the order in which their calls started.

Each step keeps its start and its end as places in one sequence of all starts and ends, so that
replay knows which calls followed one another and which ran at the same time.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from agentcassette._lineage import Link
from agentcassette._nesting import Nesting
from agentcassette._sequence import numbered
from agentcassette._steps import redacted, types_at
from agentcassette._taping import Taping

if TYPE_CHECKING:
    from agentcassette._asked import Asked
    from agentcassette._journal import Journal
    from agentcassette._redaction import Redactor

__all__ = ["Recording", "Unreplayable"]


class Unreplayable(NamedTuple):
    """A place of a result that can't be restored when it is replayed."""

    step_index: int
    name: str
    pointer: str
    type_name: str


class Recording:
    """The steps recorded so far.

    Args:
        redactor: What is applied to everything before it is kept.
        journal: Where what was paid for is kept until the cassette is written.

    Attributes:
        redactor: What is applied to everything before it is kept.
        cleanup: Whether the body under test has ended.
    """

    def __init__(self, redactor: Redactor, journal: Journal | None = None) -> None:
        self.redactor = redactor
        self._journal = journal
        self._is_kept = False  # by the journal, from the first call on that was paid for
        self._lock = threading.Lock()
        self._sequence = 0
        self._tapings: list[Taping] = []
        self._nesting: Nesting[Taping] = Nesting()
        self.cleanup = False

    def begin(self, asked: Asked) -> Taping:
        """Open a step for a call that starts now, inside of the call that this context is in."""
        fields = {"type": asked.kind, "name": asked.name, "arguments": asked.arguments}
        types = types_at("arguments", asked.types)
        outer = self._nesting.outer()
        return self._open(fields, types, outer=outer, link=asked.link, asked=asked)

    def copy(self, taping: Taping, steps: list[dict[str, Any]]) -> None:
        """Answer a call from another tape.

        Args:
            taping: The call.
            steps: The step that answers it, and those of the calls that were made inside of it.
        """
        step_of = {step["index"]: step for step in steps}
        taping_of = {steps[0]["index"]: taping}
        for _, index in sorted((place, step["index"]) for step in steps for place in _places(step)):
            step = step_of.pop(index, None)
            if step is None:
                taping_of[index].stop()
                continue
            step = redacted(step, self.redactor)
            if index not in taping_of:
                fields = {name: step[name] for name in ("type", "name", "arguments")}
                outer, before = taping_of[step["parent"]], _before(step, taping_of)
                taping_of[index] = self._open(fields, {}, outer=outer, link=before)
            taping_of[index].copy(step)

    def _open(
        self,
        fields: dict[str, Any],
        types: dict[str, str],
        *,
        outer: Taping | None,
        link: Link | None,
        asked: Asked | None = None,
    ) -> Taping:
        if self.cleanup:
            fields["cleanup"] = True
        with self._lock:
            taping = Taping(
                fields,
                types,
                start=self._next(),
                outer=outer,
                link=link,
                asked=asked,
                take_place=self._take_place,
                stopped=self._keep,
                redactor=self.redactor,
                nesting=self._nesting,
            )
            self._tapings.append(taping)
        return taping

    def _take_place(self) -> int:
        with self._lock:
            return self._next()

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence

    def __len__(self) -> int:
        return len(self._made())

    def _keep(self, taping: Taping) -> None:
        """Let the journal keep a call that has ended for good."""
        if self._journal is None or not taping.outcome.is_over:
            return
        with self._lock:
            begins = not self._is_kept and not taping.copied
            self._is_kept |= begins
        with suppress(OSError):  # the run goes on, and `keep` will tell in the end
            if begins:
                self.keep()
            elif self._is_kept:
                self._journal.add(taping.made())

    def keep(self) -> bool:
        """Let the journal keep what was paid for, if anything was.

        Returns:
            Whether there is something to keep.

        Raises:
            OSError: It can't be written.
        """
        made = self._lasting()
        if self._journal is None or all(taping.copied for taping in made):
            return False
        self._journal.begin(taping.made() for taping in made)
        return True

    def _lasting(self) -> list[Taping]:
        """The calls that may answer another run.

        A call that was cancelled, or a stream that was left, is one of them where the run went on
        afterwards. Else it may be what the run failed of.
        """
        made = self._made()
        last = max((taping.start for taping in made), default=0)
        return [one for one in made if one.outcome.is_over or (one.end or last) < last]

    def steps(self) -> list[dict[str, Any]]:
        """The steps so far as the cassette has them, each a new dict."""
        return numbered(taping.made() for taping in self._made())

    def calls(self) -> list[tuple[dict[str, Any], Asked | None]]:
        """The steps so far, each with the call as it is compared, where that is known."""
        made = self._made()
        steps = numbered(taping.made() for taping in made)
        return [(step, taping.asked) for step, taping in zip(steps, made)]

    def copied(self) -> list[bool]:
        """For each step whether it was taken over from another tape."""
        return [taping.copied for taping in self._made()]

    def unreplayable(self) -> list[Unreplayable]:
        """What the steps hold that replay will not be able to restore."""
        return [
            Unreplayable(index, taping.name, pointer, type_name)
            for index, taping in enumerate(self._made())
            for pointer, type_name in taping.unreplayable()
        ]

    def _made(self) -> list[Taping]:
        return [taping for taping in list(self._tapings) if taping.is_made]


def _before(step: dict[str, Any], taping_of: dict[int, Taping]) -> Link | None:
    """The place of a copied step in its line of work, where the step tells it."""
    places = step.get("concurrency", {})
    before = taping_of.get(places.get("after"))
    return None if before is None else Link(None, before.link)


def _places(step: dict[str, Any]) -> list[int]:
    """The places of a step's start and, if it ended, of its end."""
    index = step["index"]
    places = step.get("concurrency", {"start": 2 * index, "end": 2 * index + 1})
    return [places[name] for name in ("start", "end") if places.get(name) is not None]
