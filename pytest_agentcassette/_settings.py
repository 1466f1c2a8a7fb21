"""What the command line, the markers and the ini file say about the cassette of one test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pytest_agentcassette._marker import check_mode, read_marker
from pytest_agentcassette._neighbours import OPTION, translate
from pytest_agentcassette._options import LISTED_MODES, MODES, OWN_OPTION
from pytest_agentcassette._policy import read_max_age

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import timedelta

    from pytest_agentcassette._marker import Redaction

__all__ = [
    "RunSettings",
    "Settings",
    "merge",
    "read_cassette_dir",
    "read_run_settings",
]

#: The keys that a secret usually lies under; the case, hyphens and underscores of a key count for
#: nothing. Not `token`: a model's answer is made of tokens, and some APIs list them one by one.
_SECRET_KEYS = (
    "access_key",
    "access_token",
    "account_key",
    "anthropic_api_key",
    "api_key",
    "api_secret",
    "api_token",
    "auth_token",
    "authorization",
    "aws_secret_access_key",
    "aws_session_token",
    "azure_api_key",
    "bearer_token",
    "client_secret",
    "cookie",
    "database_password",
    "db_password",
    "gemini_api_key",
    "github_token",
    "gitlab_token",
    "google_api_key",
    "hf_token",
    "id_token",
    "langfuse_secret_key",
    "ocp-apim-subscription-key",
    "openai_api_key",
    "passphrase",
    "passwd",
    "password",
    "private_key",
    "proxy-authorization",
    "refresh_token",
    "secret",
    "secret_access_key",
    "secret_key",
    "session_token",
    "set-cookie",
    "signing_key",
    "slack_token",
    "subscription_key",
    "webhook_secret",
    "x-amz-security-token",
    "x-api-key",
    "x-auth-token",
    "x-goog-api-key",
)


class RunSettings(NamedTuple):
    """What the command line and the ini file say, for every test of the run.

    Attributes:
        command_line_mode: The record mode that the command line asks for, or None.
        ini_mode: The record mode of the ini file, or None.
        strict: Whether tests are strict that say nothing about it themselves.
        redact: Names of keys to redact, and patterns, on top of the usual ones.
        ignore: What is not compared.
        intercept: What is intercepted where it stands.
        cassette_dir: The folder of all cassettes, or None.
        block_network: Whether replays that say nothing about it themselves may not connect.
        max_age: The age from which on a cassette is old, or None.
    """

    command_line_mode: str | None = None
    ini_mode: str | None = None
    strict: bool = False
    redact: tuple[Redaction, ...] = ()
    ignore: tuple[str, ...] = ()
    intercept: tuple[str, ...] = ()
    cassette_dir: str | None = None
    block_network: bool = False
    max_age: timedelta | None = None


class Settings(NamedTuple):
    """What holds for the cassette of one test.

    Attributes:
        path: The file that the test names itself, or None.
        record_mode: How the test uses its cassette.
        strict: Whether the first drift fails the test.
        redact: Names of keys whose values are redacted, and patterns whose matches are.
        ignore: What is not compared.
        live: The kinds of calls that are never answered from the tape.
        intercept: What is intercepted where it stands, as long as the session is open.
        model: The label that the cassette keeps.
        marked_mode: The record mode that a marker asks for, or None.
        block_network: Whether a replay may connect to nothing but this machine.
    """

    path: str | None
    record_mode: str
    strict: bool
    redact: tuple[Redaction, ...]
    ignore: tuple[str, ...]
    live: tuple[str, ...]
    intercept: tuple[str, ...]
    model: str | None
    marked_mode: str | None
    block_network: bool


def merge(test: str, marks: Iterable[pytest.Mark], run: RunSettings) -> Settings:
    """Make one of everything that is said about a test.

    Of stacked markers the closest wins, keyword by keyword. `redact`, `ignore` and `intercept`
    add up, over the ini file and all markers: whoever is closer can't take a redaction away.

    Args:
        test: The id of the test, for the errors.
        marks: The `cassette` markers of the test, the closest first.
        run: What the command line and the ini file say.

    Returns:
        The settings of the test.

    Raises:
        pytest.UsageError: A marker has a keyword or a value that does not exist.
    """
    said = [read_marker(f"{test}: @pytest.mark.cassette", mark) for mark in marks]

    def closest(keyword: str, default: Any) -> Any:
        return next((one[keyword] for one in said if keyword in one), default)

    def added_up(keyword: str, start: Sequence[Any]) -> tuple[Any, ...]:
        outermost_first = [name for one in reversed(said) for name in one.get(keyword, ())]
        return tuple(dict.fromkeys([*start, *outermost_first]))

    marked_mode = closest("record_mode", None)
    return Settings(
        path=closest("path", None),
        record_mode=_mode(marked_mode, run),
        strict=closest("strict", run.strict),
        redact=added_up("redact", [*_SECRET_KEYS, *run.redact]),
        ignore=added_up("ignore", run.ignore),
        live=closest("live", ()),
        intercept=added_up("intercept", run.intercept),
        model=closest("model", None),
        marked_mode=marked_mode,
        block_network=closest("block_network", run.block_network),
    )


def read_run_settings(config: pytest.Config) -> RunSettings:
    """Read the command line and the ini file.

    Args:
        config: The configuration of the run.

    Returns:
        What they say.

    Raises:
        pytest.UsageError: They name a record mode that does not exist, or no truth value.
    """
    shared = config.getoption(OPTION, None)  # ours, or a neighbour's
    ini_mode = config.getini("cassette_record_mode")
    return RunSettings(
        command_line_mode=config.getoption(OWN_OPTION) or _shared_mode(shared),
        ini_mode=check_mode("cassette_record_mode", ini_mode) if ini_mode else None,
        strict=config.getoption("--cassette-strict") or _ini_flag(config, "cassette_strict"),
        redact=tuple(config.getini("cassette_redact")),
        ignore=tuple(config.getini("cassette_ignore")),
        intercept=tuple(config.getini("cassette_intercept")),
        cassette_dir=read_cassette_dir(config),
        block_network=config.getoption("--cassette-block-network")
        or _ini_flag(config, "cassette_block_network"),
        max_age=read_max_age(config),
    )


def read_cassette_dir(config: pytest.Config) -> str | None:
    """The folder below which all cassettes lie, or None."""
    return config.getoption("--cassette-dir") or config.getini("cassette_dir") or None


def _ini_flag(config: pytest.Config, name: str) -> bool:
    try:
        return bool(config.getini(name))
    except (ValueError, pytest.UsageError) as error:  # as the version of pytest has it
        raise pytest.UsageError(f"{name} in the ini file: {error}") from None


def _shared_mode(mode: str | None) -> str | None:
    ours = translate(mode) if mode else None
    if ours not in (None, *MODES):
        raise pytest.UsageError(
            f"{OPTION}={mode} is a mode of another plugin that agentcassette does not have; it has"
            f" {LISTED_MODES}: choose one for its tests with {OWN_OPTION}"
        )
    return ours


def _mode(marked: str | None, run: RunSettings) -> str:
    if run.command_line_mode == "none":  # whoever says so wants no call to be paid for
        return "none"
    return marked or run.command_line_mode or run.ini_mode or MODES[0]
