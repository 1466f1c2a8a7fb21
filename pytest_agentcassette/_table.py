"""The ledger as a table for the terminal: every test, every cassette that is stale, the totals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_agentcassette._ledger import Cost, LiveCalls, Record, Stale, Totals, total
from pytest_agentcassette._report import COLORS
from pytest_agentcassette._wording import (
    Line,
    age,
    dollars,
    duration,
    plural,
    prose,
    unpriced_calls,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

__all__ = ["table"]

_HEADINGS = ("cassette", "calls", "tokens in", "out", "total", "live time", "age")


def table(
    records: Sequence[Record],
    *,
    width: int | None,
    now: datetime,
    stale: Sequence[Stale] = (),
    live_calls: Sequence[LiveCalls] = (),
) -> list[Line]:
    """Tell what each test did with its cassette, and what that cost or saved.

    Args:
        records: What each test did.
        width: How many columns the terminal has; None where lines may have any length.
        now: The time, for the age of the cassettes.
        stale: The cassettes that are stale.
        live_calls: The calls that ran for real where no session was open.

    Returns:
        A line for each test, below it a line for each drift; the totals, and what of them was not
        spent; then the stale cassettes and the live calls. Where the terminal is too narrow the
        tests have lines of their own, and where it is very narrow their numbers are told in words.
    """
    lines = _tests(records, width, now) if records else []
    unpriced = [model for record in records for model in record.unpriced]
    if unpriced:
        lines += prose(unpriced_calls(unpriced), width=width)
    if stale:
        rows = [(one.kind, one.path, _told(one)) for one in stale]
        lines += _section(("stale", "cassette", ""), rows, width)
    if live_calls:
        rows = [
            (plural(one.calls, "call"), f"{one.name} ({one.kind})", _by(one)) for one in live_calls
        ]
        lines += _section(("live", "outside of any session", ""), rows, width)
    return lines


def _tests(records: Sequence[Record], width: int | None, now: datetime) -> list[Line]:
    totals = total(records)
    headings: tuple[str, ...] = _HEADINGS
    rows = [_row(record, now) for record in records]
    sums = _sums(totals)
    if totals.price is None:
        rows, sums = [row[:-1] for row in rows], [row[:-1] for row in sums]
    else:
        headings += ("price",)
    widths = [max(map(len, column)) for column in zip(headings, *rows, *sums)]
    heading = _aligned(headings, widths)
    longest = max(len(record.test) for record in records)
    if width is None or len(heading) + 2 + longest <= width:
        lines = [Line(f"{heading}  test", "bold")]
        for record, row in zip(records, rows):
            lines.append(Line(f"{_aligned(row, widths)}  {record.test}", _color(record)))
            lines += _below(record, width)
    elif len(heading) <= width:
        lines = [Line(heading, "bold")]
        for record, row in zip(records, rows):
            lines += [
                Line(record.test, _color(record)),
                Line(_aligned(row, widths), _color(record)),
            ]
            lines += _below(record, width)
    else:
        return _in_words(records, totals, width, now)
    return [*lines, *[Line(_aligned(row, widths).rstrip(), "bold") for row in sums]]


def _in_words(records: Sequence[Record], totals: Totals, width: int, now: datetime) -> list[Line]:
    lines = []
    for record in records:
        words = f"{record.outcome}, {plural(record.calls, 'call')}"
        words += _spent(record.cost, record.price)
        words += f", age {age(record.recorded_at, now)}"
        lines.append(Line(record.test, _color(record)))
        lines += prose(words, _color(record), indent=2, width=width)
        lines += _below(record, width)
    words = f"total: {plural(totals.calls, 'call')}{_spent(totals.cost, totals.price)}"
    lines += prose(words, "bold", width=width)
    if _is_mixed(totals):
        words = f"not spent{_spent(totals.saved, totals.price_saved)}"
        lines += prose(words.replace(",", ":", 1), "bold", width=width)
    return lines


def _spent(cost: Cost, price: float | None) -> str:
    """A cost in words, to stand behind others."""
    words = (
        f", {plural(cost.tokens, 'token')} ({cost.input_tokens:,} in, {cost.output_tokens:,} out)"
    )
    words += f", {duration(cost.duration_ms)} live"
    return words if price is None else f"{words}, {dollars(price)}"


def _row(record: Record, now: datetime) -> tuple[str, ...]:
    price = "?" if record.price is None and record.unpriced else _price(record.price)
    age_ = age(record.recorded_at, now)
    return record.outcome, f"{record.calls:,}", *_numbers(record.cost), age_, price


def _sums(totals: Totals) -> list[tuple[str, ...]]:
    sums = [("total", f"{totals.calls:,}", *_numbers(totals.cost), "", _price(totals.price))]
    if _is_mixed(totals):
        saved = (*_numbers(totals.saved), "", _price(totals.price_saved))
        sums.append(("not spent", "", *saved))
    return sums


def _is_mixed(totals: Totals) -> bool:
    """Whether some calls were answered from cassettes, and others ran."""
    return totals.saved not in (Cost(), totals.cost)


def _price(price: float | None) -> str:
    return "" if price is None else dollars(price)


def _numbers(cost: Cost) -> tuple[str, ...]:
    numbers = (cost.input_tokens, cost.output_tokens, cost.tokens)
    return (*[f"{number:,}" for number in numbers], duration(cost.duration_ms))


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = row
    numbers = [text.rjust(width) for text, width in zip(rest, widths[1:])]
    return "  ".join([first.ljust(widths[0]), *numbers])


def _color(record: Record) -> str:
    return COLORS.get(record.outcome, "")


def _below(record: Record, width: int | None) -> list[Line]:
    """What differed, and what was never played."""
    texts = list(record.drift)
    if record.unplayed:
        texts.append(f"{plural(record.unplayed, 'step')} never played")
    return [line for text in texts for line in prose(text, _color(record), indent=4, width=width)]


def _section(
    headings: tuple[str, ...], rows: Sequence[tuple[str, ...]], width: int | None
) -> list[Line]:
    """A table of texts, below an empty line."""
    widths = [max(map(len, column)) for column in zip(headings, *rows)]
    texts = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
        for row in (headings, *rows)
    ]
    if width is not None and max(map(len, texts)) > width:
        texts = ["  ".join(filter(None, row)) for row in (headings, *rows)]
    heading, *rest = texts
    lines = [Line(""), Line(heading, "bold")]
    for text in rest:
        lines += prose(text, "yellow", width=width)
    return lines


def _told(stale: Stale) -> str:
    test = "" if stale.test is None or stale.test in stale.detail else stale.test
    return ", ".join(filter(None, (stale.detail, test)))


def _by(calls: LiveCalls) -> str:
    return calls.test if calls.fixture is None else f"{calls.test} (fixture {calls.fixture})"
