"""Recorder and Player: what a test sees of the session that it runs in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from agentcassette._order import elapsed
from agentcassette._steps import called_with, read

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agentcassette._asked import Asked
    from agentcassette._cassette import Cassette
    from agentcassette._contrasting import Contrast
    from agentcassette._errors import AgentCassetteError
    from agentcassette._matching import Tape
    from agentcassette._recording import Recording, Unreplayable

__all__ = ["Call", "Player", "Recorder", "Trajectory"]


class Call(NamedTuple):
    """A call that the agent made, as it was taken down; every value is a fresh object.

    Attributes:
        name: The name of the intercepted callable.
        kind: Its kind, such as "llm" or "tool".
        args: The positional arguments.
        kwargs: The keyword arguments.
        result: What came back; the list of chunks of a stream; None beside an error.
        error: The exception that was raised, or None.
        input_tokens: The tokens that went in, exact or estimated.
        output_tokens: The tokens that came out, exact or estimated.
        duration_ms: What it took when it ran live, in milliseconds.
        replayed: Whether it was answered from a tape.
    """

    name: str
    kind: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    result: Any
    error: BaseException | None
    input_tokens: int
    output_tokens: int
    duration_ms: float
    replayed: bool


class Trajectory:
    """What the agent did in one session, in the order in which its calls started.

    A session that writes has every call in its recording, also those answered from a tape; for one
    that only reads, the steps that answered are kept here, with what they were asked.
    """

    def __init__(self, recording: Recording | None) -> None:
        self.answers: list[tuple[dict[str, Any], Asked]] = []
        self._recording = recording

    def steps(self) -> list[dict[str, Any]]:
        """The steps of all calls made so far, each a new dict."""
        if self._recording is not None:
            return self._recording.steps()
        return [called_with(step, asked.arguments, asked.types) for step, asked in self.answers]

    def costs(self) -> list[dict[str, Any]]:
        """The same, as far as what the calls cost: their arguments may be those on tape."""
        return [step for step, _ in self.answers] if self._recording is None else self.steps()

    def replayed(self) -> list[bool]:
        """For each of them whether it was answered from a tape."""
        return [True] * len(self.answers) if self._recording is None else self._recording.copied()


class _Face:
    """What both faces tell of the calls made so far."""

    def __init__(self, path: str, mode: str, trajectory: Trajectory) -> None:
        self.mode = mode
        self._path = path
        self._trajectory = trajectory

    @property
    def path(self) -> Path:
        """The file of the cassette."""
        return Path(self._path)

    def calls(self, name: str | None = None, kind: str | None = None) -> list[Call]:
        """The calls made so far, in the order in which they started.

        Args:
            name: Only those of this name.
            kind: Only those of this kind.

        Returns:
            The calls; asserting on them is asserting on what the agent did.
        """
        return [
            _call(step, replayed=replayed)
            for step, replayed in zip(self._trajectory.steps(), self._trajectory.replayed())
            if name in (None, step["name"]) and kind in (None, step["type"])
        ]

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The steps of the calls made so far, as plain dicts in the form of the file."""
        return self._trajectory.steps()

    @property
    def replayed(self) -> int:
        """How many calls were answered from a tape."""
        return sum(self._trajectory.replayed())

    @property
    def recorded(self) -> int:
        """How many calls were run and recorded."""
        return self._trajectory.replayed().count(False)

    @property
    def total_input_tokens(self) -> int:
        """The tokens that went into the calls made so far."""
        return sum([step["input_tokens"] for step in self._trajectory.costs()])

    @property
    def total_output_tokens(self) -> int:
        """The tokens that came out of the calls made so far."""
        return sum([step["output_tokens"] for step in self._trajectory.costs()])

    @property
    def total_tokens(self) -> int:
        """The tokens in and out of the calls made so far."""
        return self.total_input_tokens + self.total_output_tokens

    @property
    def duration_ms(self) -> float:
        """What the calls made so far took when they ran live, in milliseconds.

        Calls that ran at the same time count once.
        """
        return self.elapsed_ms(self._trajectory.costs())

    @staticmethod
    def elapsed_ms(steps: Sequence[dict[str, Any]]) -> float:
        """What calls took when they ran live, in milliseconds.

        Args:
            steps: Some of the `steps`; those of calls that ran at the same time count once.
        """
        return elapsed(steps)


