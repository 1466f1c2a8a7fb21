"""What a drift message says, to the letter."""

from __future__ import annotations

import pytest

from agentcassette import Cassette, DivergenceError, ReplayExhausted
from agentcassette._asked import Asked
from agentcassette._drifting import Drifting, Terms
from agentcassette._explaining import Drift, explain
from agentcassette._ignoring import compile_ignores
from agentcassette._matching import Tape
from agentcassette._redaction import Redactor

RERECORD = Terms(
    strict=True,
    gives_way=False,
    path="tests/cassettes/test_plan.json",
    mode="once",
    rerecord="pytest tests/test_agent.py::test_plan --record-mode=update",
    cost=lambda: "1,512 tokens and 1.8 s",
)
SHORT = Terms(strict=True, gives_way=False, path="tape.json", mode="none")
HISTORY = [
    {"role": "system", "content": "You plan trips."},
    {"role": "user", "content": "A weekend in Rome, please."},
]
WEEK = [HISTORY[0], {"role": "user", "content": "A week in Rome, please."}]
RUN = [("ask", {"messages": HISTORY, "model": "small"}), ("search", {"query": "Rome"})]


def tape(*calls, **fields):
    """Make a tape of calls by name."""
    steps = [{"name": name, "arguments": {"args": [], "kwargs": known}} for name, known in calls]
    return Tape(
        Cassette([{**step, **fields} for step in steps]).steps,
        typed=True,
        redactor=Redactor(["api_key"], environ={}),
    )


def asked(name, *args, types=None, parameters=(), ignore=(), **kwargs):
    """Make a call."""
    return Asked(
        name=name,
        kind="llm",
        arguments={"args": [*args], "kwargs": kwargs},
        types=types or {},
        volatile=(),
        parameters=parameters,
        ignore=compile_ignores(ignore),
    )


# The steps that were played, how the drift is asked for, the class of the error, and its text.
DRIFTS = {
    "an argument that differs": (
        [],
        lambda drifts: drifts.divergence(
            asked("ask", WEEK, "small", parameters=("messages", "model")),
            0,
            "the arguments differ",
        ),
        """\
Replay diverged at step 0: ask differs at messages[1].content
  cassette: tests/cassettes/test_plan.json (record mode once, 0 of 2 steps played)
  the call: ask(messages=[2 items], model="small")
    messages[1].content: "A weekend in Rome, please." -> "A week in Rome, please."
  if the change is meant: pytest tests/test_agent.py::test_plan --record-mode=update
  (recording it all cost 1,512 tokens and 1.8 s the last time)""",
    ),
    "several arguments that differ": (
        [0],
        lambda drifts: drifts.divergence(
            asked("search", query="rome", limit=5), 1, "the arguments differ"
        ),
        """\
Replay diverged at step 1: search differs at query
  cassette: tests/cassettes/test_plan.json (record mode once, 1 of 2 steps played)
  recorded: search(query="Rome")
  now:      search(query="rome", limit=5)
    query: "Rome" -> "rome"
    + limit: 5
  if the change is meant: pytest tests/test_agent.py::test_plan --record-mode=update
  (recording it all cost 1,512 tokens and 1.8 s the last time)""",
    ),
    "another call": (
        [],
        lambda drifts: drifts.divergence(asked("look"), 0, "another call was recorded"),
        """\
Replay diverged at step 0: look is called where ask was
  cassette: tests/cassettes/test_plan.json (record mode once, 0 of 2 steps played)
  recorded: ask(messages=[2 items], model="small")
  now:      look()
  if the change is meant: pytest tests/test_agent.py::test_plan --record-mode=update
  (recording it all cost 1,512 tokens and 1.8 s the last time)""",
    ),
    "a call that comes too early": (
        [],
        lambda drifts: drifts.divergence(asked("search", query="Rome"), 0, "out of order"),
        """\
Replay diverged at step 0: search is called where ask was
  cassette: tests/cassettes/test_plan.json (record mode once, 0 of 2 steps played)
  recorded: ask(messages=[2 items], model="small")
  now:      search(query="Rome")
  an equal call comes later on tape, as step 1
  if the change is meant: pytest tests/test_agent.py::test_plan --record-mode=update
  (recording it all cost 1,512 tokens and 1.8 s the last time)""",
    ),
    "a call that is made again": (
        [0],
        lambda drifts: drifts.divergence(
            asked("ask", messages=HISTORY, model="small"), 1, "another call was recorded"
        ),
        """\
Replay diverged at step 1: ask is called where search was
  cassette: tests/cassettes/test_plan.json (record mode once, 1 of 2 steps played)
  recorded: search(query="Rome")
  now:      ask(messages=[2 items], model="small")
  an equal call was made before, and answered by step 0
  if the change is meant: pytest tests/test_agent.py::test_plan --record-mode=update
  (recording it all cost 1,512 tokens and 1.8 s the last time)""",
    ),
    "a stream that is read further": (
        [0],
        lambda drifts: drifts.divergence(
            asked("ask", messages=HISTORY, model="small"),
            0,
            "the stream is read further than recorded",
        ),
        """\
Replay diverged at step 0: ask, the stream is read further than recorded
  cassette: tests/cassettes/test_plan.json (record mode once, 1 of 2 steps played)
  the call: ask(messages=[2 items], model="small")
  if the change is meant: pytest tests/test_agent.py::test_plan --record-mode=update
  (recording it all cost 1,512 tokens and 1.8 s the last time)""",
    ),
    "a step that was never played": (
        [0],
        lambda drifts: drifts.never_called(1),
        """\
Replay diverged at step 1: search was never called
  cassette: tests/cassettes/test_plan.json (record mode once, 1 of 2 steps played)
  recorded: search(query="Rome")
  if the change is meant: pytest tests/test_agent.py::test_plan --record-mode=update
  (recording it all cost 1,512 tokens and 1.8 s the last time)""",
    ),
    "one call too many": (
        [0, 1],
        lambda drifts: drifts.exhausted(asked("look", "Rome")),
        """\
Replay exhausted at step 2: look is called once more than recorded
  cassette: tests/cassettes/test_plan.json (record mode once, 2 of 2 steps played)
  now:      look("Rome")
  if the change is meant: pytest tests/test_agent.py::test_plan --record-mode=update
  (recording it all cost 1,512 tokens and 1.8 s the last time)""",
    ),
    "one call too many, which was made before": (
        [0, 1],
        lambda drifts: drifts.exhausted(asked("search", query="Rome")),
        """\
Replay exhausted at step 2: search is called once more than recorded
  cassette: tests/cassettes/test_plan.json (record mode once, 2 of 2 steps played)
  now:      search(query="Rome")
  an equal call was made before, and answered by step 1
  if the change is meant: pytest tests/test_agent.py::test_plan --record-mode=update
  (recording it all cost 1,512 tokens and 1.8 s the last time)""",
    ),
}


