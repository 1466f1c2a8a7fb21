"""What lies in the folders of a project: cassettes, and modules that may have tests for them."""

from __future__ import annotations

import os
import re
from operator import methodcaller
from pathlib import Path
from typing import TYPE_CHECKING

from agentcassette import AgentCassetteError, Cassette
from pytest_agentcassette._coverage import matches
from pytest_agentcassette._location import FOLDER, may_be_one, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_agentcassette._coverage import Scope

__all__ = ["Inventory", "exists", "is_link", "load", "name_pattern"]

_NEVER = frozenset([".git", ".venv", "__pycache__", "node_modules"])

_FUNCTION = re.compile(r"(?:\w+\.)*(\w+)(-)?")


def exists(path: Path) -> bool:
    """Whether there is such a file or folder, as far as one may know."""
    return os.path.exists(path)  # noqa: PTH110 - which never raises, whatever the path


def load(path: Path) -> Cassette | None:
    """Read a file; None for one that is no cassette, or can't be read."""
    try:
        return Cassette.load(path)
    except (AgentCassetteError, OSError):
        return None


def name_pattern(path: Path) -> str:
    """The name of the test function that a cassette is named after, as a regular expression.

    Where the name was too long for a file, its start has to do.
    """
    found = _FUNCTION.match(path.stem)
    if found is None:
        return re.escape(path.stem)
    name, cut = found.groups()
    return rf"\b{name}" if cut else rf"\b{name}\b"


def is_link(path: Path) -> bool:
    """Whether a path is a link, as far as one may know."""
    return os.path.islink(path)  # noqa: PTH114 - which never raises


