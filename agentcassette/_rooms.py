"""The rooms of the core stay the same ones where somebody takes modules out of `sys.modules`.

``mock.patch.dict(sys.modules)`` does so at its end, and a run of pytest inside of another one. Who
imports them once more would get two classes of one name, and a registry of types without types.
"""

from __future__ import annotations

import sys
from types import ModuleType

__all__ = ["put_back"]

_PACKAGE = __name__.rpartition(".")[0]


def put_back() -> None:
    """Put back the rooms that are not there any more, each of which its package still has."""
    packages = [sys.modules[_PACKAGE]]
    while packages:
        package = packages.pop()
        for room in [*vars(package).values()]:
            if isinstance(room, ModuleType) and room.__name__.startswith(f"{package.__name__}."):
                sys.modules.setdefault(room.__name__, room)
                if hasattr(room, "__path__"):
                    packages.append(room)
