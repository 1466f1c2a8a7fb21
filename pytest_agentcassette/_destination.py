"""Where a report goes: what a path is known to be before the run, and the writing after it."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from pytest_agentcassette._claims import key

__all__ = ["obstacle", "same", "write"]


def obstacle(path: Path) -> str:
    """Tell what is in the way of a file, before anything is spent on what it shall hold.

    Whether a file can be made where it is to be is tried: a folder's permissions don't tell of a
    system that can't be written to, and not of what root may do. Nothing of that stays.

    Args:
        path: Where the file is to be.

    Returns:
        What is in the way, as a clause; an empty text where nothing is known to be.
    """
    try:
        found = _find(path)
        if found is not None and stat.S_ISDIR(found.st_mode):
            return f"{path} is a folder"
        if found is None or _is_replaced(found):
            return _obstacle_beside(Path(os.path.realpath(path)))
    except (OSError, ValueError) as error:
        return f"the system says of it: {getattr(error, 'strerror', error)}"
    return "" if os.access(path, os.W_OK) else f"nothing can be written to {path}"


def same(path: Path, other: Path) -> bool:
    """Tell whether two paths may be those of one file, here or where names have no case."""
    return key(Path(os.path.realpath(path))) == key(Path(os.path.realpath(other)))


def write(path: Path, data: bytes) -> None:
    """Write a file in one go: whoever reads it sees the old one or the new one.

    A symbolic link stays one: the file it leads to is replaced. Folders that are missing are made.
    What is no regular file, such as a device or a named pipe, is never replaced but written to, and
    so is the file that the output of this process goes to.

    Args:
        path: The file.
        data: All that it shall hold.

    Raises:
        OSError: It can't be written; an old file is still there as it was.
    """
    found = _find(path)
    if found is None or _is_replaced(found):
        _replace(Path(os.path.realpath(path)), data)
        return
    number = _stream(found)
    if number is None:
        descriptor = os.open(path, os.O_WRONLY)
    else:  # a second way to the same file would begin at its beginning
        sys.stdout.flush()
        descriptor = os.dup(number)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def _find(path: Path) -> os.stat_result | None:
    """What is at a path, behind any link; None for nothing."""
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _is_replaced(found: os.stat_result) -> bool:
    is_plain = stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)
    return is_plain and _stream(found) is None


def _stream(found: os.stat_result) -> int | None:
    """The output of this process that a file is, as `/dev/stdout` is; None for another file."""
    for number in (1, 2):
        with suppress(OSError):  # it may be closed
            if os.path.samestat(found, os.fstat(number)):
                return number
    return None


def _obstacle_beside(target: Path) -> str:
    """What is in the way of making a file, and the folders above it."""
    folder = next(filter(os.path.exists, target.parents), Path(target.anchor))
    if not folder.is_dir():
        return f"{folder} is no folder"
    for name in target.relative_to(folder).parts:  # each of which may be too long
        with suppress(FileNotFoundError):
            os.lstat(folder / name)
    try:
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return f"no file can be made in {folder}: {error.strerror}"


def _replace(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own: that of the file and more could be too long.
    draft = target.with_name(f".agentcassette-{os.getpid()}-{os.urandom(4).hex()}.tmp")
    try:
        draft.write_bytes(data)
        draft.replace(target)
    finally:
        with suppress(OSError):
            draft.unlink()
