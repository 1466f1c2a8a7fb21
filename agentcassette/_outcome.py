"""What comes of a call, as fields of its step: a result, an exception, or a stream.

A stream may be asked for more than its chunks: for an attribute, or through a method. What comes
of such a use has the same form, and stands under ``uses`` in the field ``stream``, with

    name        the attribute or method
    arguments   of a method: {"args": [...], "kwargs": {...}}
    at          how many chunks had come by then, if any had
    absent      true where there was no such attribute
    types       as in a step; the pointers begin at the use
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from agentcassette import _values
from agentcassette._loops import is_cancellation
from agentcassette._steps import OUTCOME, redacted_call, take_down

if TYPE_CHECKING:
    from agentcassette._redaction import Redactor

__all__ = ["Outcome"]


class Outcome:
    """What comes of a call, or of a use of the stream that it gave.

    Args:
        redactor: What is applied to everything before it is kept.
        came: Is called whenever something has come.
        fields: The fields that are known before.

    Attributes:
        is_made: Whether it is kept at all.
        is_over: Whether nothing more can come, apart from uses of its stream.
    """

    def __init__(
        self, redactor: Redactor, came: Callable[[], None], fields: dict[str, Any] | None = None
    ) -> None:
        self._redactor = redactor
        self._came = came
        self._fields = {**(fields or {}), "result": None, "unfinished": True}
        self._types: dict[str, str] = {}
        self._uses: list[Outcome] = []
        self.is_made = True
        self.is_over = False

    def ask(self) -> None:
        """Note that the call goes on, and that nothing has come of it until something comes."""
        if not self.is_over:
            self.is_made = True
            self._fields["unfinished"] = True
            self._fields.get("stream", {}).pop("left", None)

    def note(self, name: str) -> None:
        """Note what is true of the call."""
        self._fields[name] = True

    def give(self, result: object) -> None:
        """The call ended with a result."""
        self._fields["result"] = self._keep(result, "/result")
        self._close()

    def fail(self, error: BaseException) -> None:
        """The call ended with an exception.

        One that was cancelled has no outcome. One that the end of the program ended is not kept.
        """
        if self.is_over:
            return
        if isinstance(error, Exception):
            self._fields["error"] = self._keep(error, "/error")
            self._close()
        elif is_cancellation(error):
            self._came()
        else:
            self.is_made = False

    def stream(self, **said: Any) -> None:
        """Note that a stream has come, or a manager that will give one; it is not read yet.

        Args:
            said: How its chunks are handed out, and what it is.
        """
        self._fields.setdefault("stream", {}).update(said)
        self._fields["result"] = []
        self._leave()

    def chunk(self, value: object) -> None:
        """Add a chunk of the stream, which the agent may read no further."""
        if not self.is_over:
            chunks = self._fields["result"]
            chunks.append(self._keep(value, f"/result/{len(chunks)}"))
            self._leave()

    def thrown(self) -> None:
        """Note that the agent threw an exception into the stream, after the last chunk so far."""
        self._fields["stream"].setdefault("thrown", []).append(len(self._fields["result"]))

    def finish(self, value: object = None) -> None:
        """The stream ended; a generator may have returned a value."""
        if not self.is_over:
            if value is not None:
                self._fields["stream"]["returned"] = self._keep(value, "/stream/returned")
            self._close()

    def attribute(self, use: Outcome, value: object) -> None:
        """Note what an attribute of the stream is; once, as long as it stays the same."""
        use.give(value)
        name = use._fields["name"]
        others = (old for old in reversed(self._uses) if old is not use)
        latest = next((old.fields() for old in others if old._fields["name"] == name), {})
        if {**use.fields(), "at": None} == {**latest, "at": None}:
            self._uses.remove(use)

    def absent(self, name: str) -> None:
        """Note that the stream has no such attribute."""
        use = self.use(name)
        use.note("absent")
        self.attribute(use, None)

    def use(self, name: str, call: tuple[tuple[Any, ...], dict[str, Any]] | None = None) -> Outcome:
        """Note that a method of the stream was called, or that an attribute gives a stream.

        Args:
            name: The attribute or method.
            call: The positional and the keyword arguments of a method.

        Returns:
            Where what comes of it is taped.
        """
        fields: dict[str, Any] = {"name": name}
        types: dict[str, str] = {}
        if call is not None:
            said = redacted_call(take_down(*call), self._redactor)
            types = said.pop("types", {})
            fields.update(said)
        chunks = self._fields["result"]
        if type(chunks) is list and chunks:
            fields["at"] = len(chunks)
        use = Outcome(self._redactor, self._came, fields)
        use._types = types
        self._uses.append(use)
        return use

    def copy(self, step: dict[str, Any]) -> None:
        """Take over what came of a call that is on another tape, redacted."""
        self.is_over = True
        self._fields = {name: step[name] for name in OUTCOME if name in step}
        types = step.get("types", {}).items()
        self._types = {at: name for at, name in types if not at.startswith("/arguments/")}

    def fields(self) -> dict[str, Any]:
        """The fields of the outcome so far, with their types; a new dict."""
        fields = dict(self._fields)
        if "stream" in fields:
            fields["stream"] = dict(fields["stream"])
            copied = fields["stream"].get("uses", [])
            uses = [*copied, *(use.fields() for use in self._uses if use.is_made)]
            if uses:
                fields["stream"]["uses"] = uses
        if type(fields["result"]) is list:
            fields["result"] = list(fields["result"])
        if self._types:
            fields["types"] = dict(self._types)
        return fields

    def _leave(self) -> None:
        self._fields["stream"]["left"] = True
        self._end()

    def _close(self) -> None:
        self.is_over = True
        self._fields.get("stream", {}).pop("left", None)
        self._end()

    def _end(self) -> None:
        self._fields.pop("unfinished", None)
        self._came()

    def _keep(self, value: object, place: str) -> Any:
        encoded = _values.encode_verified(value)
        redacted = self._redactor.redact(encoded.json, encoded.types)
        self._types.update({place + at: name for at, name in redacted.types.items()})
        return redacted.json
