"""What a drift message says: where, what was recorded, what happens now, and what to do."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from agentcassette._differences import Difference, differences
from agentcassette._rendering import render_differences, shortened, visible

__all__ = ["Drift", "compare", "explain"]

_WIDTH = 100
_NO_LIMIT = 1_000_000_000
_LINES = 12  # of the difference itself; the whole message stays on one screen


class Drift(NamedTuple):
    """What is known about a drift.

    Attributes:
        at: The index of the step that was to be played; the number of steps at the end.
        recorded: The step's ``name``, and its ``arguments`` and ``types`` as they are compared;
            None where no step was left.
        now: The same of the call that was made; None where the run ended. Beside None, the other
            one needs no types.
        path: The file of the cassette.
        mode: The record mode.
        played: How many steps had been played.
        total: How many steps there are.
        full: Whether nothing is left out.
        ignore: What could be ignored so that the call would be the one on tape, if it is an id or
            a time that differs.
        reason: What is wrong, where it is not that the arguments differ.
        played_as: The index of an equal step that was played already, if there is one.
        gone_to: The name of the other call that this step answered, where it was another one.
        comes_later: The index of an equal step that is still to be played, if there is one.
        rerecord: The command that records the run again, or nothing.
        cost: What the recording cost, as text.
    """

    at: int
    recorded: dict[str, Any] | None
    now: dict[str, Any] | None
    path: str
    mode: str
    played: int
    total: int
    full: bool = False
    ignore: tuple[str, ...] = ()
    reason: str = ""
    played_as: int | None = None
    gone_to: str | None = None
    comes_later: int | None = None
    rerecord: str = ""
    cost: str = ""


def explain(drift: Drift) -> str:
    """The message of a drift, its most important fact on the first line."""
    played = f"{drift.played} of {drift.total} steps played"
    lines = [
        _headline(drift),
        f"  cassette: {drift.path} (record mode {drift.mode}, {played})",
    ]
    recorded = None if drift.recorded is None else _call(drift.recorded)
    now = None if drift.now is None else _call(drift.now)
    if recorded == now:
        lines.append(f"  the call: {now}")
    else:
        lines += [f"  recorded: {recorded}"] if recorded is not None else []
        lines += [f"  now:      {now}"] if now is not None else []
    lines.extend(f"    {line}" for line in _differences(drift))
    if drift.gone_to is not None:
        at = drift.played_as
        lines.append(
            f"  an equal call is on tape as step {at}; it answered another one: {drift.gone_to}"
        )
    elif drift.played_as is not None:
        lines.append(f"  an equal call was made before, and answered by step {drift.played_as}")
    if drift.comes_later is not None:
        lines.append(f"  an equal call comes later on tape, as step {drift.comes_later}")
    if drift.ignore:
        lines.append(f"  if that differs in every run: ignore={json.dumps(drift.ignore)}")
    if drift.rerecord:
        lines.append(f"  if the change is meant: {drift.rerecord}")
        lines.append(f"  (recording it all cost {drift.cost} the last time)")
    return "\n".join(map(visible, lines))


def _headline(drift: Drift) -> str:
    at = f"Replay diverged at step {drift.at}:"
    if drift.recorded is None:
        name = drift.now["name"] if drift.now else ""
        return f"Replay exhausted at step {drift.at}: {name} is called once more than recorded"
    name = drift.recorded["name"]
    if drift.now is None:
        return f"{at} {name} was never called"
    if drift.now["name"] != name:
        return f"{at} {drift.now['name']} is called where {name} was"
    found = compare(drift.recorded, drift.now)
    return f"{at} {name} differs at {found[0].place}" if found else f"{at} {name}, {drift.reason}"


def _differences(drift: Drift) -> list[str]:
    if drift.recorded is None or drift.now is None or drift.recorded["name"] != drift.now["name"]:
        return []
    found = compare(drift.recorded, drift.now)
    if drift.full:
        return render_differences(found, limit=None, width=_NO_LIMIT)
    return render_differences(found, limit=_LINES, width=_WIDTH - 4)


def compare(recorded: dict[str, Any], now: dict[str, Any]) -> list[Difference]:
    """Tell where two calls of one name differ.

    Args:
        recorded: The ``arguments`` of a step by parameter name, and their ``types``.
        now: The same of the call that was made.

    Returns:
        The differences; a path begins with the name of the parameter.
    """
    return differences(
        _flat(recorded["arguments"]),
        _flat(now["arguments"]),
        _flat_types(recorded["types"]),
        _flat_types(now["types"]),
    )


def _flat(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments under their own names, the nameless ones under ``args``."""
    nameless = {"args": arguments["args"]} if arguments["args"] else {}
    return {**nameless, **arguments["kwargs"]}


def _flat_types(types: dict[str, str]) -> dict[str, str]:
    skip = len("/kwargs")
    return {at[skip:] if at.startswith("/kwargs/") else at: name for at, name in types.items()}


def _call(call: dict[str, Any]) -> str:
    arguments = call["arguments"]
    shown = [_short(value) for value in arguments["args"]]
    shown += [f"{name}={_short(value)}" for name, value in arguments["kwargs"].items()]
    return shortened(f"{call['name']}({', '.join(shown)})", _WIDTH - len("  recorded: "))


def _short(value: object) -> str:
    if isinstance(value, list) and value:
        return f"[{len(value)} item{'s' if len(value) > 1 else ''}]"
    return shortened(json.dumps(value, ensure_ascii=False), 40)
