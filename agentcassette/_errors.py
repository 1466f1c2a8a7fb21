"""The error tree: everything that agentcassette raises on purpose.

    AgentCassetteError
    ├── CassetteNotFound      there is no file at the cassette's path
    ├── CassetteFormatError   there is a file, and it is no cassette
    ├── ReplayExhausted       the agent makes more calls than were recorded
    ├── DivergenceError       the agent's call is not the call on tape
    ├── UnreplayableValue     a value that could not be restored from the tape was used
    ├── LiveCallBlocked       a call would have run the real thing, and must not
    ├── AmbiguousSession      a thread that could belong to more than one session made a call
    └── TargetNotFound        a callable that is to be intercepted by its name is not there

Each error carries its data as attributes, computes its text from them, and can be pickled, so
that it survives the way from a pytest-xdist worker to its controller.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "AgentCassetteError",
    "AmbiguousSession",
    "CassetteFormatError",
    "CassetteNotFound",
    "DivergenceError",
    "LiveCallBlocked",
    "ReplayExhausted",
    "TargetNotFound",
    "UnreplayableValue",
]


class AgentCassetteError(Exception):
    """The base of every error that agentcassette raises on purpose."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Rebuild from the attributes alone: the constructors' parameters differ."""
        return _rebuild, (type(self), self.args), self.__dict__


def _rebuild(cls: type[AgentCassetteError], args: tuple[object, ...]) -> AgentCassetteError:
    error = cls.__new__(cls)
    error.args = args
    return error


class CassetteNotFound(AgentCassetteError):  # noqa: N818 - the name says what happened
    """There is no cassette at the path.

    Args:
        path: Where the cassette was looked for.
        remedy: What to do about it, as one sentence without a full stop.
        reason: Why the missing cassette matters here (``and --record-mode=none``), or nothing.
    """

    def __init__(
        self,
        path: object,
        *,
        reason: str = "",
        remedy: str = "record it first, with agentcassette.record or pytest --record-mode=once",
    ) -> None:
        self.path = str(path)
        self.reason = reason
        self.remedy = remedy
        cause = f" {reason}" if reason else ""
        super().__init__(f"no cassette at {self.path}{cause}: {remedy}")


class CassetteFormatError(AgentCassetteError):
    """A file is there, but it is no cassette that this version can read.

    The file is never taken for a missing one, and never overwritten.

    Args:
        path: The file, or None where the cassette did not come from a file.
        line: The line of the fault, counted from 1, or None where no line is to blame.
        problem: What is wrong, as one sentence without a full stop.
    """

    def __init__(self, path: object, line: int | None, problem: str) -> None:
        self.path = None if path is None else str(path)
        self.line = line
        self.problem = problem
        place = self.path or "cassette"
        if line is not None:
            place = f"{place}:{line}"
        super().__init__(f"{place}: {problem}")


class ReplayExhausted(AgentCassetteError):  # noqa: N818 - the name says what happened
    """The agent made a call, and every step of the cassette has been played.

    Args:
        step_index: The index that the missing step would have.
        actual: The call that was made, as ``{"name": ..., "arguments": ...}``, redacted.
        explanation: The text of the error; without it a one-line text is made.
    """

    def __init__(
        self, step_index: int, actual: dict[str, Any], *, explanation: str | None = None
    ) -> None:
        self.step_index = step_index
        self.expected = None
        self.actual = actual
        super().__init__(
            explanation
            or f"Replay exhausted at step {step_index}: the cassette has {step_index} steps,"
            f" and the agent made one more call, {actual['name']!r}"
        )


class DivergenceError(AgentCassetteError):
    """The agent drifted: its call is not the call on tape, or a step was never played.

    Args:
        step_index: The index of the earliest step that was still to be played, of the same name
            where there is one.
        expected: That step, as ``{"name": ..., "arguments": ...}``.
        actual: The call that was made, in the same form, redacted; None where the run ended
            before the step was played.
        explanation: The text of the error; without it a one-line text is made.
    """

    def __init__(
        self,
        step_index: int,
        expected: dict[str, Any],
        actual: dict[str, Any] | None,
        *,
        explanation: str | None = None,
    ) -> None:
        self.step_index = step_index
        self.expected = expected
        self.actual = actual
        made = "the end of the run" if actual is None else _call(actual)
        super().__init__(
            explanation
            or f"Replay diverged at step {step_index}: expected {_call(expected)}, got {made}"
        )


def _call(call: dict[str, Any]) -> str:
    return f"{call['name']!r} with {call['arguments']}"


class UnreplayableValue(AgentCassetteError):  # noqa: N818 - the name says what the value is
    """A value that the cassette could not keep, or that can't be restored here, was used.

    Args:
        step_index: The step that the value belongs to, or None where it is not known.
        type_name: The type that the value had when it was recorded, as ``module:QualName``.
        remedy: What to do about it, as one sentence without a full stop.
    """

    def __init__(self, step_index: int | None, type_name: str, remedy: str) -> None:
        self.step_index = step_index
        self.type_name = type_name
        self.remedy = remedy
        place = "a value" if step_index is None else f"a value of step {step_index}"
        super().__init__(f"{place}, of type {type_name}, can't be replayed: {remedy}")


class LiveCallBlocked(AgentCassetteError):  # noqa: N818 - the name says what happened
    """An intercepted call, or a connection, would have been made where that is not allowed.

    It is no `OSError`: whoever tries again after an error of the network shall not try this again.

    Args:
        name: The name of the intercepted callable, or the host and port of the connection.
        reason: Why it is not allowed, and what to do, as one sentence without a full stop.
        explanation: The text of the error; without it a one-line text is made.
    """

    def __init__(self, name: str, reason: str, *, explanation: str | None = None) -> None:
        self.name = name
        self.reason = reason
        super().__init__(explanation or f"the call of {name!r} was not made: {reason}")


class AmbiguousSession(AgentCassetteError):  # noqa: N818 - the name says what happened
    """A thread that belongs to none of several open sessions made an intercepted call.

    Args:
        name: The name of the intercepted callable.
        paths: The cassettes of the open sessions that the call could belong to.
    """

    def __init__(self, name: str, paths: tuple[str, ...]) -> None:
        self.name = name
        self.paths = paths
        super().__init__(
            f"the call of {name!r} could belong to any of {len(paths)} open sessions"
            f" ({', '.join(paths)}), and its thread was started without a context: start it with"
            " contextvars.copy_context().run, with asyncio.to_thread, or open one session at a time"
        )


class TargetNotFound(AgentCassetteError):  # noqa: N818 - the name says what happened
    """A callable that is to be intercepted by its name is not there.

    Args:
        target: Its name, or that of a preset.
        problem: What is not there, and what is nearest, as one sentence without a full stop.
    """

    def __init__(self, target: str, problem: str) -> None:
        self.target = target
        self.problem = problem
        super().__init__(f"{target!r} can't be intercepted: {problem}")


for _name in __all__:  # tracebacks and summaries show the name that users import
    globals()[_name].__module__ = "agentcassette"
