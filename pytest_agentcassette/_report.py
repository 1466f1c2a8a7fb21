"""The ledger as lines for the terminal: a summary in one line, and a table of all tests."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, NamedTuple

from pytest_agentcassette._ledger import Cost, Record, total

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Line", "RunFacts", "summary", "table"]

_COLORS = {
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

_PENDING = "failed; what was paid for is kept, and the next run of the test goes on from there"

_DISCARDED = "failed; what was paid for is lost, as there is no cache folder to keep it in"

_HEADINGS = ("cassette", "calls", "tokens in", "out", "total", "live time", "age")

_MINUTE = 60

_LISTED = 10  # tests per heading of the summary; the table has them all


class Line(NamedTuple):
    """A line of the terminal.

    Attributes:
        text: The text.
        markup: The name of a colour or a style that the terminal shows it in, or nothing.
    """

    text: str
    markup: str = ""


class RunFacts(NamedTuple):
    """What the summary needs to know of the run itself.

    Attributes:
        mode_option: The option that sets the record mode.
        is_ci: Whether a file that is written now is lost with the machine.
        lost_workers: How many workers of pytest-xdist were lost.
        remembers: Whether the next run can be told to run what drifted in this one.
    """

    mode_option: str = "--record-mode"
    is_ci: bool = False
    lost_workers: int = 0
    remembers: bool = False


def summary(records: Sequence[Record], facts: RunFacts) -> list[Line]:
    """Tell what the run did with its cassettes, and what needs somebody's hand.

    Args:
        records: What each test did.
        facts: What else is known of the run.

    Returns:
        One line, and the commands to run, if there are any; no line where no test used a cassette.
    """
    if not records:
        return []
    totals = total(records)
    counts = [f"{count} {_COUNTED.get(name, name)}" for name, count in totals.outcomes.items()]
    color = next((_COLORS[name] for name in totals.outcomes if name in _COLORS), "green")
    lines = [Line(f"cassettes: {', '.join(counts)}{_not_spent(totals.saved)}", color)]
    for outcome, heading in _REMEDIES.items():
        remedies = [record.remedy for record in records if record.outcome == outcome]
        lines += _listed(heading, remedies, "red")
        if outcome == "drifted" and len(remedies) > 1 and facts.remembers:
            command = f"pytest --cassette-drifted {facts.mode_option}=update"
            lines.append(Line(f"    all that drifted: {command}"))
    differing = [_first(one) for one in records if one.outcome == "differs"]
    heading = f"today's run differs; if that is right, record it with {facts.mode_option}=all"
    lines += _listed(heading, differing, "yellow")
    lines += _listed(
        _PENDING, [_paid(one) for one in records if one.outcome == "pending"], "yellow"
    )
    discarded = [_paid(one) for one in records if one.outcome == "discarded"]
    lines += _listed(_DISCARDED, discarded, "yellow")
    resumed = sum(record.resumed for record in records)
    if resumed:
        lines.append(Line(f"  {_plural(resumed, 'call')} answered from what failed runs had left"))
    if facts.is_ci:
        written = [one.path for one in records if one.outcome in ("recorded", "updated")]
        heading = "written in CI, and lost with it; record where you can commit the file, or run"
        heading += f" CI with {facts.mode_option}=none"
        lines += _listed(heading, written, "yellow")
    if facts.lost_workers:
        lost = _plural(facts.lost_workers, "worker")
        text = f"  {lost} crashed: what the tests that ran there last did is not known"
        lines.append(Line(text, "red"))
    return lines


def table(records: Sequence[Record], *, width: int, now: datetime) -> list[Line]:
    """Tell what each test did with its cassette, and what that cost or saved.

    Args:
        records: What each test did.
        width: How many columns the terminal has.
        now: The time, for the age of the cassettes.

    Returns:
        A line for each test, below it a line for each drift, and the totals. The tests have lines
        of their own where the terminal is too narrow.
    """
    totals = total(records)
    sum_ = ("total", str(totals.calls), *_money(totals.cost), "")
    rows = [_HEADINGS, *[_row(record, now) for record in records], sum_]
    widths = [max(map(len, column)) for column in zip(*rows)]
    heading, *cells, bottom = [_aligned(row, widths) for row in rows]
    longest = max((len(record.test) for record in records), default=0)
    beside = len(heading) + 2 + longest <= width
    lines = [Line(f"{heading}  test" if beside else heading, "bold")]
    for record, text in zip(records, cells):
        color = _COLORS.get(record.outcome, "")
        if beside:
            lines.append(Line(f"{text}  {record.test}", color))
        else:
            lines += [Line(record.test, color), Line(text, color)]
        lines += [Line(f"    {drift}", color) for drift in record.drift]
        if record.unplayed:
            lines.append(Line(f"    {_plural(record.unplayed, 'step')} never played", color))
    lines.append(Line(bottom.rstrip(), "bold"))
    return lines


def _listed(heading: str, entries: Sequence[str], color: str) -> list[Line]:
    if not entries:
        return []
    lines = [Line(f"  {heading}", color), *[Line(f"    {entry}") for entry in entries[:_LISTED]]]
    more = len(entries) - _LISTED
    if more > 0:
        lines.append(Line(f"    and {more} more, which --cassette-report lists"))
    return lines


def _first(record: Record) -> str:
    """A test, and the first of its differences."""
    first, *more = record.drift
    return f"{record.test}: {first}{f' (and {len(more)} more)' if more else ''}"


def _paid(record: Record) -> str:
    """A test, and what it has paid for in this run."""
    spent = record.cost.tokens - record.saved.tokens
    return f"{record.test} ({_plural(spent, 'token')})"


def _row(record: Record, now: datetime) -> tuple[str, ...]:
    return record.outcome, str(record.calls), *_money(record.cost), _age(record.recorded_at, now)


def _money(cost: Cost) -> tuple[str, ...]:
    numbers = (cost.input_tokens, cost.output_tokens, cost.tokens)
    return (*[f"{number:,}" for number in numbers], _duration(cost.duration_ms / 1000))


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = row
    numbers = [text.rjust(width) for text, width in zip(rest, widths[1:])]
    return "  ".join([first.ljust(widths[0]), *numbers])


def _not_spent(saved: Cost) -> str:
    if not saved.tokens and not saved.duration_ms:
        return ""
    tokens = f"{_plural(saved.tokens, 'token')} and " if saved.tokens else ""
    return f"; {tokens}{_duration(saved.duration_ms / 1000)} of live calls not spent"


def _duration(seconds: float) -> str:
    """A length of time as `0.4s`, `3m12s` or `1h03m`."""
    if round(seconds, 1) < _MINUTE:
        return f"{seconds:.1f}s"
    minutes, second = divmod(round(seconds), _MINUTE)
    hours, minute = divmod(minutes, 60)
    return f"{hours}h{minute:02}m" if hours else f"{minute}m{second:02}s"


def _age(recorded_at: str | None, now: datetime) -> str:
    """The time since a recording, in its largest unit, or a question mark."""
    try:
        moment = datetime.fromisoformat((recorded_at or "").replace("Z", "+00:00"))
    except ValueError:
        return "?"
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    seconds = max((now - moment).total_seconds(), 0)
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{int(seconds // length)}{unit}"
    return "new"


def _plural(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
