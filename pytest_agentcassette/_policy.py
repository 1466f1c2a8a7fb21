"""What a run is to do about stale cassettes, as the command line and the ini file say."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import NamedTuple

import pytest

__all__ = ["ACTIONS", "Policy", "read_max_age", "read_policy"]

#: What can be done about stale cassettes, the default first.
ACTIONS = ("warn", "fail", "ignore")

_DAYS = {"": 1, "d": 1, "w": 7}

_MAX_AGE = r"([1-9]\d{0,4}) ?([dw]?)"  # not so many that there is no such date


class Policy(NamedTuple):
    """What a run is to do about stale cassettes.

    Attributes:
        action: One of `ACTIONS`.
        is_asked: Whether somebody asked for a judgement on the command line.
        prune: Whether the files are deleted that no test claims.
        max_age: The age from which on a cassette is old, or None.
    """

    action: str = ACTIONS[0]
    is_asked: bool = False
    prune: bool = False
    max_age: timedelta | None = None


def read_policy(config: pytest.Config) -> Policy:
    """Read what the command line and the ini file say.

    Args:
        config: The configuration of the run.

    Returns:
        What they say.

    Raises:
        pytest.UsageError: The ini file has a value that there is not.
    """
    asked, prune = config.getoption("--cassette-stale"), config.getoption("--cassette-prune")
    action = asked or _read(config, "cassette_stale") or ACTIONS[0]
    if action not in ACTIONS:
        raise pytest.UsageError(
            f"cassette_stale = {action} in the ini file: it takes warn, fail or ignore"
        )
    is_asked = prune or asked not in (None, "ignore")
    return Policy(action, is_asked=is_asked, prune=prune, max_age=read_max_age(config))


def read_max_age(config: pytest.Config) -> timedelta | None:
    """Read the age from which on a cassette is old.

    Args:
        config: The configuration of the run.

    Returns:
        The age, or None where no cassette is ever too old.

    Raises:
        pytest.UsageError: It is no number of days or weeks.
    """
    text = _read(config, "cassette_max_age")
    if not text:
        return None
    found = re.fullmatch(_MAX_AGE, text)
    if found is None:
        raise pytest.UsageError(
            f"cassette_max_age = {text} in the ini file: it takes a number of days or weeks, such"
            " as 90, 90d or 12w"
        )
    return timedelta(days=int(found[1]) * _DAYS[found[2]])


def _read(config: pytest.Config, name: str) -> str:
    try:
        value: str = config.getini(name)
    except (TypeError, pytest.UsageError) as error:  # a value of TOML that is no text
        raise pytest.UsageError(f'{error}; write it in quotes: {name} = "..."') from None
    return value.strip()
