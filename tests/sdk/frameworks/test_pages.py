"""The pages that say how something is wrapped are all run here."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

PAGES = sorted((Path(__file__).parents[3] / "docs").glob("**/*.md"))


def test_every_page_can_be_run_here():
    """Elsewhere a page is left out whose modules are not there; here none may be."""
    needed = {
        module
        for page in PAGES
        for found in re.findall(r"^<!-- needs: (.*?) -->$", page.read_text("utf-8"), re.MULTILINE)
        for module in found.split()
    }

    assert needed
    assert [module for module in sorted(needed) if importlib.util.find_spec(module) is None] == []
