"""Where the cassette of a test lies: from the names of a test to the path of a file."""

from __future__ import annotations

import os
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "FOLDER",
    "Location",
    "NameParts",
    "PendingFile",
    "chosen",
    "folder_of_tests",
    "locate",
    "may_be_one",
    "shown",
]

#: The name of the folder of cassettes beside the tests.
FOLDER = "cassettes"

_SUFFIX = ".json"

# What Windows takes in no file name, control characters among it, and surrogates: each gives way.
_SAFE = dict.fromkeys([*map(ord, '<>:"/\\|?*'), *range(0x20), 0x7F, *range(0xD800, 0xE000)], "_")

# Names that Windows keeps for its devices, whatever comes after the first dot.
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [port + digit for port in ("com", "lpt") for digit in "0123456789\xb9\xb2\xb3"]
)

# In bytes of UTF-8, without the suffix. The tightest file system in common use, eCryptfs, takes
# names of 143 bytes; the paths of Windows, which end at 260 characters, want something left.
_LONGEST = 120


class NameParts(NamedTuple):
    """What a test is called, taken apart.

    Attributes:
        classes: The names of the classes it is a method of, the outermost first.
        function: The name of the test function.
        parameters: What pytest appends to it, as ``[1-fast]``; empty where there is nothing.
    """

    classes: Sequence[str]
    function: str
    parameters: str = ""


class Location(NamedTuple):
    """Where a test's cassette lies; paths are texts, as most tests ask for no more of them.

    Attributes:
        path: The file.
        fallback: The file that stands in for it as long as it is the only one of the two, or None.
        explicit: Whether the test named the file itself.
        chosen: Whether a hook chose it for this test alone.
    """

    path: str
    fallback: str | None
    explicit: bool
    chosen: bool = False


def locate(
    test: NameParts,
    *,
    folder: Path,
    root: Path,
    cassette_dir: str | None = None,
    path: str | None = None,
) -> Location:
    """Tell where the cassette of a test lies.

    Args:
        test: The names of the test.
        folder: The folder of the test's module.
        root: The root folder of the project.
        cassette_dir: The folder below which all cassettes lie, in folders like those of the
            tests; a relative one starts at the root. Without it they lie beside the tests.
        path: The file that the test names itself; a relative one starts at the test's folder.

    Returns:
        The location. Two tests of one folder never share it by accident: see `_file_name`.
    """
    if path is not None:
        return Location(os.path.normpath(folder / path), None, explicit=True)
    home = _home(folder, root, cassette_dir)
    fallback = home + _file_name(test._replace(classes=())) if test.classes else None
    return Location(home + _file_name(test), fallback, explicit=False)


def chosen(folder: Path, path: str) -> Location:
    """Tell where the cassette of a test lies for which a file was chosen.

    Args:
        folder: The folder of the test's module.
        path: The file; a relative one starts at that folder.
    """
    return Location(os.path.normpath(folder / path), None, explicit=False, chosen=True)


def folder_of_tests(home: Path, *, root: Path, cassette_dir: str | None = None) -> Path | None:
    """Tell which tests keep their cassettes in a folder: the way back from `locate`.

    Args:
        home: The folder of the cassettes.
        root: The root folder of the project.
        cassette_dir: The folder below which all cassettes lie, or None.

    Returns:
        The folder of the tests; None where no test would keep its cassette there unless it says so.
    """
    if cassette_dir is None:
        return home.parent if home.name == FOLDER else None
    top = Path(os.path.normpath(root / cassette_dir))
    return root / home.relative_to(top) if top in (home, *home.parents) else None


def may_be_one(one: str, other: str) -> bool:
    """Whether two ids may be those of one test or module, for runs with two root folders."""
    return f"/{one}".endswith(f"/{other}") or other.endswith(f"/{one}")


def shown(path: Path | str, root: Path) -> str:
    """A path as it is shown: below the root folder, where it is there."""
    text = str(path)
    below = text.removeprefix(str(root).rstrip(os.sep) + os.sep)
    return text if below == text else below.replace(os.sep, "/")


class PendingFile:
    """Where what a test has paid for is kept until its cassette is written.

    It is a path for whoever asks for one, which a replay does not.

    Args:
        folder: A folder of ours in pytest's cache.
        test: The id of the test: tests may share a cassette, but not what is pending.
    """

    def __init__(self, folder: Path, test: str) -> None:
        self._folder = folder
        self._test = test

    def __fspath__(self) -> str:
        return str(self._folder / f"{_hash(self._test, 32)}.jsonl")


@lru_cache(maxsize=64)
def _home(folder: Path, root: Path, cassette_dir: str | None) -> str:
    """How the paths of the cassettes of a folder of tests begin; each of its tests asks for it."""
    home = folder / FOLDER if cassette_dir is None else root / cassette_dir / _below(root, folder)
    return os.path.join(os.path.normpath(home), "")  # noqa: PTH118 - for the separator at its end


def _below(root: Path, folder: Path) -> Path:
    """The place of a test's folder below the root, or its whole path where it is elsewhere."""
    try:
        return folder.relative_to(root)
    except ValueError:
        return Path(*folder.parts[1:])


def _file_name(test: NameParts) -> str:
    """The name of the test, as far as every file system takes it.

    What is replaced or cut off is made up for by a hash of the whole name. So is the case of
    letters in parameters: `test[A]` and `test[a]` are one file on Windows and on macOS.
    """
    name = ".".join([*test.classes, test.function]) + test.parameters
    safe = unicodedata.normalize("NFC", name.translate(_SAFE))
    if safe.partition(".")[0].rstrip().casefold() in _DEVICES:
        safe = "_" + safe
    short = len(safe.encode()) <= _LONGEST
    if short and safe == name and test.parameters == test.parameters.casefold():
        return name + _SUFFIX
    mark = "-" + _hash(name)
    return safe.encode()[: _LONGEST - len(mark)].decode(errors="ignore") + mark + _SUFFIX


def _hash(name: str, length: int = 8) -> str:
    import hashlib

    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:length]