@pytest.mark.parametrize(("played", "make", "text"), DRIFTS.values(), ids=DRIFTS)
def test_a_drift_says_where_what_and_what_to_do(played, make, text):
    """The first line becomes the summary line, and twenty of them fit on a screen."""
    replayed = tape(*RUN)
    for index in played:
        replayed.play(index)

    error = make(Drifting(replayed, RERECORD))

    assert str(error) == text


def test_an_error_carries_the_step_and_the_call():
    """As they are on tape and as they were made, for programs to look at."""
    drifts = Drifting(tape(*RUN), SHORT)
    call = asked("search", "rome", parameters=("query",))
    made = {"name": "search", "arguments": {"args": ["rome"], "kwargs": {}}}
    search = {"name": "search", "arguments": {"args": [], "kwargs": {"query": "Rome"}}}

    diverged = drifts.divergence(call, 1, "the arguments differ")
    owed = drifts.never_called(1)
    exhausted = drifts.exhausted(call)

    assert type(diverged) is type(owed) is DivergenceError
    assert type(exhausted) is ReplayExhausted
    assert (diverged.step_index, diverged.expected, diverged.actual) == (1, search, made)
    assert (owed.step_index, owed.expected, owed.actual) == (1, search, None)
    assert (exhausted.step_index, exhausted.expected, exhausted.actual) == (2, None, made)


def test_no_secret_reaches_a_message():
    """A cassette of another writer may hold some, under keys that this session redacts."""
    drifts = Drifting(tape(("ask", {"api_key": "s3cr3t", "n": 1})), RERECORD)
    call = asked("ask", api_key="****", n=2)

    for error in (drifts.divergence(call, 0, "the arguments differ"), drifts.never_called(0)):
        assert "s3cr3t" not in str(error)
        assert "s3cr3t" not in repr(vars(error))
        assert error.expected["arguments"]["kwargs"]["api_key"] == "****"