class Recorder(_Face):
    """The face of a session that writes: calls run for real, and are taped.

    Attributes:
        mode: The record mode of the session.
        model: The label of the model.
        cassette: What was recorded, once the session has ended without an error; else None.
    """

    def __init__(
        self, path: str, mode: str, trajectory: Trajectory, recording: Recording, model: str | None
    ) -> None:
        super().__init__(path, mode, trajectory)
        self.model = model
        self.cassette: Cassette | None = None
        self._recording = recording

    @property
    def unreplayable(self) -> list[Unreplayable]:
        """What the steps hold that replay will not be able to restore."""
        return self._recording.unreplayable()

    def contrast(self, cassette: Cassette) -> list[Contrast]:
        """Put the calls made so far beside the steps of a cassette.

        Calls are compared as in a replay, with what is ignored and what is redacted, but in any
        order; those that are not on tape stand beside the nearest step of their name.

        Args:
            cassette: The cassette, of an earlier run.

        Returns:
            The calls in the order in which they started; a step that was not called stands where
            the tape has it.
        """
        from agentcassette._contrasting import contrast

        return contrast(cassette, self._recording.calls(), self._recording.redactor)

    def __repr__(self) -> str:
        return f"Recorder(steps={len(self._recording)}, mode={self.mode!r}, path={self._path!r})"


class Player(_Face):
    """The face of a session that only reads: calls are answered from the tape.

    Attributes:
        mode: The record mode of the session.
        strict: Whether the first drift raises.
        cassette: The cassette that is read; None where there is no file.
        divergences: Each drift of a replay that is not strict, as
            ``{"index": ..., "expected": ..., "actual": ..., "reason": ...}``. Of a call beyond the
            last step ``expected`` is None.
    """

    def __init__(
        self,
        path: str,
        mode: str,
        trajectory: Trajectory,
        cassette: Cassette | None,
        *,
        strict: bool,
    ) -> None:
        super().__init__(path, mode, trajectory)
        self.strict = strict
        self.cassette = cassette
        self.divergences: list[dict[str, Any]] = []
        self._tape: Tape | None = None
        self._errors: list[Callable[[], AgentCassetteError]] = []

    def follow(
        self,
        tape: Tape,
        divergences: list[dict[str, Any]],
        errors: list[Callable[[], AgentCassetteError]],
    ) -> None:
        """Tell of a tape from now on, and of the drifts that are noted in two lists."""
        self._tape = tape
        self.divergences = divergences
        self._errors = errors

    @property
    def explanations(self) -> list[str]:
        """The text of each of the `divergences`: where the calls differ, and what to do.

        It is that of the error which a strict replay would have raised there. To make it takes a
        while for long calls.
        """
        return [str(make_error()) for make_error in self._errors]

    @property
    def remaining(self) -> int:
        """How many steps have not been played."""
        return 0 if self._tape is None else self._tape.remaining

    @property
    def unplayed(self) -> list[int]:
        """The indexes of these steps."""
        return [] if self._tape is None else self._tape.unplayed

    @property
    def cursor(self) -> int:
        """The index of the earliest step that has not been played."""
        return 0 if self._tape is None else self._tape.cursor

    def __repr__(self) -> str:
        return (
            f"Player(played={self.replayed}, remaining={self.remaining},"
            f" divergences={len(self.divergences)}, path={self._path!r})"
        )


def _call(step: dict[str, Any], *, replayed: bool) -> Call:
    arguments = read(step, "arguments")
    return Call(
        name=step["name"],
        kind=step["type"],
        args=tuple(arguments["args"]),
        kwargs=arguments["kwargs"],
        result=read(step, "result"),
        error=read(step, "error") if "error" in step else None,
        input_tokens=step["input_tokens"],
        output_tokens=step["output_tokens"],
        duration_ms=step["duration_ms"],
        replayed=replayed,
    )
