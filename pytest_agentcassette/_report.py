"""The ledger as a summary for the terminal: one line, and what needs somebody's hand."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, NamedTuple

from pytest_agentcassette._ledger import LiveCalls, Record, Stale, Totals, total
from pytest_agentcassette._wording import Line, dollars, duration, plural, prose

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["COLORS", "RunFacts", "summary"]

#: The colours of the outcomes that somebody has to look at.
COLORS = {
    "drifted": "red",
    "missing": "red",
    "unusable": "red",
    "differs": "yellow",
    "pending": "yellow",
    "discarded": "yellow",
}

_COUNTED = {
    "missing": "without a cassette",
    "differs": "differing",
    "discarded": "not written",
}

_REMEDIES = {
    "drifted": "drifted; if the change is meant, record what changed with",
    "missing": "without a cassette; record one with",
    "unusable": "unusable; bring the file back, or delete it and record it with",
}

_PENDING = "failed; what was paid for is kept, and used when the test runs again, with"

_PENDING_IN_CI = (
    "failed; what was paid for is in pytest's cache folder, and if that outlasts CI, it is used"
    " when the test runs again, with"
)

_LOST = "failed; what was paid for is lost, as there is no cache folder to keep it in"

_NOT_KEPT = "failed; what was paid for could not be kept"

_LISTED = 10  # entries below each heading of the summary; the table has them all


class RunFacts(NamedTuple):
    """What the summary needs to know of the run itself.

    Attributes:
        mode_option: The option that sets the record mode.
        is_ci: Whether a file that is written now is lost with the machine.
        has_cache: Whether there is a folder that keeps what failed tests have paid for.
        has_table: Whether the table of all tests is shown as well.
        lost_workers: How many workers of pytest-xdist were lost.
        lost_tests: The tests that they were running, as far as they are known.
        width: How many columns the terminal has; None where lines may have any length.
    """

    mode_option: str = "--record-mode"
    is_ci: bool = False
    has_cache: bool = True
    has_table: bool = False
    lost_workers: int = 0
    lost_tests: tuple[str, ...] = ()
    width: int | None = None


def summary(
    records: Sequence[Record],
    facts: RunFacts,
    *,
    stale: Sequence[Stale] = (),
    live_calls: Sequence[LiveCalls] = (),
) -> list[Line]:
    """Tell what the run did with its cassettes, and what needs somebody's hand.

    Args:
        records: What each test did.
        facts: What else is known of the run.
        stale: The cassettes that are stale.
        live_calls: The calls that ran for real where no session was open.

    Returns:
        One line, and the commands to run, if there are any; no line where there is nothing to say.
    """
    if not records and not stale and not live_calls:
        return []
    listing = _Listing(facts)
    totals = total(records)
    listing.lines += prose(
        f"cassettes: {', '.join(_counts(totals, stale, live_calls))}{_not_spent(totals)}",
        _color(totals, stale, live_calls),
        width=facts.width,
    )
    for outcome, heading in _REMEDIES.items():
        listing.add(heading, [one.remedy for one in records if one.outcome == outcome], "red")
        if outcome == "drifted":
            listing.add_repair(totals.outcomes.get(outcome, 0))
    listing.add_differing(records)
    listing.add_unwritten(records)
    listing.add_redacted(records)
    listing.add_stale(records, stale)
    listing.add_live_calls(live_calls)
    listing.add_lost_workers()
    return listing.lines


class _Listing:
    """The lines of a summary, while they are gathered."""

    def __init__(self, facts: RunFacts) -> None:
        self.lines: list[Line] = []
        self._facts = facts

    def say(self, text: str, color: str = "") -> None:
        """Add a text, broken to the width of the terminal."""
        self.lines += prose(text, color, indent=2, hang=0, width=self._facts.width)

    def add(self, heading: str, entries: Sequence[str], color: str) -> None:
        """Add a heading and what stands below it; nothing where that is nothing.

        No entry is broken: commands and paths are there to be copied.
        """
        if entries:
            self.say(heading, color)
            for entry in entries[:_LISTED]:
                self.lines += [Line(f"    {line}") for line in entry.split("\n")]
            self._add_rest(len(entries) - _LISTED)

    def _add_rest(self, more: int) -> None:
        if more > 0:
            where = "in the table above" if self._facts.has_table else "with --cassette-report"
            self.lines.append(Line(f"    and {more:,} more, {where}"))

    def add_repair(self, drifted: int) -> None:
        """Add the one command that records all tests again that drifted, where several did."""
        if drifted > 1 and self._facts.has_cache:
            command = f"pytest --cassette-drifted {self._facts.mode_option}=update"
            self.lines.append(Line(f"    all that drifted: {command}"))

    def add_differing(self, records: Sequence[Record]) -> None:
        """Add the tests of which today's run differs, with the first of the differences."""
        entries = []
        for one in records:
            if one.outcome == "differs":
                first, *more = one.drift
                rest = f" (and {len(more)} more)" if more else ""
                entries.append(f"{one.remedy}\n  {first}{rest}")
        self.add("today's run differs; if that is right, record it with", entries, "yellow")

    def add_unwritten(self, records: Sequence[Record]) -> None:
        """Add what was paid for and is not, or not for long, in a cassette."""
        is_ci = self._facts.is_ci
        pending = _PENDING_IN_CI if is_ci else _PENDING
        discarded = _NOT_KEPT if self._facts.has_cache else _LOST
        self.add(pending, _paid(records, "pending"), "yellow")
        self.add(discarded, _paid(records, "discarded"), "yellow")
        resumed = sum(record.resumed for record in records)
        if resumed:
            self.say(f"{plural(resumed, 'call')} answered from what failed runs had left")
        if is_ci:
            written = [one.path for one in records if one.outcome in ("recorded", "updated")]
            heading = "written in CI, and lost with it; record where you can commit the file, or"
            self.add(f"{heading} run CI with {self._facts.mode_option}=none", written, "yellow")

    def add_redacted(self, records: Sequence[Record]) -> None:
        """Add what is not in a cassette as it was: a test of its value will fail in a replay."""
        entries = [
            f"{one.path}: {plural(one.redacted, 'secret')}" for one in records if one.redacted
        ]
        self.add("written without its secrets; in their place stands ****", entries, "")

    def add_stale(self, records: Sequence[Record], stale: Sequence[Stale]) -> None:
        """Add the cassettes that are stale, with the command that does something about it."""
        remedies = {record.test: record.remedy for record in records}
        unclaimed, others = [], []
        for one in stale:
            text = f"{one.path}: {one.detail}" if one.detail else one.path
            if one.kind == "unclaimed":
                unclaimed.append(text)
                continue
            if one.test is not None:
                update = f"pytest {self._facts.mode_option}=update {shlex.quote(one.test)}"
                command = remedies.get(one.test) or update
                if one.kind == "old":  # an update would find every call on tape, and ask nobody
                    command = command.replace("=update ", "=all ", 1)
                text = f"{text}\n  {command}"
            others.append(text)
        heading = "stale: no test claims these any more; delete them with pytest --cassette-prune"
        self.add(heading, unclaimed, "yellow")
        self.add("stale; record these again with", others, "yellow")

    def add_live_calls(self, live_calls: Sequence[LiveCalls]) -> None:
        """Add the calls that no cassette could answer, with who made them."""
        entries = []
        for one in live_calls:
            fixture = "" if one.fixture is None else f" (fixture {one.fixture})"
            entries.append(f"{plural(one.calls, 'live call')} of {one.name}: {one.test}{fixture}")
        heading = "no cassette could answer these; refuse such calls with --cassette-live=block"
        self.add(heading, entries, "yellow")

    def add_lost_workers(self) -> None:
        """Add the workers that crashed, and the tests that they were running."""
        workers, tests = self._facts.lost_workers, self._facts.lost_tests
        if not workers:
            return
        lost = f"{plural(workers, 'worker')} crashed"
        if tests:
            self.add(f"{lost}; what these tests did with a cassette is not known", tests, "red")
        else:
            self.say(f"{lost}: what the tests that ran there last did is not known", "red")


