"""Numbers, times and prices, as people read them."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from pytest_agentcassette._wording import age, dollars, duration

NOW = datetime(2026, 7, 12, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [
        (0, "0.0s"),
        (49, "0.0s"),
        (950, "0.9s"),
        (59_949, "59.9s"),
        (59_960, "1m00s"),
        (60_000, "1m00s"),
        (192_400, "3m12s"),
        (3_599_600, "1h00m"),
        (3_780_000, "1h03m"),
    ],
)
def test_live_time(milliseconds, expected):
    """Tenths of a second, or minutes, or hours."""
    assert duration(milliseconds) == expected


@pytest.mark.parametrize(
    ("recorded_at", "expected"),
    [
        ("2026-07-12T12:00:00Z", "new"),
        ("2026-07-12T12:00:30Z", "new"),
        ("2026-07-12T11:59:00Z", "1m"),
        ("2026-07-12T11:00:00", "1h"),
        ("2026-07-11T12:00:01+00:00", "23h"),
        ("2026-07-11T12:00:00Z", "1d"),
        ("2025-07-12T12:00:00Z", "365d"),
        (None, "?"),
        ("some day", "?"),
    ],
)
def test_age(recorded_at, expected):
    """In its largest unit, or a question mark."""
    assert age(recorded_at, NOW) == expected


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        (0.0, "$0.00"),
        (1e-9, "<$0.0001"),
        (0.00004, "<$0.0001"),
        (0.00006, "$0.0001"),
        (0.0076, "$0.0076"),
        (0.01, "$0.01"),
        (0.125, "$0.12"),
        (1234.5, "$1,234.50"),
    ],
)
def test_dollars(price, expected):
    """A cent's worth of calls is a lot of calls, so that less than one is told as well."""
    assert dollars(price) == expected
