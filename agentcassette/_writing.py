"""What a session that records writes: its steps as a cassette, where that says something new."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from agentcassette._cassette import Cassette
from agentcassette._referring import referring
from agentcassette._steps import redacted, types_in
from agentcassette._values._families import is_compared_by_class

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agentcassette._faces import Recorder
    from agentcassette._plan import Plan
    from agentcassette._redaction import Redactor

__all__ = ["cassette_of", "is_news", "losses"]


def cassette_of(
    recorder: Recorder,
    plan: Plan,
    *,
    tape: Cassette | None,
    redactor: Redactor,
    duration_ms: float,
) -> Cassette:
    """Make the cassette of a run.

    Args:
        recorder: What was called.
        plan: What the session was asked to do.
        tape: What answered some of the calls.
        redactor: What the steps were redacted with.
        duration_ms: How long the run took, in milliseconds.
    """
    fields: dict[str, Any] = {} if plan.test is None else {"test": plan.test}
    steps = _steps(recorder, tape, redactor)
    # A name that met nothing is only in the way of a reader; what is said again has no other names.
    said = referring({"steps": steps})["steps"]
    keys = redactor.keys_in(json.dumps(said, ensure_ascii=False, separators=(",", ":")))
    if keys:
        fields["redact"] = list(keys)
    if tape is None or tape.typed:
        fields["typed"] = True
    now = datetime.now(timezone.utc).replace(microsecond=0, tzinfo=None)
    return Cassette(
        steps,
        model=recorder.model,
        recorded_at=f"{now.isoformat()}Z",
        duration_ms=duration_ms,
        **fields,
    )


def is_news(cassette: Cassette, file: Cassette | None, plan: Plan) -> bool:
    """Tell whether a cassette has to be written.

    Args:
        cassette: What was recorded.
        file: What is there; None for nothing.
        plan: What the session was asked to do.
    """
    if not cassette.steps and not plan.keeps_empty:
        return False
    if file is None or not cassette.same_content(file):
        return True
    age = file.age()
    return plan.max_age is not None and (age is None or age > plan.max_age)


def losses(recorder: Recorder, steps: list[dict[str, Any]]) -> Iterator[str]:
    """Tell what of the steps will not come back, or is not compared; each type once in a step.

    Args:
        recorder: What was called.
        steps: The steps, as they are written.
    """
    told: set[tuple[int, str]] = set()
    for lost in recorder.unreplayable:
        if (lost.step_index, lost.type_name) not in told:
            told.add((lost.step_index, lost.type_name))
            yield (
                f"step {lost.step_index}, {lost.name}: a value of type {lost.type_name} at"
                f" {lost.pointer} can't be restored when it is replayed; intercept a callable that"
                " returns data, or tell how with agentcassette.register_type"
            )
    for step in steps:
        for name in dict.fromkeys(types_in(step, "arguments").values()):
            if is_compared_by_class(name):
                yield (
                    f"step {step['index']}, {step['name']}: a value of type {name.lstrip('!')}"
                    " among the arguments is compared by its class alone; hand over data instead,"
                    " or tell how to keep it with agentcassette.register_type"
                )


def _steps(recorder: Recorder, tape: Cassette | None, redactor: Redactor) -> list[dict[str, Any]]:
    """The steps of the run, in the order of the tape if that answered all of them.

    The order in which the calls came may have been chance.
    """
    steps = [] if tape is None else tape.steps
    if recorder.recorded or recorder.replayed != len(steps):
        return recorder.steps
    return [redacted(step, redactor) for step in steps]
