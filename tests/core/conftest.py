"""What the tests of the core may rely on: nobody watches the calls that they make."""

from __future__ import annotations

import pytest

from agentcassette._active import OPEN


@pytest.fixture(autouse=True)
def nobody_watches():
    """Let calls outside of a session pass through, although the plugin may watch this run."""
    watches = list(OPEN)
    OPEN.clear()
    yield
    OPEN[:] = watches
