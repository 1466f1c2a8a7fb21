"""Rooms that somebody takes out of `sys.modules`: they stay the same ones."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

REPLAYED_TWICE = """
    import sys, types
    from unittest import mock
    import agentcassette

    runs = []

    @agentcassette.intercept
    def ask(prompt):
        runs.append(prompt)
        return prompt.upper()

    with agentcassette.record("tape.json"):
        ask("a")
    for name in [name for name in sys.modules if name.startswith("agentcassette._")]:
        if FIRST:
            del sys.modules[name]
    for _ in range(3):
        with mock.patch.dict(sys.modules, {"optional": types.ModuleType("optional")}):
            with agentcassette.replay("tape.json", strict=True):
                assert ask("a") == "A"
    assert runs == ["a"]
    """
REGISTERED = """
    import sys
    from unittest import mock
    import agentcassette

    class Money:
        def __init__(self, amount):
            self.amount = amount

    @agentcassette.intercept
    def pay(amount):
        return Money(amount)

    with mock.patch.dict(sys.modules):
        agentcassette.register_type(Money, encode=vars, decode=lambda data: Money(**data))
    with agentcassette.record("tape.json"):
        pay(5)
    with agentcassette.replay("tape.json", strict=True):
        assert pay(5).amount == 5
    """


def run(code, folder):
    """Run code in a process of its own, where nothing was imported before."""
    command = [sys.executable, "-W", "error", "-c", dedent(code)]
    subprocess.run(command, check=True, cwd=folder)


def test_a_session_in_a_block_that_restores_the_modules(tmp_path):
    """Each of several such blocks replays, whatever was imported in the one before."""
    run(REPLAYED_TWICE.replace("FIRST", "False"), tmp_path)


def test_a_session_after_all_rooms_were_taken_out(tmp_path):
    """Nothing is imported once more."""
    run(REPLAYED_TWICE.replace("FIRST", "True"), tmp_path)


def test_a_type_that_was_registered_in_such_a_block(tmp_path):
    """The registry is the one that sessions look into."""
    run(REGISTERED, tmp_path)