def _counts(
    totals: Totals, stale: Iterable[Stale], live_calls: Iterable[LiveCalls]
) -> Iterable[str]:
    for name, count in totals.outcomes.items():
        yield f"{count:,} {_COUNTED.get(name, name)}"
    files = {one.path for one in stale}
    if files:
        yield f"{len(files):,} stale"
    calls = sum(one.calls for one in live_calls)
    if calls:
        yield f"{plural(calls, 'live call')} outside of any session"


def _color(totals: Totals, stale: Sequence[Stale], live_calls: Sequence[LiveCalls]) -> str:
    colors = [COLORS[name] for name in totals.outcomes if name in COLORS]
    if colors:
        return colors[0]
    return "yellow" if stale or live_calls else "green"


def _not_spent(totals: Totals) -> str:
    saved = totals.saved
    if not saved.tokens and not saved.duration_ms:
        return ""
    amounts = [plural(saved.tokens, "token")] * bool(saved.tokens)
    amounts += [dollars(totals.price_saved)] if totals.price_saved else []
    spared = f"{', '.join(amounts)} and " if amounts else ""
    return f"; {spared}{duration(saved.duration_ms)} of live calls not spent"


def _paid(records: Iterable[Record], outcome: str) -> list[str]:
    """The tests of an outcome, or the command that goes on, and what was paid for in this run."""
    entries = []
    for one in records:
        if one.outcome == outcome:
            tokens = one.cost.tokens - one.saved.tokens
            paid = f"  ({plural(tokens, 'token')})" if tokens else ""
            entries.append(f"{one.remedy if outcome == 'pending' else one.test}{paid}")
    return entries
