"""At the end of a run: look for cassettes that are stale, and delete those that nobody claims."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, NamedTuple

from pytest_agentcassette._ledger import Stale
from pytest_agentcassette._searching import Facts, Search
from pytest_agentcassette._stale import of_records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime, timedelta
    from pathlib import Path

__all__ = ["Facts", "Stock", "delete", "take_stock"]


class Stock(NamedTuple):
    """What was found.

    Attributes:
        stale: The cassettes that are stale, the unclaimed ones first.
        doubts: Why others could not be judged.
        suspicions: Those of the doubts that stand in the way of a cassette that is probably
            unclaimed.
        gap: Why the run is not a complete one, where that matters, or an empty text.
    """

    stale: list[Stale]
    doubts: list[str]
    suspicions: list[str]
    gap: str


def take_stock(facts: Facts, *, max_age: timedelta | None, now: datetime, prune: bool) -> Stock:
    """Look for stale cassettes.

    Args:
        facts: What is known of the run.
        max_age: The age from which on a cassette is old, or None.
        now: The time.
        prune: Whether cassettes are to be deleted, as only a complete run may do.

    Returns:
        What was found, as far as this run could know.
    """
    search = Search(facts)
    stale, doubts, suspicions = [], [], []
    for path, owner, verdict in search.verdicts():
        if verdict.stale:
            stale.append(Stale("unclaimed", search.inventory.shown(path), verdict.stale, owner))
        elif verdict.is_suspect:
            suspicions.append(verdict.doubt)
        doubts += [verdict.doubt] if verdict.doubt else []
    if search.inventory.is_outside(facts.cassette_dir):
        doubts = ["they lie outside of the project"]
    if facts.survey.obstacle:
        doubts = [facts.survey.obstacle]
    stale += of_records(facts.records, facts.survey.claims, max_age=max_age, now=now)
    return Stock(
        stale,
        [*dict.fromkeys(doubts)],
        [*dict.fromkeys(suspicions)],
        search.gap() if prune else "",
    )


def delete(unclaimed: Iterable[Stale], root: Path) -> Iterator[tuple[Stale, str]]:
    """Delete cassettes, and the folders that this empties.

    Args:
        unclaimed: The cassettes.
        root: The root folder of the project.

    Yields:
        Each of them, and why it is still there, or an empty text.
    """
    for one in unclaimed:
        path = root / one.path
        try:
            if not path.stat().st_mode & stat.S_IWRITE:  # which only Windows minds by itself
                yield one, "it is read-only"
                continue
            path.unlink()
        except OSError as error:
            yield one, error.strerror or str(error)
        else:
            _remove_if_empty(path.parent)
            yield one, ""


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:  # something is in it, or somebody holds it
        return
