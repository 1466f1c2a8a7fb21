"""The travel agent looks up what a plan needs, and does not give up on a busy model."""

from __future__ import annotations

import asyncio

import pytest
from openai import RateLimitError

from agent import plan


@pytest.mark.cassette
def test_proposes_a_plan() -> None:
    """The marker is all it takes: the first run records, every other one replays."""
    answer = asyncio.run(plan("3 nights in Lisbon from 2026-05-04"))

    assert "Flight to Lisbon on 2026-05-04" in answer
    assert "3 nights in Hotel" in answer


@pytest.mark.cassette
@pytest.mark.parametrize("city", ["Lisbon", "Oslo"], ids=str.lower)
def test_looks_up_everything_once(cassette, city) -> None:
    """The fixture knows what the agent did, so a test can check the way to the answer."""
    asyncio.run(plan(f"2 nights in {city} from 2026-05-04"))

    lookups = cassette.calls(kind="tool")
    assert sorted(call.name for call in lookups) == ["flights", "hotels", "weather"]
    assert {call.kwargs["city"] for call in lookups} == {city}
    assert len(cassette.calls(kind="llm")) == 2
    assert cassette.total_tokens < 500


@pytest.mark.cassette
def test_waits_for_a_busy_model(cassette) -> None:
    """A refused call is on the cassette too, with the header that says how long to wait."""
    answer = asyncio.run(plan("2 nights in Rome from 2026-05-04", model="gpt-5-mini-busy"))

    refused, *answered = cassette.calls(kind="llm")
    assert isinstance(refused.error, RateLimitError)
    assert [call.error for call in answered] == [None, None]
    assert [call.args for call in cassette.calls("pause")] == [(1.0,)]
    assert "Rome" in answer
