"""The same call made by several at the same time: each gets the answer that it got."""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pydantic
import pytest

from agentcassette import Cassette, DivergenceError, intercept, record, replay, use_cassette
from agentcassette._lineage import Line, Link, begin, link

answers = itertools.count()
chance = random.Random()


@pytest.fixture
def tape(tmp_path):
    """Give the path of a cassette that does not exist."""
    return tmp_path / "tape.json"


def work():
    """Take a while."""
    time.sleep(chance.random() * 0.003)


@intercept
def ask(*said):
    """Answer, otherwise each time."""
    work()
    return (*said, next(answers))


@intercept
async def ask_later(*said):
    """Do the same, awaited."""
    await asyncio.sleep(chance.random() * 0.003)
    return (*said, next(answers))


@intercept
def look_up(city):
    """Answer the same, always."""
    work()
    return f"{city} is full"


def at_once(parts, context=contextvars.copy_context):
    """Run parts of an agent in threads that have the context of this one, as frameworks do."""
    with ThreadPoolExecutor(len(parts)) as pool:
        return [each.result() for each in [pool.submit(context().run, part) for part in parts]]


def conversation(number):
    """Ask something of one's own, then what all others ask as well, and go on from both."""

    def run():
        work()
        first = ask(number)
        work()
        second = at_once([lambda: ask("the weather"), lambda: ask("a room")])
        return ask(number, first, *second)

    return run


async def conversation_later(number):
    """Do the same, awaited."""
    await asyncio.sleep(chance.random() * 0.003)
    first = await ask_later(number)
    second = await asyncio.gather(ask_later("the weather"), ask_later("a room"))
    return await ask_later(number, first, *second)


async def all_later():
    """Hold several of them at once."""
    return await asyncio.gather(*map(conversation_later, range(4)))


AGENTS = {
    "threads": lambda: at_once([conversation(number) for number in range(4)]),
    "tasks": lambda: asyncio.run(all_later()),
}


@pytest.mark.parametrize("agent", AGENTS.values(), ids=AGENTS)
def test_each_gets_the_answer_that_it_got(agent, tape):
    """Although all of them ask the same, and each time in another order."""
    with record(tape):
        live = agent()
    for _ in range(10):
        with replay(tape, strict=True) as player:
            assert agent() == live
        assert player.remaining == 0


def test_what_is_not_the_same_call_tells_nothing_of_it(tape):
    """A cassette stays as short as it can be."""

    async def two():
        await asyncio.gather(ask_later(1), ask_later(2))

    with record(tape):
        asyncio.run(two())
        ask(1)
        ask(1)

    first, second, third, fourth = Cassette.load(tape).steps
    assert [set(step["concurrency"]) for step in (first, second)] == [{"start", "end"}] * 2
    assert third["concurrency"] == {"start": 4, "end": 5, "after": None}
    assert "concurrency" not in fourth


def test_an_update_keeps_it(tape):
    """It is copied with the steps."""

    @intercept
    def outer():
        return at_once([lambda: look_up("Rome"), lambda: look_up("Rome")])

    with record(tape):
        outer()
        ask("old")
    before = Cassette.load(tape).steps
    with use_cassette(tape, record_mode="update"):
        outer()
        ask("new")

    after = Cassette.load(tape).steps
    assert [step.get("concurrency") for step in before] == [
        step.get("concurrency") for step in after
    ]


class Turns:
    """Parts of an agent that go on when it is their turn."""

    def __init__(self, *order):
        self.order = list(order)
        self.moved = threading.Condition()

    def wait(self, name):
        """Go on when all that come before have gone on."""
        with self.moved:
            assert self.moved.wait_for(lambda: self.order[0] == name, 5)

    def done(self):
        """Let the next one go on."""
        with self.moved:
            self.order.pop(0)
            self.moved.notify_all()


