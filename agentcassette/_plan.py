"""What a session is asked to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import os
    import re
    from datetime import timedelta

__all__ = ["MODES", "Plan"]

MODES = ("once", "none", "all", "update")


class Plan(NamedTuple):
    """What a session is asked to do; the parameters are those of `use_cassette`.

    Attributes:
        path: The file, as a text: most sessions ask for no more of it.
        redact: Names of keys whose values are redacted.
        patterns: The patterns whose matches are redacted, which came with these names.
        full: Whether a drift message leaves nothing out.
        mode_name: What the record mode is called; None for what it is.
        pending: Where what was paid for is kept until the cassette is written; None for nowhere.
        resume: Whether what an earlier run has left there answers, too.
        needs_cassette: Whether a missing cassette is an error before the first call.
        keeps_empty: Whether a run without a call is written as well.
    """

    path: str
    record_mode: str
    strict: bool = False
    model: str | None = None
    redact: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()
    redact_secrets: bool = True
    ignore: tuple[str, ...] = ()
    live: tuple[str, ...] = ()
    test: str | None = None
    rerecord: str = ""
    max_age: timedelta | None = None
    full: bool = False
    mode_name: str | None = None
    pending: str | os.PathLike[str] | None = None
    resume: bool = True
    needs_cassette: bool = False
    keeps_empty: bool = False

    @property
    def shown_mode(self) -> str:
        """The record mode as messages call it."""
        return self.mode_name or self.record_mode
