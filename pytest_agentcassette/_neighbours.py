"""Living beside pytest-recording and cassetter, whose names are partly ours.

Both have a `--record-mode`, and pytest stops at start-up when two plugins add one option. cassetter
has a fixture `cassette` as well, and brings it into every test; so may the conftest of a user.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

__all__ = ["FIXTURE", "OPTION", "has_cassetter", "is_shadowed", "offer_option", "translate"]

#: The option that all three plugins have.
OPTION = "--record-mode"

#: The name of the plugin that has our fixture.
FIXTURE = "agentcassette-fixture"

_OURS = {"rewrite": "all", "new_episodes": "update"}


def offer_option(parser: pytest.Parser, **attributes: Any) -> bool:
    """Add `--record-mode` where nobody else has.

    Args:
        parser: The parser of the command line, when every plugin has added its options.
        attributes: What the option is like.

    Returns:
        Whether it is ours.
    """
    try:
        is_free = bool(parser.parse_known_and_unknown_args([f"{OPTION}=none"])[1])
    except pytest.UsageError:  # somebody has it, without such a value
        is_free = False
    if is_free:
        parser.getgroup("agentcassette").addoption(OPTION, **attributes)
    return is_free


def translate(mode: str) -> str:
    """Our name of a record mode that the neighbours may call otherwise."""
    return _OURS.get(mode, mode)


def has_cassetter(config: pytest.Config) -> bool:
    """Whether the plugin of cassetter is loaded."""
    plugins = config.pluginmanager.get_plugins()
    return any(getattr(one, "__name__", "") == "cassetter.pytest_plugin" for one in plugins)


def is_shadowed(item: pytest.Function) -> bool:
    """Whether what a test knows as `cassette` may be something else than our fixture."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    collectors = [one for one in item.listchain() if isinstance(one, (pytest.Module, pytest.Class))]
    manager = item.config.pluginmanager
    ours = manager.get_plugin(FIXTURE)
    return (
        "cassette" in parameters
        or any(hasattr(collector.obj, "cassette") for collector in collectors)
        or any(
            hasattr(plugin, "cassette") and plugin is not ours and _reaches(plugin, item.path)
            for plugin in manager.get_plugins()
        )
    )


def _reaches(plugin: object, test: Path) -> bool:
    """Whether a test sees the fixtures of a plugin: a conftest's are for the tests below it."""
    file = Path(getattr(plugin, "__file__", None) or "")
    return file.name != "conftest.py" or file.parent in test.parents
