"""The options of the command line and of the ini file."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_agentcassette._marker import MODES
from pytest_agentcassette._neighbours import OPTION
from pytest_agentcassette._policy import ACTIONS

__all__ = ["OPTION_IS_OURS", "OWN_OPTION", "RECORD_MODE", "add_options", "mode_option"]

#: The option for the record mode that nobody else has.
OWN_OPTION = "--cassette-record-mode"

#: In the stash of pytest's config: whether `--record-mode` is our option, or a neighbour's.
OPTION_IS_OURS = pytest.StashKey[bool]()

#: What is said of the option for the record mode, under each of its names.
RECORD_MODE: dict[str, Any] = {
    "dest": "cassette_record_mode",
    "choices": MODES,
    "metavar": "MODE",
    "help": "what to do with cassettes: replay, and record those that are missing (once); replay"
    " only (none); record (all); replay until the first drift and record from there on (update)",
}


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
    parser.addini("cassette_dir", "the default of --cassette-dir", "string", "")
    parser.addini("cassette_stale", "the default of --cassette-stale", "string", "")
    parser.addini(
        "cassette_max_age", "the age from which on a cassette is old: 90d, 12w", "string", ""
    )
    parser.addini("cassette_redact", "keys whose values no cassette keeps", "args", [])
    parser.addini("cassette_ignore", "what of the calls' arguments is not compared", "args", [])


def mode_option(config: pytest.Config) -> str:
    """The option that sets our record mode, for the commands that we suggest."""
    return OPTION if config.stash.get(OPTION_IS_OURS, False) else OWN_OPTION
