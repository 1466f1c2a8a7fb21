"""Cassette: the steps of a recorded run and what one asks of them; the only file access."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

from agentcassette._errors import CassetteFormatError, CassetteNotFound
from agentcassette._format import REFERRING, VERSION, parse, validate
from agentcassette._redaction import PLACEHOLDER, Redactor
from agentcassette._steps import redacted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agentcassette._diff import CassetteDiff

__all__ = ["Cassette", "StrPath", "diff_cassettes"]

StrPath = Union[str, "os.PathLike[str]"]

_BINARY = getattr(os, "O_BINARY", 0)  # which Windows alone has

_PART = 1 << 16  # bytes

_TIMING = frozenset({"duration_ms"})


class Cassette:
    """A recorded run: its steps in the order in which the calls started.

    Steps that were loaded share what is the same in their arguments: whoever changes a value in
    place changes it in all of them.

    Args:
        steps: The steps as plain dicts, in the form of the file.
        model: A label of the model that answered.
        recorded_at: When the recording ended, ISO 8601 in UTC (``2026-06-30T12:00:00Z``).
        duration_ms: Wall time of the recorded run, in milliseconds.
        version: The version of the format that they came from: 1 or 2. The steps have whole values
            in any case.
        fields: The optional fields of the file: ``test``, ``redact``, ``typed``, and whatever
            another writer put there.

    Raises:
        CassetteFormatError: The steps are not those of a cassette.
    """

    def __init__(
        self,
        steps: Iterable[dict[str, Any]] | None = None,
        *,
        model: str | None = None,
        recorded_at: str | None = None,
        duration_ms: float = 0.0,
        version: int = VERSION,
        **fields: Any,
    ) -> None:
        document = validate(
            {
                "version": VERSION if version == REFERRING else version,
                "recorded_at": recorded_at,
                "model": model,
                "duration_ms": duration_ms,
                **fields,
                "steps": list(steps or ()),
            }
        )
        document["version"] = version
        self._adopt(document)

    def _adopt(self, document: dict[str, Any]) -> None:
        """Take over a document that nobody else has."""
        self.steps: list[dict[str, Any]] = document.pop("steps")
        self._fields = document

    @property
    def version(self) -> int:
        """The version of the format that the cassette was written in.

        A saved file has the lowest that does: 2 where references save something, else 1.
        """
        version: int = self._fields["version"]
        return version

    @property
    def model(self) -> str | None:
        """The label of the model, or None."""
        model: str | None = self._fields["model"]
        return model

    @property
    def recorded_at(self) -> str | None:
        """When the recording ended, ISO 8601 in UTC, or None where the file does not say."""
        recorded_at: str | None = self._fields["recorded_at"]
        return recorded_at

    @property
    def duration_ms(self) -> float:
        """Wall time of the recorded run, in milliseconds."""
        duration: float = self._fields["duration_ms"]
        return duration

    @property
    def test(self) -> str | None:
        """The id of the test that recorded it, or None."""
        test: str | None = self._fields.get("test")
        return test

    @property
    def redacted_keys(self) -> tuple[str, ...]:
        """The key names that its values were redacted with."""
        return tuple(self._fields.get("redact") or ())

    @property
    def typed(self) -> bool:
        """Whether the steps tell the types of their values."""
        return bool(self._fields.get("typed"))

    @property
    def num_steps(self) -> int:
        """The number of steps."""
        return len(self.steps)

    @property
    def total_input_tokens(self) -> int:
        """The tokens that went into all calls, exact or estimated."""
        return sum(step["input_tokens"] for step in self.steps)

    @property
    def total_output_tokens(self) -> int:
        """The tokens that came out of all calls, exact or estimated."""
        return sum(step["output_tokens"] for step in self.steps)

    @property
    def total_tokens(self) -> int:
        """The tokens in and out of all calls."""
        return self.total_input_tokens + self.total_output_tokens

    @classmethod
    def load(cls, path: StrPath) -> Cassette:
        """Read a cassette from its file.

        Args:
            path: The file.

        Returns:
            The cassette.

        Raises:
            CassetteNotFound: There is no such file.
            CassetteFormatError: The file is no cassette, or one of an unknown version.
        """
        try:
            text = _read(path).decode().removeprefix("\ufeff")
        except FileNotFoundError:
            raise CassetteNotFound(path) from None
        except IsADirectoryError:
            raise CassetteFormatError(path, None, "no cassette: this is a folder") from None
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            raise CassetteFormatError(path, line, f"no UTF-8 text: {error.reason}") from None
        cassette = cls.__new__(cls)
        cassette._adopt(parse(text, path))  # noqa: SLF001 - another constructor
        return cassette

    def save(self, path: StrPath) -> None:
        """Write the cassette to a file, all of it or nothing.

        The text goes to a temporary file in the same folder, which then takes the place of the
        old file in one move. Folders that are missing are made.

        Args:
            path: The file. A symbolic link stays one: the file it leads to is replaced.

        Raises:
            OSError: The file can't be written; an old file is still there as it was.
            TypeError: A value in a step that somebody made, or a key, is none that JSON has.
            ValueError: A number in there is none that JSON has.
        """
        target = Path(os.path.realpath(path))
        text = _text(self.to_dict())
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".agentcassette-{os.getpid()}-{os.urandom(4).hex()}.tmp")
        try:
            with draft.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Cassette:
        """Make a cassette from the JSON of its file.

        Args:
            document: A dict in the form of the file.

        Returns:
            The cassette; it shares no step with the document.

        Raises:
            CassetteFormatError: The document is no cassette, or one of an unknown version.
        """
        cassette = cls.__new__(cls)
        cassette._adopt(validate(document))  # noqa: SLF001 - another constructor
        return cassette

    def to_dict(self) -> dict[str, Any]:
        """The JSON of a cassette's file with whole values, in format version 1, as a new dict."""
        steps = [dict(step) for step in self.steps]
        return {**self._fields, "version": VERSION, "steps": steps}

    def redact(self, key: str, replacement: str = PLACEHOLDER) -> Cassette:
        """Replace every value under a key, at any depth, in place.

        The key is kept in the cassette, and replay redacts what the agent sends by it as well.

        Args:
            key: The name of the key, in any case.
            replacement: What stands there from now on.

        Returns:
            The cassette itself.
        """
        redactor = Redactor((key,), secrets=False, placeholder=replacement)
        self.steps = [redacted(step, redactor) for step in self.steps]
        if key not in self.redacted_keys:
            self._fields["redact"] = [*self.redacted_keys, key]
        return self

    def same_content(self, other: Cassette) -> bool:
        """Whether two cassettes say the same, times and durations aside."""
        return _content(self) == _content(other)

    def age(self) -> timedelta | None:
        """The time since it was recorded, or None where the file does not say when."""
        if self.recorded_at is None:
            return None
        try:
            moment = datetime.fromisoformat(self.recorded_at.replace("Z", "+00:00"))
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        return datetime.now(timezone.utc) - moment

    def __len__(self) -> int:
        return len(self.steps)

    def __repr__(self) -> str:
        return (
            f"Cassette(steps={self.num_steps}, input_tokens={self.total_input_tokens},"
            f" output_tokens={self.total_output_tokens})"
        )


