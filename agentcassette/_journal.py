"""A run that is not over: its steps in a file of their own, so that a failure loses none of them.

Each line is JSON. The first one tells what holds for the run; each further one is a call that has
ended, with its places in the sequence of all starts and ends. Its arguments may refer to those of
earlier lines, as in a cassette. A later line about a call takes the place of an earlier one. What a
crash has cut off is passed over.
"""

from __future__ import annotations

import json
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from agentcassette._references import ReferenceFault, Resolver
from agentcassette._referring import Writer
from agentcassette._sequence import UNKNOWN, Made, numbered

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["Journal", "read_journal"]

_VERSION = 2


class Journal:
    """The file of one run.

    It takes the place of the one that an earlier run has left only when there is something to
    write, so that what that run has paid for is not lost to one that did not come as far.

    Args:
        path: The file.
        head: What holds for the run: fields of its cassette.
    """

    def __init__(self, path: Path, head: dict[str, Any]) -> None:
        self._path = path
        self._head = {"agentcassette": _VERSION, **head}
        self._lock = threading.Lock()
        self._writer = Writer()

    def begin(self, calls: Iterable[Made]) -> None:
        """Write the file anew, with what has been called so far."""
        with self._lock:
            self._writer = Writer()
            lines = [_dumps(self._head), *map(self._line, calls)]
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft = self._path.with_name(f"{self._path.name}.{os.getpid()}.tmp")
            draft.write_bytes("".join(lines).encode())
            draft.replace(self._path)

    def add(self, call: Made) -> None:
        """Add a call that has ended, or that tells more now."""
        with self._lock, self._path.open("ab") as file:
            file.write(self._line(call).encode())

    def remove(self) -> None:
        """Remove the file, also that of an earlier run: its cassette was written."""
        self._path.unlink(missing_ok=True)

    def _line(self, call: Made) -> str:
        return _dumps({"at": call[:4], "step": self._writer.write(call.fields)})


def read_journal(path: Path) -> dict[str, Any] | None:
    """Read what a run has left.

    Args:
        path: The file.

    Returns:
        The fields of a cassette, its steps among them; None where there is nothing to go on with.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except (FileNotFoundError, NotADirectoryError):
        return None
    head, *values = map(_loads, lines)
    if not isinstance(head, dict) or head.pop("agentcassette", None) != _VERSION:
        return None
    calls: dict[int, Made] = {}
    resolver = Resolver()
    for call in map(_made, values):
        whole: dict[str, Any] = {}
        if call is not None:
            with suppress(ReferenceFault):  # to a line that was cut off
                whole = resolver.resolve(call.fields)
                calls[call.start] = call._replace(fields=whole)
        resolver.steps.append(whole)
    return {**head, "steps": numbered(calls.values())} if calls else None


def _dumps(value: dict[str, Any]) -> str:
    return json.dumps(value, allow_nan=False) + "\n"


def _loads(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:  # it was cut off
        return None


def _made(value: Any) -> Made | None:
    """The call of a line; None where it is the line of something else."""
    if not isinstance(value, dict):
        return None
    places, fields = value.get("at"), value.get("step")
    if not isinstance(places, list) or not isinstance(fields, dict):
        return None
    start, end, outer, after, *_ = [*places, None, None, None, UNKNOWN]
    is_sound = isinstance(start, int) and {type(end), type(outer), type(after)} <= {int, type(None)}
    parts = (fields.get("arguments"), fields.get("types", {}))
    is_step = "name" in fields and all(isinstance(part, dict) for part in parts)
    return Made(start, end, outer, after, fields) if is_sound and is_step else None