# Only what a message says of the call; the rest is above.
CALLS = {
    "a type that differs": (
        ("f", {"a": [1], "b": [2]}),
        asked("f", a=[1], b=[2], types={"/kwargs/a": "tuple"}),
        """\
Replay diverged at step 0: f differs at a
  cassette: tape.json (record mode none, 0 of 1 steps played)
  the call: f(a=[1 item], b=[1 item])
    a: list -> tuple""",
    ),
    "a number of another type": (
        ("f", {"n": 1}),
        asked("f", n=1.0),
        """\
Replay diverged at step 0: f differs at n
  cassette: tape.json (record mode none, 0 of 1 steps played)
  recorded: f(n=1)
  now:      f(n=1.0)
    n: 1 (int) -> 1.0 (float)""",
    ),
    "arguments without names": (
        ("f", {}),
        asked("f", "x", [1, 2], types={"/args/1": "tuple"}),
        """\
Replay diverged at step 0: f differs at args
  cassette: tape.json (record mode none, 0 of 1 steps played)
  recorded: f()
  now:      f("x", [2 items])
    + args: ["x", [1, 2]]""",
    ),
    "what is ignored": (
        ("f", {"id": 1, "q": "a"}),
        asked("f", id=2, q="b", ignore=("kwargs.id",)),
        """\
Replay diverged at step 0: f differs at q
  cassette: tape.json (record mode none, 0 of 1 steps played)
  recorded: f(q="a")
  now:      f(q="b")
    q: "a" -> "b\"""",
    ),
    "values of every kind": (
        ("f", {"a": None, "b": [], "c": {}, "d": {"k": "v" * 99}, "e": "t" * 99}),
        asked("f", a=None, b=[], c={}, d={"k": "v" * 99}, e="t" * 98),
        f"""\
Replay diverged at step 0: f differs at e
  cassette: tape.json (record mode none, 0 of 1 steps played)
  the call: f(a=null, b=[], c={{}}, d={{"k": "{"v" * 32}…, e="{"t" * 18}…
    e:
      - …"{"t" * 44}"
      + …"{"t" * 43}\"""",
    ),
    "what a terminal would obey": (
        ("f", {"a": "\x1b[2J", "\x7f": "\x9b"}),
        asked("f", **{"a": "\x1b[2J", "\x7f": "\ud800"}),
        """\
Replay diverged at step 0: f differs at ["\\x7f"]
  cassette: tape.json (record mode none, 0 of 1 steps played)
  recorded: f(a="\\u001b[2J", \\x7f="\\x9b")
  now:      f(a="\\u001b[2J", \\x7f="\\ud800")
    ["\\x7f"]: "\\x9b" -> "\\ud800\"""",
    ),
}


@pytest.mark.parametrize(("recorded", "now", "text"), CALLS.values(), ids=CALLS)
def test_a_call_is_shown_as_it_is_compared(recorded, now, text):
    """By name, shortened, and without what is not compared."""
    error = Drifting(tape(recorded), SHORT).divergence(now, 0, "the arguments differ")

    assert str(error) == text


def test_a_long_difference_is_cut():
    """What else differs can be counted, and the message stays on one screen."""
    recorded = {f"key{number}": number for number in range(50)}
    now = {name: value + 1 for name, value in recorded.items()}

    text = str(Drifting(tape(("f", recorded)), RERECORD).divergence(asked("f", **now), 0, ""))

    assert len(text.splitlines()) == 18
    assert "    … 39 more differences" in text.splitlines()
    assert max(map(len, text.splitlines())) <= 100


def test_a_call_that_differs_in_nothing_that_can_be_shown_has_its_reason():
    """Minus zero is not zero, and no path leads to the sign."""
    drift = Drift(
        at=3,
        recorded={"name": "f", "arguments": {"args": [], "kwargs": {"n": 0.0}}, "types": {}},
        now={"name": "f", "arguments": {"args": [], "kwargs": {"n": -0.0}}, "types": {}},
        path="tape.json",
        mode="once",
        played=3,
        total=4,
        reason="the arguments differ",
    )

    assert explain(drift) == (
        "Replay diverged at step 3: f, the arguments differ\n"
        "  cassette: tape.json (record mode once, 3 of 4 steps played)\n"
        "  recorded: f(n=0.0)\n"
        "  now:      f(n=-0.0)"
    )
