"""What a session reads from and whether it writes: the cassette, what a failed run left, the mode.

========  ===================  ====================
mode      there is a cassette  there is none
========  ===================  ====================
once      read                 write
none      read                 the first call fails
all       write                write
update    read, then write     write
========  ===================  ====================

A session that would write reads first what a failed run has left, but for the mode ``all``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from agentcassette._cassette import Cassette
from agentcassette._errors import CassetteFormatError, CassetteNotFound

if TYPE_CHECKING:
    from agentcassette._plan import Plan

__all__ = ["Source", "source_of"]


class Source(NamedTuple):
    """What a session reads from, and whether it writes.

    Attributes:
        file: The cassette that is there, in every mode: no other file may be written over.
        tape: What answers the calls; None where nothing does.
        writes: Whether the calls are taped.
        resumes: Whether the tape is what a failed run has left.
    """

    file: Cassette | None
    tape: Cassette | None
    writes: bool
    resumes: bool


def source_of(plan: Plan, file: str) -> Source:
    """Settle what a session reads from.

    Args:
        plan: What it is asked to do.
        file: The absolute path of its cassette.

    Raises:
        CassetteNotFound: There is no cassette, and the plan needs one.
        CassetteFormatError: The file at the path is no cassette.
    """
    there = _load(plan, file)
    if plan.record_mode == "none" or (plan.record_mode == "once" and there is not None):
        return Source(there, there, writes=False, resumes=False)
    if plan.record_mode == "all":
        return Source(there, None, writes=True, resumes=False)
    left = _left(plan)
    return Source(there, left or there, writes=True, resumes=left is not None)


def _load(plan: Plan, file: str) -> Cassette | None:
    try:
        return Cassette.load(file)
    except CassetteNotFound:
        if plan.needs_cassette:
            raise
        return None


def _left(plan: Plan) -> Cassette | None:
    """What a failed run has left; what can't be read is no reason to fail, but paid for again."""
    if plan.pending is None or not plan.resume:
        return None
    from agentcassette._journal import read_journal

    fields = read_journal(Path(plan.pending))
    try:
        return None if fields is None else Cassette.from_dict(fields)
    except CassetteFormatError:
        return None
