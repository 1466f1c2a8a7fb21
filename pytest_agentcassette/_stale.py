"""Which cassettes are stale, and which of them a run can't judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_agentcassette._coverage import NOT_COLLECTED
from pytest_agentcassette._ledger import Stale
from pytest_agentcassette._wording import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime, timedelta

    from pytest_agentcassette._ledger import Record

__all__ = ["Found", "Known", "Verdict", "judge", "of_records", "taker"]


class Found(NamedTuple):
    """A cassette that no test claims.

    Attributes:
        name: Its file, as it is shown.
        owner: The test that it belongs to: the id that it keeps, put where the file lies now; None
            where it keeps none.
        module: What has become of the module of its owner: "there", "gone", or "elsewhere" where
            the file is not the one that its owner has unless it is told otherwise.
        is_written: Whether its owner is still written down in its module.
        mentions: The modules that mention it, and may have a test that uses it.
        users: The collected tests that may use it in another run: by the id that it keeps, or
            because it is the one that they have unless they are told otherwise.
        chooser: A test whose cassette has a name that somebody chose, and its module does not
            tell: another run may choose this one.
    """

    name: str
    owner: str | None = None
    module: str = "there"
    is_written: bool = False
    mentions: Sequence[str] = ()
    users: Sequence[str] = ()
    chooser: str = ""


class Known(NamedTuple):
    """What is known of the run.

    Attributes:
        tests: The ids of all tests that were collected.
        claimants: Those of them that have claimed a cassette.
        passed: Those of them that ran and passed.
        empty: Those of them that stand for a parametrization without a single case.
        modules: What was wrong with each module, an empty text for nothing.
        obstacle: Why nothing can be judged, or an empty text.
        gap: Why not all of the project was collected, or an empty text.
        lost_workers: How many workers of pytest-xdist were lost.
    """

    tests: frozenset[str] = frozenset()
    claimants: frozenset[str] = frozenset()
    passed: frozenset[str] = frozenset()
    empty: frozenset[str] = frozenset()
    modules: Mapping[str, str] = {}
    obstacle: str = ""
    gap: str = ""
    lost_workers: int = 0


class Verdict(NamedTuple):
    """What a run can say about a cassette that no test claims: either why it is stale, or why not.

    Attributes:
        stale: Why it is unclaimed, or an empty text.
        doubt: Why that can't be known, or an empty text.
        is_suspect: Whether it would probably be unclaimed if it could be judged.
    """

    stale: str = ""
    doubt: str = ""
    is_suspect: bool = False


def judge(found: Found, known: Known) -> Verdict:
    """Judge a cassette that no test claims; in doubt it is not stale.

    Args:
        found: The cassette.
        known: What is known of the run.

    Returns:
        Why it is stale, or why that can't be known.
    """
    if known.obstacle:
        return Verdict(doubt=known.obstacle, is_suspect=True)
    users = {*found.users, found.owner or ""} & known.tests
    doubts = [_doubt_of_user(test, found, known) for test in sorted(users)]
    if doubts:
        return next((one for one in doubts if not one.is_suspect), doubts[0])
    if found.owner is None:
        return _judge_nobodys(found, known)
    if found.module == "elsewhere":
        return Verdict(doubt=f"{found.owner} does not keep its cassette in {found.name}")
    return _judge_owned(found, found.owner, known)


def taker(mentions: Iterable[str], modules: Mapping[str, str]) -> str:
    """Tell which of the modules that mention a cassette was not collected as a whole.

    Args:
        mentions: These modules.
        modules: What was wrong with each module.

    Returns:
        Its name and what was wrong with it, or an empty text if there is none.
    """
    wrong = [(name, modules.get(name, NOT_COLLECTED)) for name in mentions]
    return next((f"{name} {what}" for name, what in wrong if what), "")


def of_records(
    records: Sequence[Record],
    claims: Mapping[str, str],
    *,
    max_age: timedelta | None,
    now: datetime,
) -> list[Stale]:
    """Tell which cassettes that were used have steps that nobody plays, or are old.

    Args:
        records: What the tests did.
        claims: The file of the cassette of each test.
        max_age: The age from which on a cassette is old, or None.
        now: The time.

    Returns:
        What is stale. Of a file that tests share nobody can tell which steps are left over.
    """
    stale = []
    left = [record for record in records if record.unplayed]
    if left:
        users: dict[str, set[str]] = {}
        for test, path in [*claims.items(), *((record.test, record.path) for record in records)]:
            users.setdefault(path, set()).add(test)
        for record in left:
            if len(users[record.path]) == 1:
                steps = plural(record.unplayed, "step")
                stale.append(Stale("unplayed", record.path, f"{steps} never played", record.test))
    if max_age is None:
        return stale
    oldest = {}
    for record in records:
        age = record.age(now)
        if age is not None and age > max_age:
            oldest[record.path] = Stale("old", record.path, f"{age.days:,} days old", record.test)
    return [*stale, *oldest.values()]


def _doubt_of_user(test: str, found: Found, known: Known) -> Verdict:
    """Why a test that was collected may use a cassette that it does not claim in this run."""
    if test in known.claimants:
        return Verdict(doubt=f"{test} has another cassette in this run")
    if test not in known.passed:
        return Verdict(doubt=f"{test} may ask for its cassette, and did not run and pass")
    if known.lost_workers:
        return Verdict(doubt=f"{test} may have used it on a worker that was lost")
    return Verdict(doubt=f"{test} does not use {found.name} in this run", is_suspect=True)


def _judge_nobodys(found: Found, known: Known) -> Verdict:
    """Judge a cassette that tells of no test: anything may use it, in whatever environment."""
    if known.gap:
        return Verdict(doubt=known.gap)
    if found.mentions:
        return Verdict(doubt=f"{found.mentions[0]} mentions {found.name}")
    if found.chooser:
        return Verdict(doubt=f"{found.chooser} has a cassette that is chosen for each run")
    return Verdict(doubt=f"{found.name} tells of no test", is_suspect=True)


def _judge_owned(found: Found, owner: str, known: Known) -> Verdict:
    module = owner.partition("::")[0]
    other = taker(found.mentions, known.modules)
    if found.module == "there":
        wrong = known.modules.get(module, NOT_COLLECTED)
        if wrong:
            return Verdict(doubt=f"{module} {wrong}", is_suspect=not other)
    if other:
        return Verdict(doubt=other)
    if found.module == "gone":
        return Verdict(stale=f"{module} is gone")
    return _judge_collected(found, owner, known)


def _judge_collected(found: Found, owner: str, known: Known) -> Verdict:
    """Judge a cassette whose owner is a test of a module that was collected as a whole."""
    function = owner.partition("[")[0]
    cases = [test for test in known.tests if test.partition("[")[0] == function]
    if any(test in known.empty for test in cases):
        return Verdict(doubt=f"{function} has no cases in this run")
    if found.is_written and not cases:
        return Verdict(doubt=f"{function} is written down, and was not collected")
    return Verdict(stale=f"{owner} is gone")
