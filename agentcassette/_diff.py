"""How one cassette differs from another."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Protocol

from agentcassette._alignment import align
from agentcassette._differences import canonical, differences, similarity
from agentcassette._rendering import render_differences

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CassetteDiff", "HasSteps"]

# Where a step stands among the others and how long it took is not what it is.
_CIRCUMSTANCES = frozenset({"index", "duration_ms", "parent", "concurrency"})
# What was found out about a call is not the call.
_FINDINGS = frozenset({"type", "input_tokens", "output_tokens"})

# So many lines are shown of what differs in one step.
_LINES = 12


class HasSteps(Protocol):
    """A cassette, as far as it is compared: the steps in their order."""

    @property
    def steps(self) -> list[dict[str, Any]]: ...


class CassetteDiff:
    """How one cassette differs from another; ``str()`` of it is a readable report.

    Args:
        a: The older cassette.
        b: The newer cassette.
    """

    __slots__ = ("_a", "_b")

    def __init__(self, a: HasSteps, b: HasSteps) -> None:
        self._a = tuple(a.steps)
        self._b = tuple(b.steps)

    @property
    def new_calls(self) -> list[str]:
        """The names of the calls that only the newer one has, each as often as it has more."""
        return sorted((_names(self._b) - _names(self._a)).elements())

    @property
    def dropped_calls(self) -> list[str]:
        """The names of the calls that only the older one has, each as often as it has more."""
        return sorted((_names(self._a) - _names(self._b)).elements())

    @property
    def changed_calls(self) -> list[dict[str, Any]]:
        """The steps of one position whose name, arguments or outcome differ.

        Each is ``{"index": ..., "a": ..., "b": ...}``, with the two steps.
        """
        return [
            {"index": index, "a": a, "b": b}
            for index, (a, b) in enumerate(zip(self._a, self._b))
            if _text(a, _CIRCUMSTANCES | _FINDINGS) != _text(b, _CIRCUMSTANCES | _FINDINGS)
        ]

    @property
    def token_delta(self) -> int:
        """How many tokens more the newer one took."""
        return self.input_token_delta + self.output_token_delta

    @property
    def input_token_delta(self) -> int:
        """How many input tokens more the newer one took."""
        return _total(self._b, "input_tokens") - _total(self._a, "input_tokens")

    @property
    def output_token_delta(self) -> int:
        """How many output tokens more the newer one took."""
        return _total(self._b, "output_tokens") - _total(self._a, "output_tokens")

    @property
    def step_delta(self) -> int:
        """How many steps more the newer one has."""
        return len(self._b) - len(self._a)

    @property
    def identical(self) -> bool:
        """Whether nothing differs but durations, dates and indexes."""
        return list(map(_text, self._a)) == list(map(_text, self._b))

    def __repr__(self) -> str:
        return (
            f"CassetteDiff(new={self.new_calls}, dropped={self.dropped_calls},"
            f" changed={len(self.changed_calls)}, token_delta={self.token_delta})"
        )

    def __str__(self) -> str:
        if self.identical:
            return "no difference"
        tokens = f"input {self.input_token_delta:+,}, output {self.output_token_delta:+,}"
        lines = [
            f"steps: {len(self._a):,} -> {len(self._b):,} ({self.step_delta:+,})",
            f"tokens: {self.token_delta:+,} ({tokens})",
            *self._steps(),
        ]
        return "\n".join(lines)

    def _steps(self) -> Iterator[str]:
        """Write the steps that differ, aligned."""
        a, b = self._a, self._b
        texts = list(map(_text, a)), list(map(_text, b))
        for kind, i, j in align(*texts, lambda i, j: _similarity(a[i], b[j])):
            if kind == "added":
                yield f"+ step {j}: {b[j]['name']}{_tokens(b[j])}"
            elif kind == "removed":
                yield f"- step {i}: {a[i]['name']}{_tokens(a[i])}"
            else:
                was = "" if i == j else f" (was {i})"
                yield f"~ step {j}{was}: {b[j]['name']}"
                old, new = (_content(step, _CIRCUMSTANCES | {"types"}) for step in (a[i], b[j]))
                found = differences(old, new, a[i].get("types"), b[j].get("types"))
                yield from (f"  {line}" for line in render_differences(found, limit=_LINES))


def _content(step: dict[str, Any], besides: frozenset[str] = _CIRCUMSTANCES) -> dict[str, Any]:
    return {key: value for key, value in step.items() if key not in besides}


def _text(step: dict[str, Any], besides: frozenset[str] = _CIRCUMSTANCES) -> str:
    return canonical(_content(step, besides))


def _similarity(a: dict[str, Any], b: dict[str, Any]) -> float:
    return similarity(_content(a), _content(b)) if a["name"] == b["name"] else 0.0


def _names(steps: tuple[dict[str, Any], ...]) -> Counter[str]:
    return Counter(step["name"] for step in steps)


def _total(steps: tuple[dict[str, Any], ...], key: str) -> int:
    return sum(step[key] for step in steps)


def _tokens(step: dict[str, Any]) -> str:
    return f" ({step['input_tokens']:,} + {step['output_tokens']:,} tokens)"
