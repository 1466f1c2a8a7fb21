"""What an intercepted call costs outside a session, beside the least that any wrapper costs."""

from __future__ import annotations

import functools
import statistics
import timeit
from typing import Any, Callable

import agentcassette

ROUNDS = 41
CALLS = 20_000
GOAL = 1.5

session = None


def bare(prompt: str, *, temperature: float = 0.0) -> str:
    """Stand for a model that answers at once."""
    return prompt


async def async_bare(prompt: str, *, temperature: float = 0.0) -> str:
    """Stand for a model that answers at once, and has to be awaited."""
    return prompt


def closure(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function in the least that can tell whether a session is active."""

    @functools.wraps(fn)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if session is None:
            return fn(*args, **kwargs)
        raise AssertionError

    return wrapper


def async_closure(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a coroutine function in the same, as a coroutine function."""

    @functools.wraps(fn)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        if session is None:
            return await fn(*args, **kwargs)
        raise AssertionError

    return wrapper


def calling(fn: Callable[..., Any]) -> Callable[[], None]:
    """Return what is timed: one call."""

    def call() -> None:
        fn("hello", temperature=1.0)

    return call


def awaiting(fn: Callable[..., Any]) -> Callable[[], None]:
    """Return what is timed: one call, awaited without the cost of an event loop."""

    def call() -> None:
        try:
            fn("hello", temperature=1.0).send(None)
        except StopIteration:
            return

    return call


def measure(candidates: dict[str, Callable[[], None]]) -> dict[str, float]:
    """Time the candidates in turns; return the median of each, in nanoseconds a call."""
    timers = {name: timeit.Timer(call) for name, call in candidates.items()}
    times: dict[str, list[float]] = {name: [] for name in timers}
    for _ in range(ROUNDS):
        for name, timer in timers.items():
            times[name].append(timer.timeit(CALLS) / CALLS * 1e9)
    return {name: statistics.median(rounds) for name, rounds in times.items()}


def report(title: str, medians: dict[str, float]) -> None:
    """Print the medians, and how many times the closure's cost the interception costs."""
    print(f"{title}, median of {ROUNDS} rounds of {CALLS} calls")
    for name, nanoseconds in medians.items():
        print(f"  {name:<12} {nanoseconds:8.1f} ns")
    ratio = medians["intercepted"] / medians["closure"]
    verdict = "within" if ratio <= GOAL else "beyond"
    print(f"  intercepted / closure = {ratio:.2f}, {verdict} the goal of {GOAL}")


report(
    "sync call outside a session",
    measure(
        {
            "bare": calling(bare),
            "closure": calling(closure(bare)),
            "intercepted": calling(agentcassette.intercept(bare)),
        }
    ),
)
report(
    "async call outside a session",
    measure(
        {
            "bare": awaiting(async_bare),
            "closure": awaiting(async_closure(async_bare)),
            "intercepted": awaiting(agentcassette.intercept(async_bare)),
        }
    ),
)