class Inventory:
    """Looks into folders, and reads no module twice: many cassettes are asked about the same few.

    Args:
        scope: What the run is about.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._texts: dict[Path, str] = {}
        self._of_tests: dict[Path, list[Path]] = {}
        self._mentions: dict[tuple[Path, str], list[str]] = {}
        self._all: list[Path] | None = None

    def cassettes(self, modules: Iterable[Path], cassette_dir: str | None) -> list[str]:
        """Find the files that may be cassettes.

        Args:
            modules: The modules that were collected.
            cassette_dir: The folder below which all cassettes lie, or None.

        Returns:
            The JSON files of that folder, unless other projects may have theirs in it, too;
            without it those of the folders `cassettes` beside the
            modules and below the folders that pytest was told to run. No link to a folder is
            followed, and one to a file is among them.
        """
        if cassette_dir is None:
            beside = {module.parent / FOLDER for module in modules}
            below = [one.path for one in self._scope.arguments if one.is_whole]
            tops = [*sorted(beside), *(home for top in below for home in self._homes(top))]
        else:
            tops = [] if self.is_outside(cassette_dir) else [self._top(cassette_dir)]
        files = {file for top in tops for file in self._files(top, ".json")}
        return sorted(files, key=methodcaller("split", os.sep))  # folder by folder

    def is_outside(self, cassette_dir: str | None) -> bool:
        """Whether the folder of all cassettes lies outside of the project."""
        return cassette_dir is not None and not self._is_inside(self._top(cassette_dir))

    def modules_of(self, folder: Path, name: str) -> list[str]:
        """Find the modules of tests in a folder that mention a name.

        Args:
            folder: The folder.
            name: The name, as a regular expression.

        Returns:
            Their ids.
        """
        asked = folder, name
        if asked not in self._mentions:
            pattern = re.compile(name)
            self._mentions[asked] = [
                self.shown(file)
                for file in self._modules(folder)
                if pattern.search(self.text(file))
            ]
        return self._mentions[asked]

    def mentions(self, cassette: Path) -> list[str]:
        """Find what mentions a cassette by the name of its file, anywhere in the project.

        Returns:
            The ids of the modules.
        """
        return [self.shown(file) for file in self._sources() if self.is_named_in(file, cassette)]

    def is_named_in(self, file: Path, cassette: Path) -> bool:
        """Whether a module mentions a cassette by the name of its file."""
        text, stem = self.text(file), cassette.stem
        if stem not in text:  # which is found out a lot faster
            return False
        return bool(re.search(rf"(?<![\w.-]){re.escape(stem)}(?:\.json)?['\"]", text))

    def namesakes(self, module: str) -> list[str]:
        """Find the modules that a module may be for a run with another root folder.

        Args:
            module: The id of the module.

        Returns:
            The ids of those whose path ends like that id, or is its end.
        """
        name = module.rpartition("/")[2]
        ids = [self.shown(file) for file in self._sources() if file.name == name]
        return [one for one in ids if may_be_one(one, module)]

    def defining(self, function: str) -> list[Path]:
        """Find the modules of the project in which a function is written down, at any depth."""
        pattern = re.compile(rf"^[ \t]*(?:async\s+)?def\s+{re.escape(function)}\b", re.MULTILINE)
        return [
            file
            for file in self._sources()
            if function in self.text(file) and pattern.search(self.text(file))
        ]

    def has_tests(self, path: Path) -> bool:
        """Whether a file is, or a folder has, what pytest would take for a module of tests."""
        if os.path.isdir(path):  # noqa: PTH112 - which never raises
            return not self._is_left_out(path) and any(
                matches(Path(file), self._scope.python_files) for file in self._files(path, ".py")
            )
        return path.suffix == ".py" and matches(path, self._scope.python_files)

    def shown(self, path: Path | str) -> str:
        """A path as it is shown: below the root folder, where it is there."""
        return shown(path, self._scope.root)

    def text(self, file: Path) -> str:
        """The text of a module; an empty one for what can't be read."""
        if file not in self._texts:
            try:
                self._texts[file] = file.read_text(encoding="utf-8", errors="replace")
            except OSError:
                self._texts[file] = ""
        return self._texts[file]

    def _modules(self, folder: Path) -> list[Path]:
        """The modules of tests in a folder."""
        if folder not in self._of_tests:
            files = sorted(folder.glob("*.py"))
            patterns = self._scope.python_files
            self._of_tests[folder] = [file for file in files if matches(file, patterns)]
        return self._of_tests[folder]

    def _sources(self) -> list[Path]:
        """All modules of the project."""
        if self._all is None:
            goals = [goal for goal in self._scope.goals if not self._is_inside(goal)]
            tops = [self._scope.root, *goals]
            files = dict.fromkeys(file for top in tops for file in self._files(top, ".py"))
            self._all = [*map(Path, files)]
        return self._all

    def _is_inside(self, path: Path) -> bool:
        return self._scope.root in (path, *path.parents)

    def _top(self, cassette_dir: str) -> Path:
        return Path(os.path.normpath(self._scope.root / cassette_dir))

    def _homes(self, top: Path) -> Iterator[Path]:
        for folder, _ in self._walk(top):
            if folder.name == FOLDER:
                yield folder

    def _files(self, top: Path, suffix: str) -> Iterator[str]:
        """The paths of files, as texts: there may be many, and most of them are known."""
        for folder, names in self._walk(top):
            start = os.path.join(folder, "")  # noqa: PTH118 - for the separator at its end
            yield from [start + name for name in names if name.endswith(suffix)]

    def _walk(self, top: Path) -> Iterator[tuple[Path, list[str]]]:
        if is_link(top):
            return
        for name, folders, names in os.walk(top):
            folder = Path(name)
            folders[:] = [one for one in sorted(folders) if not self._is_left_out(folder / one)]
            yield folder, sorted(names)

    def _is_left_out(self, folder: Path) -> bool:
        """Whether pytest would not look for tests in a folder, whatever it is told."""
        if folder.name == FOLDER:
            return False
        return (
            folder.name in _NEVER
            or exists(folder / "pyvenv.cfg")
            or matches(folder, self._scope.norecursedirs)
        )