def diff_cassettes(a: StrPath | Cassette, b: StrPath | Cassette) -> CassetteDiff:
    """Tell what changed between two cassettes.

    Args:
        a: The older cassette, or the path of its file.
        b: The newer cassette, or the path of its file.

    Returns:
        The difference; ``str()`` of it is a readable report.

    Raises:
        CassetteNotFound: A path leads to no file.
        CassetteFormatError: A file is no cassette.
    """
    from agentcassette._diff import CassetteDiff

    return CassetteDiff(
        a if isinstance(a, Cassette) else Cassette.load(a),
        b if isinstance(b, Cassette) else Cassette.load(b),
    )


def _read(path: StrPath) -> bytes:
    """The bytes of a file; most cassettes are short, and `Path.read_bytes` is long about it."""
    descriptor = os.open(path, os.O_RDONLY | _BINARY)
    try:
        size = os.fstat(descriptor).st_size
        content = os.read(descriptor, size + 1)
        if len(content) != size:  # it is none that knows its size, or it has grown
            content += b"".join(iter(partial(os.read, descriptor, _PART), b""))
        return content
    finally:
        os.close(descriptor)


def _content(cassette: Cassette) -> str:
    document = cassette.to_dict()
    document["recorded_at"] = None
    document["duration_ms"] = 0.0
    for step in document["steps"]:  # which are copies
        for name in _TIMING & step.keys():
            del step[name]
        if step.get("types"):
            step["types"] = dict(sorted(step["types"].items()))
    return _text(document)


def _text(document: dict[str, Any]) -> str:
    """The text of a file; most runs write none."""
    from agentcassette._layout import render
    from agentcassette._referring import referring

    return render(referring(document))
