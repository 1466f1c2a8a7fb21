"""A last look through a project: may a test that this run has not met still use a cassette?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_agentcassette._claims import is_defined
from pytest_agentcassette._coverage import matches
from pytest_agentcassette._stale import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_agentcassette._coverage import Scope
    from pytest_agentcassette._inventory import Inventory
    from pytest_agentcassette._stale import Found

__all__ = ["last_doubt"]


def last_doubt(
    found: Found, kept: str, path: Path, *, inventory: Inventory, scope: Scope, is_mirrored: bool
) -> Verdict | None:
    """Look for a reason not to call a cassette unclaimed, in files of Python that are there.

    Args:
        found: The cassette, of a test that is gone.
        kept: The id of that test, as the cassette keeps it.
        path: The file.
        inventory: Where to look.
        scope: What the run is about.
        is_mirrored: Whether the cassettes of all tests lie in one folder: then where a file lies
            depends on the root folder, and another run may have had another one.

    Returns:
        Why it is not certain that nobody uses it, or None.
    """
    mentions = inventory.mentions(path)
    if mentions:
        return Verdict(doubt=f"{mentions[0]} mentions {path.name}")
    module, _, names = kept.partition("::")
    namesakes = inventory.namesakes(module)
    if found.module == "gone":
        if namesakes:
            return Verdict(doubt=f"{module} may be {namesakes[0]} now", is_suspect=True)
        return None
    owner = found.owner or ""
    for other in namesakes if is_mirrored else ():
        if other != owner.partition("::")[0] and is_defined(f"{other}::{names}", scope.root):
            return Verdict(doubt=f"{owner} may be {other}::{names}")
    giver = _giver(owner, inventory, scope)
    return Verdict(doubt=f"{giver} has such a test, and may share it") if giver else None


def _giver(owner: str, inventory: Inventory, scope: Scope) -> str:
    """A module that the module of a test may have it from: imported, or inherited by its class."""
    module, _, names = owner.partition("::")
    *classes, function = names.partition("[")[0].split("::")
    own = scope.root / module
    text = inventory.text(own)
    base = re.search(rf"\bclass\s+{re.escape(classes[-1])}\b(.*)", text) if classes else None
    if base is not None and re.match(r"\s*(?:\(\s*\)\s*)?:", base[1]):
        return ""  # all that the class has is written in it
    for file in inventory.defining(function):
        if file == own:
            if base is not None:
                return module
        elif not matches(file, scope.python_files) or _may_import(text, file):
            return inventory.shown(file)
    return ""


def _may_import(text: str, file: Path) -> bool:
    name = file.parent.name if file.stem == "__init__" else file.stem
    return re.search(rf"\b{re.escape(name)}\b", text) is not None
