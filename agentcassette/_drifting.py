"""The errors of a drift: what was expected, what was called, and the text that tells both."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from agentcassette._errors import DivergenceError, ReplayExhausted

if TYPE_CHECKING:
    from collections.abc import Callable

    from agentcassette._asked import Asked
    from agentcassette._matching import Tape

__all__ = ["Drifting", "Terms"]


class Terms(NamedTuple):
    """How strictly a tape is replayed, and what the errors of the replay tell.

    Attributes:
        strict: Whether the first drift raises, and stays.
        gives_way: Whether the first drift ends the replay: from there on nothing is answered.
        path: The file of the cassette.
        mode: The record mode.
        full: Whether the errors leave nothing out.
        rerecord: The command that records the run again, or nothing.
        cost: Tells what the recording cost, as text.
    """

    strict: bool
    gives_way: bool
    path: str
    mode: str
    full: bool = False
    rerecord: str = ""
    cost: Callable[[], str] = str


class Drifting:
    """Makes the errors of one replay.

    Args:
        tape: The steps, and which of them have been played.
        terms: What the errors tell beside the call.

    Attributes:
        gone_to: The names of the calls that were answered by steps of other calls, by step.
    """

    def __init__(self, tape: Tape, terms: Terms) -> None:
        self.gone_to: dict[int, str] = {}
        self._tape = tape
        self._terms = terms

    def exhausted(self, asked: Asked) -> ReplayExhausted:
        total = len(self._tape.steps)
        now = asked.as_dict()
        played_as = self._tape.find_played(asked)
        text = self._explain(
            total, played=self._played, recorded=None, now=now, played_as=played_as
        )
        return ReplayExhausted(total, now, explanation=text)

    def never_called(self, index: int) -> DivergenceError:
        expected = self._tape.expected(index)
        text = self._explain(index, played=self._played, recorded=expected, now=None)
        return DivergenceError(index, expected, None, explanation=text)

    def divergence(self, asked: Asked, index: int, reason: str) -> DivergenceError:
        return self.noted(asked, index, reason)()

    def noted(self, asked: Asked, index: int, reason: str) -> Callable[[], DivergenceError]:
        """Note a drift as the tape is now, and give what makes the error of it.

        Telling where two long calls differ takes a while, and a replay that goes on after its
        drifts may never be asked.
        """
        # Else the call is the one on tape, and what came of it differs.
        is_other = not self._tape.is_played(index)
        return partial(
            self._divergence,
            asked,
            index,
            reason=reason,
            played=self._played,
            played_as=self._tape.find_played(asked) if is_other else None,
            comes_later=self._tape.find(asked) if is_other else None,
        )

    def _divergence(self, asked: Asked, index: int, **known: Any) -> DivergenceError:
        from agentcassette._suggesting import suggest_ignore

        expected = self._tape.expected(index)
        recorded, now = self._tape.side_by_side(asked, index)
        is_same_name = expected["name"] == asked.name
        text = self._explain(
            index,
            recorded={"name": expected["name"], **recorded._asdict()},
            now={"name": asked.name, **now._asdict()},
            ignore=suggest_ignore(recorded, now) if is_same_name else (),
            **known,
        )
        return DivergenceError(index, expected, asked.as_dict(), explanation=text)

    @property
    def _played(self) -> int:
        return len(self._tape.steps) - self._tape.remaining

    def _explain(self, index: int, played_as: int | None = None, **known: Any) -> str:
        from agentcassette._explaining import Drift, explain

        return explain(
            Drift(
                at=index,
                path=self._terms.path,
                mode=self._terms.mode,
                total=len(self._tape.steps),
                played_as=played_as,
                gone_to=None if played_as is None else self.gone_to.get(played_as),
                full=self._terms.full,
                rerecord=self._terms.rerecord,
                cost=self._terms.cost(),
                **known,
            )
        )
