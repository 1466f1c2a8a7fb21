"""record, replay and use_cassette: the sessions that one can ask for."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Union

from agentcassette._context import Session
from agentcassette._ignoring import compile_ignores
from agentcassette._patterns import NameOrPattern, told_apart
from agentcassette._plan import MODES, Plan

if TYPE_CHECKING:
    from datetime import timedelta

    from agentcassette._cassette import StrPath
    from agentcassette._faces import Player, Recorder

__all__ = ["record", "replay", "use_cassette"]

Names = Union[str, Iterable[str], None]
Redact = Union[NameOrPattern, Iterable[NameOrPattern], None]


def record(
    path: StrPath,
    *,
    model: str | None = None,
    redact: Redact = None,
    redact_secrets: bool = True,
    ignore: Names = (),
) -> Session[Recorder]:
    """Run the intercepted calls for real, and tape every one of them.

    The cassette is written when the block ends without an exception; it then replaces the old one.

    Args:
        path: The file of the cassette.
        model: A label of the model that answers.
        redact: Names of keys whose values are kept out of the cassette, at any depth; compiled
            patterns, whose matches are kept out wherever a string holds them. The cassette keeps
            the names and not the patterns: these have to be given to each replay.
        redact_secrets: Whether known credential shapes, and the values of environment variables
            that hold secrets, are kept out as well.
        ignore: What of the arguments is not compared, for all calls.

    Returns:
        The session; as a context manager it gives a `Recorder`.

    Raises:
        CassetteFormatError: On entering: another file lies at the path.
        TypeError: A `redact` is neither a text nor a pattern of text.
        ValueError: An `ignore` is no path and no shape, or a pattern matches the empty string.
    """
    return _session(
        path,
        record_mode="all",
        model=model,
        redact=redact,
        redact_secrets=redact_secrets,
        ignore=ignore,
        keeps_empty=True,
    )


def replay(
    path: StrPath,
    *,
    strict: bool = False,
    redact: Redact = None,
    ignore: Names = (),
    live: Names = (),
) -> Session[Player]:
    """Answer the intercepted calls from a cassette; the real callables never run.

    Args:
        path: The file of the cassette.
        strict: Whether the first drift raises. If not, the nearest step answers, and each drift is
            noted in the player's `divergences`, and told in full in its `explanations`.
        redact: Names of keys whose values are not compared, beside those that the cassette keeps;
            the patterns that it was recorded with.
        ignore: What of the arguments is not compared: paths (``kwargs.messages[*].id``) and the
            shapes ``<uuid>`` and ``<datetime>``.
        live: Kinds of calls that run for real.

    Returns:
        The session; as a context manager it gives a `Player`.

    Raises:
        CassetteNotFound: On entering: there is no such file.
        CassetteFormatError: On entering: the file is no cassette.
        TypeError: A `redact` is neither a text nor a pattern of text.
        ValueError: An `ignore` is no path and no shape, or a pattern matches the empty string.
    """
    return _session(
        path,
        record_mode="none",
        strict=strict,
        redact=redact,
        ignore=ignore,
        live=live,
        needs_cassette=True,
    )


def use_cassette(
    path: StrPath,
    *,
    record_mode: str = "once",
    strict: bool = False,
    model: str | None = None,
    redact: Redact = None,
    redact_secrets: bool = True,
    ignore: Names = (),
    live: Names = (),
    test: str | None = None,
    rerecord: str = "",
    full: bool = False,
    mode_name: str | None = None,
    max_age: timedelta | None = None,
    pending: StrPath | None = None,
    resume: bool = True,
) -> Session[Recorder | Player]:
    """Record or replay, as the record mode says; for unittest, scripts and test frameworks.

    A run without a call writes no cassette and needs none.

    Args:
        path: The file of the cassette.
        record_mode: ``once`` replays, or records where there is no cassette; ``none`` only
            replays; ``all`` records; ``update`` replays up to the first drift and records from
            there on.
        strict: Whether the first drift of a replay raises.
        model: A label of the model that answers.
        redact: Names of keys whose values are kept out of the cassette, at any depth; compiled
            patterns, whose matches are kept out wherever a string holds them. The cassette keeps
            the names and not the patterns: these have to be given to each replay.
        redact_secrets: Whether known credential shapes are kept out as well.
        ignore: What of the arguments is not compared.
        live: Kinds of calls that run for real in a replay.
        test: The id of the test, kept in the cassette.
        rerecord: The command that a drift message gives for recording the run again.
        full: Whether a drift message leaves nothing out, however long it gets.
        mode_name: What messages, and the recorder or player, call the record mode: a test framework
            may have modes of its own.
        max_age: The age from which on a recording with the same content is written all the same.
        pending: A file that keeps what was recorded, call by call, until the cassette is written:
            what a run that failed has paid for then answers the next one, as far as that makes the
            same calls. It is read where the session may write and there is no cassette, and in the
            mode ``update``.
        resume: Whether what an earlier run has left there is used. If not, it stays until this
            run has something to keep.

    Returns:
        The session; as a context manager it gives a `Recorder` or a `Player`.

    Raises:
        TypeError: A `redact` is neither a text nor a pattern of text.
        ValueError: There is no such record mode, an `ignore` is no path and no shape, or a pattern
            matches the empty string.
    """
    if record_mode not in MODES:
        message = f"no record mode {record_mode!r}: there are {', '.join(MODES)}"
        raise ValueError(message)
    return _session(
        path,
        record_mode=record_mode,
        strict=strict,
        model=model,
        redact=redact,
        redact_secrets=redact_secrets,
        ignore=ignore,
        live=live,
        test=test,
        rerecord=rerecord,
        full=full,
        mode_name=mode_name,
        max_age=max_age,
        pending=pending,
        resume=resume,
    )


def _session(
    path: StrPath, *, redact: Redact, ignore: Names, live: Names = (), **rest: Any
) -> Session[Any]:
    specs = _names(ignore)
    compile_ignores(specs)  # which raises for a malformed one, here and not at the first call
    names, patterns = told_apart(
        [redact] if isinstance(redact, (str, re.Pattern)) else redact or ()
    )
    plan = Plan(
        os.fspath(path), redact=names, patterns=patterns, ignore=specs, live=_names(live), **rest
    )
    return Session(plan)


def _names(names: Names) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names or ())
