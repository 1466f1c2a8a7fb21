"""A tape: which of the steps of a cassette answers a call.

Nothing in here runs, waits or raises: the session asks, and decides what follows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentcassette._comparing import (
    Compared,
    Form,
    by_name,
    compared,
    cover,
    form_of,
    key,
    moved,
    trim,
)
from agentcassette._order import Order
from agentcassette._steps import OUTCOME, redacted, types_in

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from agentcassette._asked import Asked
    from agentcassette._redaction import Redactor

__all__ = ["Tape"]


class Tape(Order):
    """The steps of a cassette in their order, and which of them is the same call as another one.

    Args:
        steps: The steps as the cassette has them.
        typed: Whether the steps tell the types of their values; if not, types are not compared.
        redactor: What is applied to the steps before they are compared.
        live: The kinds of call that are not answered from the tape; their steps are not owed.
    """

    def __init__(
        self,
        steps: list[dict[str, Any]],
        *,
        typed: bool,
        redactor: Redactor,
        live: Container[str] = (),
    ) -> None:
        super().__init__(steps, live=live)
        self._typed = typed
        self.redactor = redactor
        self._recorded: dict[int, tuple[dict[str, Any], dict[str, str]]] = {}
        self._keys: dict[Form, dict[int, str]] = {}
        self._by_key: dict[tuple[Form, str], dict[str, list[int]]] = {}  # and by name

    def find(self, asked: Asked) -> int | None:
        """The unplayed step that is the same call, or None.

        Of several it is the first that came after the same call in the same line of work, else the
        first of all. One that was made inside of another step, which would answer for it, comes
        last.
        """
        unplayed = self.left(asked.name)
        in_line = self._in_line(asked)
        first = next(iter(in_line), None)
        if first is not None and self._is_verbatim(first, asked):  # as nearly always
            return first
        form = form_of(asked)
        live = key(form, *self._live(asked))
        if first is not None and self._key(form, first) == live:
            return first
        same = self._with_key(form, live, asked.name, unplayed)
        for kind in (self._is_covered, self._is_older):
            if same:
                break
            is_same = kind(asked)
            if first is not None and is_same(first):
                return first
            same = [*filter(is_same, unplayed)]
        found = [index for index in same if index in in_line] or same
        return next(
            (index for index in found if not self.is_inside(index)), next(iter(found), None)
        )

    def find_played(self, asked: Asked) -> int | None:
        """The latest step that is the same call and was played already, or None."""
        return next(filter(self._is_same(asked), reversed(self.played(asked.name))), None)

    def find_alike(self, asked: Asked, index: int) -> list[int]:
        """The played steps that are the same call as a step, and of which the same came.

        Whoever made the calls can't tell which of them was which.
        """
        return [
            one
            for one in filter(self._is_same(asked), self.played(asked.name))
            if one != index and _outcome(self.steps[one]) == _outcome(self.steps[index])
        ]

    def expected(self, index: int) -> dict[str, Any]:
        """A step as errors and divergences show it."""
        return {"name": self.steps[index]["name"], "arguments": self._arguments(index)[0]}

    def side_by_side(self, asked: Asked, index: int) -> tuple[Compared, Compared]:
        """What is compared of a step and of a call: arguments by parameter name, and types."""
        form = form_of(asked)
        live = compared(form, *self._live(asked))
        if self.steps[index]["name"] != asked.name:  # its parameters have other names
            return Compared(*self._arguments(index)), live
        return compared(form, *self._arguments(index)), live

    def side_by_side_covered(self, asked: Asked, index: int) -> tuple[Compared, Compared]:
        """As `side_by_side` of a step of the same name, without what a replay would not ask for.

        A whole value ``****`` on tape stands for any value, and so does the default of a field that
        a class has got since.
        """
        form = form_of(asked)
        recorded = by_name(*self._arguments(index), form.parameters)
        live = cover(*by_name(*self._live(asked), form.parameters), recorded[0])
        live = trim(*live, moved(asked.defaults, asked), recorded[0])
        return compared(form, *recorded), compared(form, *live)

    def _is_same(self, asked: Asked) -> Callable[[int], bool]:
        """Tells of a step whether it is the same call."""
        form = form_of(asked)
        live = key(form, *self._live(asked))
        return lambda index: self._key(form, index) == live

    def _is_verbatim(self, index: int, asked: Asked) -> bool:
        """Whether a step has the arguments of a call to the letter, as they stand in the cassette.

        That is the same call: to redact what is redacted, or to ignore a part of what is equal,
        makes no difference.
        """
        step = self.steps[index]
        recorded = repr(step["arguments"])  # in which 1 is neither 1.0 nor True
        types = types_in(step, "arguments")
        if types == asked.given_types and recorded == repr(asked.given):
            return True
        arguments, live_types = self._live(asked)
        return live_types == (types if self._typed else {}) and recorded == repr(arguments)

    def _in_line(self, asked: Asked) -> dict[int, None]:
        """The unplayed steps that came after the step that answered the call before this one."""
        if asked.link is None:
            return {}
        before = asked.link.before
        return self.left_in_line(asked.name, None if before is None else before.step)

    def _with_key(self, form: Form, live: str, name: str, unplayed: dict[int, None]) -> list[int]:
        """Those of the unplayed steps of a name that are compared by the same text."""
        if form.hidden:
            return [index for index in unplayed if self._key(form, index) == live]
        by_key = self._by_key.get((form, name))
        if by_key is None:
            by_key = self._by_key[form, name] = {}
            for index in unplayed:
                by_key.setdefault(self._key(form, index), []).append(index)
        return [index for index in by_key.get(live, ()) if index in unplayed]

    def _is_covered(self, asked: Asked) -> Callable[[int], bool]:
        """As `_is_same`, where a whole value ``****`` on tape stands for any value."""
        form = form_of(asked)
        live = by_name(*self._live(asked), form.parameters)

        def is_covered(index: int) -> bool:
            recorded, _ = by_name(*self._arguments(index), form.parameters)
            return key(form, *cover(*live, recorded)) == self._key(form, index)

        return is_covered

    def _is_older(self, asked: Asked) -> Callable[[int], bool]:
        """As `_is_same`, where a class has got a field since, which holds its default."""
        form, defaults = form_of(asked), moved(asked.defaults, asked)
        live = by_name(*self._live(asked), form.parameters)

        def is_older(index: int) -> bool:
            recorded, _ = by_name(*self._arguments(index), form.parameters)
            trimmed = trim(*live, defaults, recorded)
            return trimmed is not live and key(form, *trimmed) == self._key(form, index)

        return is_older if defaults else lambda _: False

    def _key(self, form: Form, index: int) -> str:
        """What a step is compared by; kept, unless the form is that of one call alone."""
        if form.hidden:
            return key(form, *self._arguments(index))
        keys = self._keys.setdefault(form, {})
        if index not in keys:
            keys[index] = key(form, *self._arguments(index))
        return keys[index]

    def _arguments(self, index: int) -> tuple[dict[str, Any], dict[str, str]]:
        """The arguments of a step, redacted as the live side is, and their types."""
        if index not in self._recorded:
            step = self.steps[index]
            said: dict[str, Any] = {
                name: step[name] for name in ("arguments", "types") if name in step
            }
            step = redacted(said, self.redactor)
            types = types_in(step, "arguments") if self._typed else {}
            self._recorded[index] = step["arguments"], types
        return self._recorded[index]

    def _live(self, asked: Asked) -> tuple[dict[str, Any], dict[str, str]]:
        """The arguments of a call, and their types if they are compared."""
        return asked.arguments, asked.types if self._typed else {}


def _outcome(step: dict[str, Any]) -> str:
    """A text that steps have in common of which the same came."""
    from agentcassette._differences import canonical

    types = {at: name for at, name in step.get("types", {}).items() if at[:10] != "/arguments"}
    return canonical([types, {name: step[name] for name in OUTCOME if name in step}])
