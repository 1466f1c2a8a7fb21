"""How much of a project a run has collected, told by its arguments and by what came of them."""

from __future__ import annotations

import glob
import os
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

    from pytest_agentcassette._survey import Survey

__all__ = ["NOT_COLLECTED", "Argument", "Scope", "gap", "matches", "modules", "read_scope"]

#: What is wrong with a module that pytest has not looked into.
NOT_COLLECTED = "was not collected"


class Argument(NamedTuple):
    """A path of the command line, or one that stands for it.

    Attributes:
        path: The file or the folder.
        is_whole: Whether it is about all of that, and not about one test of it.
    """

    path: Path
    is_whole: bool = True


class Scope(NamedTuple):
    """What a run is about.

    Attributes:
        root: The root folder of the project, which the ids of tests start at.
        arguments: What pytest was told to run.
        goals: What would be all of the project.
        python_files: What modules of tests are called, as patterns.
        norecursedirs: What folders are called that pytest does not look into, as patterns.
    """

    root: Path
    arguments: tuple[Argument, ...]
    goals: tuple[Path, ...]
    python_files: tuple[str, ...] = ("test_*.py", "*_test.py")
    norecursedirs: tuple[str, ...] = ()

    def covers(self, path: Path) -> bool:
        """Whether pytest was told to run all of a file or a folder."""
        return any(
            one.is_whole and (one.path == path or one.path in path.parents)
            for one in self.arguments
        )


def read_scope(config: pytest.Config) -> Scope:
    """Read what a run is about from its configuration."""
    top = glob.escape(str(config.rootpath))
    goals = [
        Path(os.path.normpath(found))
        for pattern in config.getini("testpaths")
        for found in glob.glob(os.path.join(top, pattern), recursive=True)  # noqa: PTH118, PTH207
    ]
    return Scope(
        root=config.rootpath,
        arguments=tuple(_argument(text, config.invocation_params.dir) for text in config.args),
        goals=tuple(goals) or (config.rootpath,),
        python_files=tuple(config.getini("python_files")),
        norecursedirs=tuple(config.getini("norecursedirs")),
    )


def matches(path: Path, patterns: Iterable[str]) -> bool:
    """Whether one of pytest's patterns is about a path: about its name, if it has no slash."""
    whole = path.as_posix()
    return any(
        fnmatch(whole, pattern if pattern.startswith("/") else f"*/{pattern}")
        if "/" in pattern
        else fnmatch(path.name, pattern)
        for pattern in patterns
    )


def modules(survey: Survey, scope: Scope) -> dict[str, str]:
    """Tell which modules were collected as a whole.

    Args:
        survey: What was collected.
        scope: What the run is about.

    Returns:
        What was wrong with each module, by its id; an empty text for nothing. Folders are among
        them. What is not there was not collected.
    """
    by_id = any(not one.is_whole for one in scope.arguments)
    in_part = "was reached by a node id" if by_id else "was reached by the name of a package"
    found = {test.partition("::")[0]: in_part for test in survey.tests}
    for name, wrong in survey.collectors.items():
        found[name] = wrong or ("" if scope.covers(scope.root / name) else in_part)
    return found


def gap(survey: Survey, scope: Scope, ignored: Iterable[str]) -> str:
    """Tell why a run has not collected all of the project.

    Args:
        survey: What was collected.
        scope: What the run is about.
        ignored: What was left out that may have tests, as it is shown.

    Returns:
        The reason, or an empty text if it has.
    """
    if survey.obstacle:
        return survey.obstacle
    for goal in scope.goals:
        if not scope.covers(goal):
            shown = os.path.relpath(goal, scope.root)
            return "the run was not about the whole project" + (
                "" if shown == "." else f": {Path(shown).as_posix()} is missing"
            )
    for name, wrong in survey.collectors.items():
        if wrong:
            return f"{name} {wrong}"
    return next((f"{name} was ignored" for name in ignored), "")


def _argument(text: str, folder: Path) -> Argument:
    """Read an argument of pytest: a path, and what of it."""
    name, colons, _ = text.partition("[")[0].partition("::")
    return Argument(Path(os.path.normpath(folder / name)), is_whole=not colons)
