"""Uses the core where nothing but its wheel is installed; `tox run -e bare` runs it."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from pathlib import Path

loaded_before = set(sys.modules)

import agentcassette  # noqa: E402 - what it loads is to be known

runs = []


@agentcassette.intercept(kind="llm")
def call_model(prompt: str) -> dict[str, object]:
    """Stand for a model that is paid for by the call."""
    runs.append(prompt)
    return {"text": prompt.upper(), "usage": {"input_tokens": 3, "output_tokens": 1}}


with tempfile.TemporaryDirectory() as folder:
    tape = Path(folder, "tape.json")
    with agentcassette.record(tape):
        live = call_model("hello")
    with agentcassette.replay(tape, strict=True):
        replayed = call_model("hello")

assert live == replayed
assert runs == ["hello"]

assert importlib.util.find_spec("pytest") is None
foreign = {
    name
    for name in set(sys.modules) - loaded_before
    if "site-packages" in (getattr(sys.modules[name], "__file__", None) or "")
    and name.partition(".")[0] != "agentcassette"
}
assert not foreign, foreign

print("recorded and replayed with nothing but the standard library")
