"""Which test a cassette belongs to, where more than one could say so."""

from __future__ import annotations

import ast
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pytest_agentcassette._location import Location

__all__ = ["Claim", "Clash", "clashes", "is_defined", "key"]


class Claim(NamedTuple):
    """A test, and where its cassette lies."""

    test: str
    location: Location


class Clash(NamedTuple):
    """A file that more than one test takes for its cassette, and none of them by choice."""

    path: str
    tests: tuple[str, ...]


def key(path: Path | str) -> str:
    """What tells files apart everywhere: two paths of one key may be one file."""
    return unicodedata.normalize("NFC", str(path)).casefold()


def clashes(claims: Iterable[Claim]) -> list[Clash]:
    """Find the files that tests would share by accident.

    Args:
        claims: All tests that use a cassette.

    Returns:
        Each file that two tests or more claim without naming it themselves, in the order of the
        tests.
    """
    claimed: dict[str, dict[str, str]] = {}
    for claim in claims:
        if not claim.location.explicit:
            path = claim.location.path
            claimed.setdefault(key(path), {}).setdefault(claim.test, path)
    return [
        Clash(next(iter(tests.values())), tuple(tests))
        for tests in claimed.values()
        if len(tests) > 1
    ]


def is_defined(test: str, root: Path) -> bool:
    """Whether a test that was not collected is still written down in its module.

    Args:
        test: The id of the test.
        root: The folder that ids start at.

    Returns:
        Whether the module has a function of that name at that place; False where the module is
        gone, can't be read or is no Python.
    """
    file, _, rest = test.partition("::")
    names = rest.partition("[")[0].split("::")
    try:
        body = ast.parse((root / file).read_bytes()).body
    except (OSError, SyntaxError, ValueError):
        return False
    for name in names:
        found = [one for one in _definitions(body) if one.name == name]
        if not found:
            return False
        body = found[-1].body
    return True


def _definitions(
    body: list[ast.stmt],
) -> Iterable[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions and classes of a block, those below an `if` or a `try` among them."""
    waiting: list[ast.AST] = [*body]
    for node in waiting:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node
        elif not isinstance(node, ast.expr):
            waiting.extend(ast.iter_child_nodes(node))
