"""A replay that is kept from the network, and what it is told when it connects all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcassette import LiveCallBlocked
from pytest_agentcassette._callsite import call_site
from pytest_agentcassette._network import NetworkGuard
from pytest_agentcassette._refusals import refusals_of

if TYPE_CHECKING:
    import pytest

    from pytest_agentcassette._network import Reach

__all__ = ["network_guard"]


def network_guard(item: pytest.Item, *, test: str, remedy: str) -> NetworkGuard:
    """Make what refuses all connections of a test but those to this machine.

    Args:
        item: The test.
        test: Its id.
        remedy: The command that records it again.

    Returns:
        A context manager.
    """
    refusals, root = refusals_of(item), item.config.rootpath

    def refuse(reach: Reach) -> LiveCallBlocked:
        what = "lookup of" if reach.is_lookup else "connection to"
        reason = (
            f"intercept what needs it and record that ({remedy}), or let the test connect, with"
            " block_network=False on its marker"
        )
        explanation = (
            f"network blocked in replay: {what} {reach.place}\n"
            f"  {call_site(root)}\n"
            f"  test: {test}\n"
            f"  {reason}"
        )
        error = LiveCallBlocked(reach.place, reason, explanation=explanation)
        refusals.note(error)
        return error

    return NetworkGuard(refuse)
