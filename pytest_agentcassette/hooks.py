"""The hooks that a conftest or a plugin may implement, to add to agentcassette without touching it.

pytest finds an implementation by its name, and gives it those of the parameters that it takes. One
in the conftest of a folder is asked for the tests below that folder only, but for the two that are
about a run as a whole. What an implementation gives that can't be, or what it raises, is told with
its name and with whose it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, TypedDict

import pytest

if TYPE_CHECKING:
    import os
    import re
    from collections.abc import Sequence
    from pathlib import Path

    from agentcassette import Cassette

__all__ = [
    "CassetteFacts",
    "CostFacts",
    "pytest_agentcassette_finished",
    "pytest_agentcassette_ignore",
    "pytest_agentcassette_path",
    "pytest_agentcassette_redact",
    "pytest_agentcassette_register_types",
    "pytest_agentcassette_report_lines",
]


class CostFacts(TypedDict):
    """What calls cost when they ran live.

    Attributes:
        input_tokens: The tokens that went in.
        output_tokens: The tokens that came out.
        duration_ms: The time they took, in milliseconds; calls at the same time count once.
    """

    input_tokens: int
    output_tokens: int
    duration_ms: float


class CassetteFacts(TypedDict):
    """What one test did with its cassette, as plain data that `json.dumps` takes.

    Attributes:
        test: The id of the test.
        path: The file of the cassette, from the root folder on where it is below it.
        outcome: What became of the cassette: "replayed", "recorded", "updated" (recorded again,
            and other than before), "unchanged" (recorded again, and the same), "verified" (run for
            real, and like that), "drifted", "missing", "unusable", "differs" (run for real, and
            unlike that), "pending" (the test failed, and what it paid for is kept) or "discarded"
            (and is not kept).
        calls: How many calls the agent made.
        cost: What all of them cost when they ran live, now or when they were recorded.
        saved: The part of it that was answered from the cassette.
        recorded_at: When the cassette was recorded, ISO 8601, or None where nobody knows.
        drift: What differed, one line for each drift or difference.
        unplayed: How many steps of the cassette were never played.
        resumed: How many calls were answered from what a failed run had left.
    """

    test: str
    path: str
    outcome: str
    calls: int
    cost: CostFacts
    saved: CostFacts
    recorded_at: str | None
    drift: list[str]
    unplayed: int
    resumed: int


@pytest.hookspec
def pytest_agentcassette_redact(
    item: pytest.Item,
) -> str | re.Pattern[str] | Sequence[str | re.Pattern[str]] | None:
    """Say what is redacted in the cassette of a test, on top of all else that is.

    Asked when the tests are collected. What all implementations give adds up.

    Args:
        item: The test.

    Returns:
        The name of a key, whose values are redacted at any depth; a compiled pattern, whose
        matches are redacted wherever a string holds them; a list of these; or None. A cassette
        keeps the names and not the patterns: the hook has to give them to each replay.
    """


@pytest.hookspec
def pytest_agentcassette_ignore(item: pytest.Item) -> str | Sequence[str] | None:
    """Say what of the calls' arguments is not compared when a test is replayed.

    Asked when the tests are collected. What all implementations give adds up.

    Args:
        item: The test.

    Returns:
        A path (``kwargs.request_id``, ``kwargs.messages[*].id``, ``**.created_at``), a shape
        (``<uuid>``, ``<datetime>``), a list of these, or None.
    """


@pytest.hookspec
def pytest_agentcassette_register_types(
    config: pytest.Config, register_type: Callable[..., None]
) -> None:
    """Register the types whose values cassettes are to keep.

    Called once in each process that runs tests with a cassette, before the first of them; the
    types count for all tests, whichever conftest registers them.

    Args:
        config: The configuration of the run.
        register_type: `agentcassette.register_type`, so that nothing has to be imported before a
            test uses a cassette: ``register_type(cls, encode=..., decode=...)``.
    """


@pytest.hookspec(firstresult=True)
def pytest_agentcassette_path(item: pytest.Item, path: Path) -> str | os.PathLike[str] | None:
    """Choose the file of a test's cassette.

    Asked when the tests are collected, for each test whose marker does not name a file. The first
    answer counts, and that of the closest conftest comes first. The file is the test's own: two
    tests for which the same one is chosen stop the run.

    Args:
        item: The test.
        path: The file as it is without this hook, as an absolute path.

    Returns:
        The file; a relative path starts at the folder of the test. None leaves it to others.
    """


@pytest.hookspec
def pytest_agentcassette_finished(
    item: pytest.Item, cassette: Cassette, path: Path, outcome: str
) -> None:
    """See the cassette of a test once the test is done with it.

    Called in the process that ran the test, after its clean-up, when the cassette is written. What
    it raises is an error of the test's teardown. Not called where there is no cassette to be seen:
    the test made no call, or failed while it recorded.

    Args:
        item: The test.
        cassette: The cassette that was written; else the one that was replayed or verified.
        path: The file that it is in, as an absolute path.
        outcome: What became of it: "replayed", "recorded", "updated", "unchanged", "verified",
            "drifted" or "differs".
    """


@pytest.hookspec
def pytest_agentcassette_report_lines(
    config: pytest.Config, records: list[CassetteFacts]
) -> str | Sequence[str] | None:
    """Add lines to the end of what ``--cassette-report`` shows.

    Called after the last test, where the report is shown; with pytest-xdist that is the process
    that starts the workers, which knows the conftests of the folders that pytest was called with.

    Args:
        config: The configuration of the run.
        records: What each test did with its cassette, in the order of the tests' ids.

    Returns:
        A text, of one line or more, a list of such texts, or None.
    """
