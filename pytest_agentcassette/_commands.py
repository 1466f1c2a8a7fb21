"""The commands that are suggested for a test, for a shell in the folder where pytest began."""

from __future__ import annotations

import os
import shlex
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_agentcassette._options import VERIFY, mode_option
from pytest_agentcassette._planning import Plan, run_of

if TYPE_CHECKING:
    import pytest

__all__ = ["recording_again", "running_again"]


def recording_again(plan: Plan, config: pytest.Config) -> str:
    """The command that records a test again."""
    mode = plan.settings.marked_mode
    # An update has just failed, or would find every call on tape.
    again = "all" if plan.settings.record_mode in ("update", VERIFY) else "update"
    note = "" if mode is None else f"  (once its marker no longer says record_mode={mode!r})"
    return f"pytest {mode_option(config)}={again} {_argument(plan, config)}{note}"


def running_again(plan: Plan, config: pytest.Config) -> str:
    """The command that runs a test again in the same record mode, and uses what is pending.

    A run that records everything anew would use nothing of it.
    """
    mode = run_of(config).settings.command_line_mode
    if plan.settings.record_mode == "all":
        mode = "update"
    option = "" if mode is None else f"{mode_option(config)}={mode} "
    return f"pytest {option}{_argument(plan, config)}"


def _argument(plan: Plan, config: pytest.Config) -> str:
    """The test as an argument of pytest, for a shell in the folder where pytest was started."""
    file, colons, names = plan.test.partition("::")
    file = _from(str(config.invocation_params.dir), str(config.rootpath), file)
    return shlex.quote(file + colons + names)


@lru_cache(maxsize=64)
def _from(folder: str, root: str, file: str) -> str:
    """The way from a folder to a file below the root; the tests of a module ask for the same."""
    return Path(os.path.relpath(f"{root}{os.sep}{file}", folder)).as_posix()
