"""The document of a run as one page of HTML, which needs nothing beside it."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from pytest_agentcassette._conversation import conversation

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["page"]

_PARTS = Path(__file__).with_name("page")

# What of a test is looked at only when somebody opens it.
_DETAILS = ("steps", "drifts", "unplayed_steps", "problem")


def page(document: dict[str, Any], steps_of: Callable[[str], list[dict[str, Any]]]) -> str:
    """Write the page.

    The data stands in it as JSON, what belongs to one test in a piece of its own, so that a
    browser reads it when the test is opened. No server is asked for anything, and the page may run
    no script but its own: its security policy names the hashes of those.

    Args:
        document: The run, as `document` writes it down.
        steps_of: Gives the steps of the cassette at a path.

    Returns:
        The text of the page.
    """
    style, theme, script = _read("page.css"), _read("theme.js"), _read("page.js")
    briefs, data = [], []
    for at, test in enumerate(document["tests"]):
        briefs.append({name: value for name, value in test.items() if name not in _DETAILS})
        details = {name: test[name] for name in _DETAILS}
        said = conversation(steps_of(test["path"]))
        data.append(_embedded(f"test-{at}", {**details, "said": said}))
    data.append(_embedded("run", {**document, "tests": briefs}))
    return Template(_read("page.html")).substitute(
        style=style,
        style_hash=_hash(style),
        theme=theme,
        theme_hash=_hash(theme),
        script=script,
        script_hash=_hash(script),
        data="\n".join(data),
    )


def _read(name: str) -> str:
    return (_PARTS / name).read_text(encoding="utf-8")


def _embedded(name: str, data: Any) -> str:
    """JSON in an element; in it nothing looks like the end of one, or like any other markup."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>'


def _hash(text: str) -> str:
    """What a content security policy calls a text: https://www.w3.org/TR/CSP3/#match-element-to-source-list."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
