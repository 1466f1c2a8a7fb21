"""A cassette that somebody has edited, replayed: nothing runs, and nothing fails but what is ours.

``AGENTCASSETTE_EXAMPLES`` in the environment says how many mutations are tried.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import dataclasses
import os
import random
import sys
import traceback
from pathlib import Path

import pytest

import agentcassette
from agentcassette import (
    AgentCassetteError,
    Cassette,
    CassetteFormatError,
    intercept,
    record,
    replay,
)

EXAMPLES = max(1000, int(os.environ.get("AGENTCASSETTE_EXAMPLES", "0")))
PARTS = 10

HERE = Path(agentcassette.__file__).parent
RAISED_AGAIN = {"_handed", "_outcome", "value_of_use", "attribute", "_used", "next", "anext"}
"""The functions that raise what is on tape: an exception, or that there is nothing more."""

ran = []


@dataclasses.dataclass
class Plan:
    """What a call gives."""

    days: tuple
    budget: object


class Events:
    """A stream that can be asked for more."""

    status = 200

    def __init__(self, words):
        self.words = list(words)

    def __iter__(self):
        return self

    def __next__(self):
        if not self.words:
            raise StopIteration
        return self.words.pop(0)

    def final(self, separator):
        """Add up what is left."""
        return separator.join(self.words)

    def pieces(self):
        """Give another stream."""
        yield from self.words


@contextlib.contextmanager
def entered():
    """Give a stream once it is entered."""
    yield Events("abc")


@contextlib.asynccontextmanager
async def entered_later():
    """Give a value once it is entered and awaited."""
    yield {"value": (1, 2)}


def refuse(reason):
    """Fail."""
    raise LookupError(reason, 7)


async def count(most):
    """Hand out numbers."""
    for number in range(most):
        yield {number}


CALLS = {
    "plan": lambda: Plan((1, 2), {"a": b"x"}),
    "refuse": lambda: refuse("no"),
    "words": lambda: (word for word in ("a", "b")),
    "count": lambda: count(3),
    "entered": entered,
    "entered_later": entered_later,
    "events": lambda: Events("abc"),
}


def taken(name):
    """Give an intercepted callable of a name."""

    def call():
        ran.append(name)
        return CALLS[name]()

    return intercept(call, name=name)


def agent():
    """Make every call there is, and use what comes back in every way there is."""
    for name in CALLS:
        with contextlib.suppress(AgentCassetteError, LookupError):
            use(taken(name)())
    asyncio.run(agent_later())


async def agent_later():
    """Do so with what is awaited."""
    for name in ("count", "entered_later"):
        with contextlib.suppress(AgentCassetteError):
            given = taken(name)()
            if hasattr(given, "__aenter__"):
                async with given as value:
                    repr(value)
            elif hasattr(given, "__anext__"):
                async for _ in given:
                    pass


def use(given):
    """Use what comes back of a call that is not awaited."""
    if hasattr(given, "__enter__"):
        with given as stream:
            if stream is not given:
                use(stream)
    if hasattr(given, "status"):
        assert isinstance(given.status, object)
        list(given.pieces())
        repr(next(given))
        given.final(" ")
    if hasattr(given, "__next__"):
        list(given)
    repr(given)


@pytest.fixture(scope="module")
def taped(tmp_path_factory):
    """Record them all."""
    path = tmp_path_factory.mktemp("taped") / "tape.json"
    with record(path):
        agent()
    return Cassette.load(path).to_dict()


NAMES = (
    *("os:system", "subprocess:Popen", "builtins:eval", "eval", "antigravity:x", "tuple", "!tuple"),
    *("bytes[base64]", "bytes[json]", "type", "=tuple", "aiohttp.client_reqrep:ClientResponse"),
    *("ValueError", "OSError", "ExceptionGroup", "BaseException", "KeyboardInterrupt", "list"),
    *(f"{__name__}:{name}" for name in ("Plan", "Events", "taken", "CALLS")),
)
VALUES = (
    *(None, True, 0, -1, 3, 1.5, "", "a", "****", [], {}, ["iter", "next"], ["with"], ["await"]),
    *("value", "object", "generator", "async_generator", "iterator", "async_iterable"),
    *({"class": "os:system"}, {"class": "a", "offers": ["with"]}, [{"name": "status"}]),
    *([{"name": "status", "absent": True}], [{"name": "final", "stream": {}, "result": []}]),
)
FIELDS = (
    *("types", "error", "stream", "awaitable", "future", "concurrency", "unfinished", "parent"),
    *("form", "class", "offers", "manager", "returned", "left", "thrown", "uses", "at", "absent"),
)


def places_in(value):
    """Tell every place in a value: what it is in, and its key there."""
    items = list(value.items() if isinstance(value, dict) else enumerate(value))
    for key, item in items:
        yield value, key
        if isinstance(item, (dict, list)):
            yield from places_in(item)


def mutated(document, chance):
    """Change one to three places of the steps of a document."""
    changed = copy.deepcopy(document)
    for _ in range(chance.randint(1, 3)):
        holder, key = chance.choice(list(places_in(changed["steps"])))
        change = chance.choice(["set", "name", "remove", "add", "repeat"])
        if change == "set":
            holder[key] = copy.deepcopy(chance.choice(VALUES))
        elif change == "name":
            holder[key] = chance.choice(NAMES)
        elif change == "remove":
            del holder[key]
        elif change == "add" and isinstance(holder, dict):
            holder[chance.choice(FIELDS)] = copy.deepcopy(chance.choice(VALUES + NAMES))
        elif isinstance(holder, list):
            holder.insert(key, copy.deepcopy(holder[key]))
    return changed


def is_from_tape(error):
    """Tell whether an exception was raised because it is on tape, or by the agent of this test."""
    frame, _ = list(traceback.walk_tb(error.__traceback__))[-1]
    is_ours = HERE in Path(frame.f_code.co_filename).parents
    return not is_ours or frame.f_code.co_name in RAISED_AGAIN


# An edited cassette may say that a method has to be awaited which the agent does not await.
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("part", range(PARTS))
def test_an_edited_cassette_runs_nothing_and_fails_in_no_other_way(part, taped, tmp_path):
    """Whatever it says: it is refused, or replayed as far as that goes."""
    path = tmp_path / "tape.json"
    before = set(sys.modules)
    ran.clear()
    outcomes = set()
    faults = []
    for seed in range(part, EXAMPLES, PARTS):
        document = mutated(taped, random.Random(seed))
        try:
            Cassette.from_dict(document).save(path)
        except CassetteFormatError:
            outcomes.add("refused")
            continue
        outcomes.add("replayed")
        try:
            with replay(path, strict=seed // PARTS % 2 == 0):
                agent()
        except AgentCassetteError:
            outcomes.add("drifted")
        except BaseException as error:  # noqa: BLE001 - what is on tape may be any exception
            faults += [] if is_from_tape(error) else [(seed, error)]
    assert faults == []
    assert ran == []
    assert outcomes == {"refused", "replayed", "drifted"}
    assert {name for name in set(sys.modules) - before if "antigravity" in name} == set()
