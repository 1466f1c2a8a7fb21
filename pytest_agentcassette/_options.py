"""The options of the command line and of the ini file."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_agentcassette._neighbours import OPTION
from pytest_agentcassette._policy import ACTIONS

__all__ = [
    "HTML_OPTION",
    "JSON_OPTION",
    "LISTED_MODES",
    "MODES",
    "OPTION_IS_OURS",
    "OWN_OPTION",
    "RECORD_MODE",
    "VERIFY",
    "add_options",
    "asks_for_books",
    "blocks_live_calls",
    "mode_option",
    "wants_file",
    "wants_report",
]

#: The record modes, the default first.
MODES = ("once", "none", "all", "update", "verify")

#: The one of them that the core does not have.
VERIFY = MODES[-1]

#: The same in words.
LISTED_MODES = "once, none, all, update and verify"

#: The option for the record mode that nobody else has.
OWN_OPTION = "--cassette-record-mode"

#: The option for the file that tells of a run as data, and for the one that tells it as a page.
JSON_OPTION = "--cassette-report-json"
HTML_OPTION = "--cassette-report-html"

#: In the stash of pytest's config: whether `--record-mode` is our option, or a neighbour's.
OPTION_IS_OURS = pytest.StashKey[bool]()

#: What is said of the option for the record mode, under each of its names.
RECORD_MODE: dict[str, Any] = {
    "dest": "cassette_record_mode",
    "choices": MODES,
    "metavar": "MODE",
    "help": "what to do with cassettes: replay, and record those that are missing (once); replay"
    " only (none); record (all); replay until the first drift and record from there on (update);"
    " run live, write nothing, and tell what differs from the cassette (verify)",
}


_LIVE = ("allow", "block")


def add_options(parser: pytest.Parser) -> None:
    """Add our options, but for `--record-mode`, which others may have."""
    group = parser.getgroup("agentcassette", "cassettes of LLM agents")
    group.addoption(OWN_OPTION, **RECORD_MODE)
    group.addoption(
        "--cassette-strict",
        action="store_true",
        help="fail a test at the first drift from its cassette, unless its marker says otherwise",
    )
    group.addoption(
        "--cassette-dir",
        metavar="DIR",
        help="keep all cassettes below this folder, in folders like those of the tests",
    )
    group.addoption(
        "--cassette-report",
        action="store_true",
        help="show what each test did with its cassette, and what that cost or saved",
    )
    group.addoption(
        JSON_OPTION,
        metavar="PATH",
        help="write the same, and when each call ran, to a file of JSON",
    )
    group.addoption(
        HTML_OPTION,
        metavar="PATH",
        help="write the same, and what was said in each call, to a page of HTML",
    )
    group.addoption(
        "--cassette-block-network",
        action="store_true",
        help="fail a test that connects to anything but this machine while it is replayed, unless"
        " its marker says otherwise",
    )
    group.addoption(
        "--cassette-live",
        choices=_LIVE,
        help="what to do with intercepted calls outside of any cassette: run and count them"
        " (allow, the default), or refuse them and fail the test (block)",
    )
    group.addoption(
        "--cassette-drifted",
        action="store_true",
        help="run only the tests that drifted in the last run",
    )
    group.addoption(
        "--cassette-stale",
        choices=ACTIONS,
        metavar="ACTION",
        help="what to do about cassettes that no test claims, that have steps which were never"
        " played, or that are old: say so (warn), fail the run as well (fail), nothing (ignore)",
    )
    group.addoption(
        "--cassette-prune",
        action="store_true",
        help="delete the cassettes that no test claims, after a complete and green run only",
    )
    parser.addini("cassette_record_mode", f"the default of {OWN_OPTION}", "string", "")
    parser.addini("cassette_strict", "the default of --cassette-strict", "bool", default=False)
    parser.addini(
        "cassette_block_network", "the default of --cassette-block-network", "bool", default=False
    )
    parser.addini("cassette_live", "the default of --cassette-live", "string", "")
    parser.addini("cassette_dir", "the default of --cassette-dir", "string", "")
    parser.addini("cassette_stale", "the default of --cassette-stale", "string", "")
    parser.addini(
        "cassette_max_age", "the age from which on a cassette is old: 90d, 12w", "string", ""
    )
    parser.addini("cassette_redact", "keys whose values no cassette keeps", "args", [])
    parser.addini("cassette_ignore", "what of the calls' arguments is not compared", "args", [])
    parser.addini(
        "cassette_intercept",
        "callables of other people's code whose calls are taped, in all tests with a cassette:"
        " presets such as openai, or package.module:Class.method",
        "args",
        [],
    )


def mode_option(config: pytest.Config) -> str:
    """The option that sets our record mode, for the commands that we suggest."""
    return OPTION if config.stash.get(OPTION_IS_OURS, False) else OWN_OPTION


def wants_report(config: pytest.Config) -> bool:
    """Whether a report of the run is asked for, in any form."""
    options = vars(config.option).items()
    return any(value for name, value in options if name.startswith("cassette_report"))


def wants_file(config: pytest.Config) -> bool:
    """Whether a report is asked for that has the room for everything."""
    return any(config.getoption(option) is not None for option in (JSON_OPTION, HTML_OPTION))


def asks_for_books(config: pytest.Config) -> bool:
    """Whether something is to be said of the run even where no test uses a cassette."""
    asked = ("--cassette-drifted", "--cassette-prune", "--cassette-stale")
    return wants_report(config) or any(config.getoption(option) for option in asked)


def blocks_live_calls(config: pytest.Config) -> bool:
    """Whether intercepted calls outside of any cassette are refused.

    Raises:
        pytest.UsageError: The ini file says what there is not.
    """
    said = config.getoption("--cassette-live") or config.getini("cassette_live") or _LIVE[0]
    if said not in _LIVE:
        raise pytest.UsageError(f"cassette_live={said!r} in the ini file: it takes allow or block")
    return said == "block"
