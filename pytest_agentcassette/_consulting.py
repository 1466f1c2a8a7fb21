"""What conftests and plugins say through our hooks, one hook after the other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from pytest_agentcassette._asking import Question, is_implemented
from pytest_agentcassette._marker import expected, take

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from agentcassette import Cassette
    from pytest_agentcassette._ledger import Cost, Record
    from pytest_agentcassette._marker import Redaction
    from pytest_agentcassette.hooks import CassetteFacts, CostFacts

__all__ = [
    "PATH",
    "Additions",
    "additions",
    "check_core",
    "chosen_path",
    "facts_of",
    "register_types",
    "report_lines",
    "tell_finished",
]

#: The hook that chooses the file of a cassette.
PATH = "pytest_agentcassette_path"

_REDACT = "pytest_agentcassette_redact"
_IGNORE = "pytest_agentcassette_ignore"
_TYPES = "pytest_agentcassette_register_types"
_FINISHED = "pytest_agentcassette_finished"
_REPORT_LINES = "pytest_agentcassette_report_lines"

# Not where a test failed before there was a cassette.
_FINISHED_OUTCOMES = frozenset(
    {"replayed", "recorded", "updated", "unchanged", "verified", "drifted", "differs"}
)


class Additions(NamedTuple):
    """What hooks add to what markers and the ini file say of a test."""

    redact: tuple[Redaction, ...] = ()
    ignore: tuple[str, ...] = ()


def additions(item: pytest.Item, test: str) -> Additions:
    """Ask what is redacted in the cassette of a test, and what of its calls is not compared.

    Args:
        item: The test.
        test: Its id.

    Raises:
        pytest.UsageError: An implementation gives what can't be, or raises.
    """
    return Additions(
        redact=_added("redact", _REDACT, item, test), ignore=_added("ignore", _IGNORE, item, test)
    )


def chosen_path(item: pytest.Item, test: str, path: str) -> str | None:
    """Ask for the file of a test's cassette.

    Args:
        item: The test.
        test: Its id.
        path: The file as it is without the hook.

    Returns:
        The file, or None where nobody chooses one.

    Raises:
        pytest.UsageError: An implementation gives what can't be, or raises.
    """
    if not is_implemented(item.config, PATH):
        return None
    question = Question(PATH, item.ihook, item.config, test, first=True)
    chosen = question.ask(_taken("path"), item=item, path=Path(path))
    return chosen[0] if chosen else None


def register_types(config: pytest.Config) -> None:
    """Let types be registered.

    Raises:
        pytest.UsageError: An implementation raises.
    """
    if is_implemented(config, _TYPES):
        from agentcassette import register_type

        question = Question(_TYPES, config.hook, config)
        question.ask(config=config, register_type=register_type)


def tell_finished(item: pytest.Item, cassette: Cassette | None, path: str, outcome: str) -> None:
    """Tell of a test that is done with its cassette; what an implementation raises goes through.

    Args:
        item: The test.
        cassette: The cassette that was written, or else read; None where there is none.
        path: Its file.
        outcome: What became of it.
    """
    __tracebackhide__ = True
    if (
        cassette is not None
        and outcome in _FINISHED_OUTCOMES
        and is_implemented(item.config, _FINISHED)
    ):
        item.ihook.pytest_agentcassette_finished(
            item=item, cassette=cassette, path=Path(path), outcome=outcome
        )


def report_lines(config: pytest.Config, records: Sequence[Record]) -> list[str]:
    """Ask for lines at the end of the report.

    Args:
        config: The configuration of the run.
        records: What each test did.

    Raises:
        pytest.UsageError: An implementation gives what can't be, or raises.
    """
    if not is_implemented(config, _REPORT_LINES):
        return []
    question = Question(_REPORT_LINES, config.hook, config)
    facts = [facts_of(record) for record in records]
    answers = question.ask(_lines, config=config, records=facts)
    return [line for answer in answers for line in answer]


def facts_of(record: Record) -> CassetteFacts:
    """What is told to others of a test and its cassette."""
    return {
        "test": record.test,
        "path": record.path,
        "outcome": record.outcome,
        "calls": record.calls,
        "cost": _cost(record.cost),
        "saved": _cost(record.saved),
        "recorded_at": record.recorded_at,
        "drift": list(record.drift),
        "unplayed": record.unplayed,
        "resumed": record.resumed,
    }


def check_core(**options: Any) -> None:
    """Check what only the core can judge.

    Args:
        options: The values of `redact` and `ignore`, each of the right type.

    Raises:
        TypeError: A pattern is one of bytes.
        ValueError: A path is malformed, or a pattern matches the empty string.
    """
    from agentcassette import use_cassette

    use_cassette("", **options)


def _added(keyword: str, hook: str, item: pytest.Item, test: str) -> tuple[Any, ...]:
    if not is_implemented(item.config, hook):
        return ()
    answers = Question(hook, item.ihook, item.config, test).ask(_taken(keyword), item=item)
    return tuple(one for answer in answers for one in answer)


def _taken(keyword: str) -> Callable[[Any], Any]:
    """What checks an answer as the same keyword of the marker is checked."""

    def check(answer: Any) -> Any:
        taken = take(keyword, answer)
        if taken is None:
            raise TypeError(f"it gave {_told(answer)}, and may give {expected(keyword)}, or None")
        if keyword != "path":
            check_core(**{keyword: taken})
        return taken

    return check


def _lines(answer: Any) -> list[str]:
    texts = [answer] if isinstance(answer, str) else answer
    if not isinstance(texts, (list, tuple)) or not all(isinstance(one, str) for one in texts):
        raise TypeError(f"it gave {_told(answer)}, and may give a text, a list of texts, or None")
    return [line for text in texts for line in text.splitlines() or [""]]


def _told(answer: Any) -> str:
    """What an implementation gave, by its type: the value may be what nobody is to see."""
    if not isinstance(answer, (list, tuple)):
        return f"a value of type {type(answer).__name__}"
    names = dict.fromkeys(type(one).__name__ for one in answer)
    return f"a {type(answer).__name__} of {' and '.join(names)}"


def _cost(cost: Cost) -> CostFacts:
    return {
        "input_tokens": cost.input_tokens,
        "output_tokens": cost.output_tokens,
        "duration_ms": cost.duration_ms,
    }