def in_fresh_contexts(order):
    """Give an agent of two parts, each call of which is made in a context of its own.

    So the calls of a part are not known to be those of one part.
    """
    turns = Turns(*order, "end")

    def part(name):
        def run():
            for call in (look_up, ask):
                turns.wait(f"{name} {call.__name__}")
                contextvars.copy_context().run(call, "Rome" if call is look_up else name)
                turns.done()

        return run

    def agent():
        threads = [
            threading.Thread(target=contextvars.copy_context().run, args=[part(name)])
            for name in "ab"
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return agent


def test_which_of_two_calls_had_which_answer_is_no_drift_where_nobody_can_tell(tape):
    """The second part may be the quicker one now."""
    with record(tape):
        in_fresh_contexts(["a look_up", "a ask", "b look_up", "b ask"])()
    began = time.monotonic()
    with replay(tape, strict=True) as player:
        in_fresh_contexts(["b look_up", "a look_up", "a ask", "b ask"])()

    assert player.remaining == 0
    assert time.monotonic() - began < 0.9


def test_a_task_that_changes_its_own_order_drifts_all_the_same(tape):
    """It has nobody to be mistaken for, although another task is there."""

    async def agent(*, changed):
        done = asyncio.Event()
        other = asyncio.create_task(done.wait())
        look_up("Rome")
        calls = [lambda: ask_later("between"), lambda: later("Rome")]
        for call in reversed(calls) if changed else calls:
            await call()
        done.set()
        await other

    later = intercept(look_up_later, name="look_up")
    with record(tape):
        asyncio.run(agent(changed=False))
    with pytest.raises(DivergenceError), replay(tape, strict=True):
        asyncio.run(agent(changed=True))


async def look_up_later(city):
    """Answer the same, always, awaited."""
    return f"{city} is full"


def test_a_thread_of_a_pool_is_no_line_of_work():
    """It does the work of anybody."""
    begin(session := object())
    assert link(session, is_home=True).before is not None
    found = []
    thread = threading.Thread(
        target=lambda: found.append(contextvars.Context().run(link, session, is_home=False))
    )
    thread.start()
    thread.join()
    assert found == [None]


def test_calls_of_another_session_are_not_in_the_line():
    """Sessions follow each other in one context."""
    begin(object())
    assert link(object(), is_home=True).before is None


def test_lines_of_work():
    """One goes on from another in its task, or where the calls say so."""
    here, there = object(), object()
    first = Link(None, None)
    second = Link(None, first)

    assert Line(here, None).goes_on_from(Line(here, None))
    assert not Line(here, None).goes_on_from(Line(there, None))
    assert Line(here, second).goes_on_from(Line(there, first))
    assert not Line(here, first).goes_on_from(Line(there, second))


def test_calls_that_differ_in_what_a_framework_made_up_are_alike(tape):
    """They are told apart by what came before them."""
    made_up = "lc_00000000-0000-0000-0000-00000000000{}"

    async def one(number):
        block = {"id": made_up.format(chance.randrange(10)), "text": "hello"}
        return await ask_later(await ask_later(number), block)

    async def two():
        return await asyncio.gather(one(1), one(2))

    @intercept(name="ask_later")
    async def ask_later(first, block=None):
        await asyncio.sleep(chance.random() * 0.003)
        return first, next(answers)

    with record(tape):
        asyncio.run(two())
    steps = Cassette.load(tape).steps
    assert not any("after" in step.get("concurrency", ()) for step in steps)
    alike = [step["arguments"]["args"][1:] for step in steps if len(step["arguments"]["args"]) > 1]
    assert len(alike) == 2


class Message(pydantic.BaseModel):
    """A message as frameworks make them, with a number that is another one in every run."""

    numbers: ClassVar[list[int]] = []
    text: str
    number: int = pydantic.Field(default_factory=lambda: Message.numbers.pop(0))


def test_a_number_that_another_message_had_is_no_reason_to_take_its_answer(tape):
    """What is made up in each run may be by chance what another message was given."""

    @intercept
    async def answer(message):
        await asyncio.sleep(0)
        return next(answers)

    @intercept
    async def save(who, what):
        await asyncio.sleep(0)

    async def one(who):
        await save(who, await answer(Message(text="go")))

    async def two():
        await asyncio.gather(one("a"), one("b"))

    Message.numbers = [1, 2]
    with record(tape):
        asyncio.run(two())
    Message.numbers = [2, 3]
    with replay(tape, strict=True):
        asyncio.run(two())


def test_calls_that_are_the_same_but_for_what_is_ignored_tell_their_order(tape):
    """Two that shared a number when they were recorded don't go ahead of those before them."""

    @intercept(ignore=["kwargs.number"])
    async def answer(*, number):
        return number

    async def in_tasks(numbers):
        return [await asyncio.create_task(answer(number=number)) for number in numbers]

    with record(tape):
        asyncio.run(in_tasks([1, 2, 3, 3]))
    with replay(tape, strict=True):
        assert asyncio.run(in_tasks([5, 6, 7, 8])) == [1, 2, 3, 3]


def test_calls_with_and_without_a_keyword_tell_their_order(tape):
    """They are the same call, whichever way it is made."""

    @intercept
    async def answer(prompt):
        return next(answers), prompt

    async def in_tasks(*calls):
        return [await asyncio.create_task(call()) for call in calls]

    def plainly():
        return answer("x")

    def by_name():
        return answer(prompt="x")

    with record(tape):
        live = asyncio.run(in_tasks(plainly, by_name, plainly, by_name))
    with replay(tape, strict=True):
        assert asyncio.run(in_tasks(by_name, plainly, by_name, plainly)) == live
