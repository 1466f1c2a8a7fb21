"""What the tests of the travel agent share."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the client start without a key: a replayed test sends nothing."""
    if "OPENAI_API_KEY" not in os.environ:
        monkeypatch.setenv("OPENAI_API_KEY", "no key, no calls")
