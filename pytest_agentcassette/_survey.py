"""What a run collected, as plain data: from one process, or merged over those of pytest-xdist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["SURVEY", "Survey", "merged"]

#: The key of what a worker of pytest-xdist tells its controller at its end, as plain data.
SURVEY = "agentcassette_survey"


class Survey(NamedTuple):
    """What was collected, and which files the tests claim.

    Attributes:
        tests: The ids of the collected tests, deselected ones among them.
        empty: Those of them that stand for a parametrization without a single case.
        claims: The file of the cassette of each test that is known to use one, as it is shown.
        collectors: What was wrong with each file and folder that was collected, by its id; an
            empty text for nothing.
        ignored: The files and folders that were left out, as they are shown.
        obstacle: Why nothing can be told from all this, or an empty text.
    """

    tests: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    claims: dict[str, str] = {}  # noqa: RUF012 - never changed
    collectors: dict[str, str] = {}  # noqa: RUF012 - never changed
    ignored: tuple[str, ...] = ()
    obstacle: str = ""

    def to_plain(self) -> dict[str, Any]:
        """The survey as JSON data."""
        plain = self._asdict()
        return {name: [*one] if isinstance(one, tuple) else one for name, one in plain.items()}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Survey:
        """The survey that `to_plain` made the data of."""
        lists = {name: tuple(one) for name, one in plain.items() if isinstance(one, list)}
        return cls(**{**plain, **lists})


def merged(surveys: Iterable[Survey]) -> Survey:
    """What all processes of a run know together; each of them has collected everything."""
    result = Survey()
    for one in surveys:
        collectors = dict(result.collectors)
        for name, wrong in one.collectors.items():
            collectors[name] = collectors.get(name, "") or wrong
        result = Survey(
            tests=_joined(result.tests, one.tests),
            empty=_joined(result.empty, one.empty),
            claims={**result.claims, **one.claims},
            collectors=collectors,
            ignored=_joined(result.ignored, one.ignored),
            obstacle=result.obstacle or one.obstacle,
        )
    return result


def _joined(ours: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*ours, *theirs]))
