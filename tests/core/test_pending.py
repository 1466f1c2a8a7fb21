"""What a run that failed has paid for: kept call by call, and used by the next run."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from agentcassette import (
    Cassette,
    DivergenceError,
    intercept,
    use_cassette,
)
from agentcassette._journal import Journal, read_journal
from agentcassette._sequence import Made, numbered

ran = []


@pytest.fixture(autouse=True)
def nothing_ran():
    """Count the live calls anew in each test."""
    ran.clear()


@pytest.fixture
def files(tmp_path):
    """Give the path of a cassette, and that of what is pending."""
    return tmp_path / "tape.json", tmp_path / "cache" / "tape.jsonl"


@intercept(kind="llm")
def ask(prompt):
    """Answer, otherwise each time."""
    ran.append(prompt)
    return {"answer": (prompt, len(ran))}


@intercept(kind="llm")
def stream(prompt):
    """Answer chunk by chunk."""
    ran.append(prompt)
    yield from prompt


@intercept(kind="tool")
def plan(prompts):
    """Make other calls."""
    ran.append("plan")
    return [ask(prompt) for prompt in prompts]


@intercept(kind="tool")
async def wait(seconds):
    """Take a while."""
    ran.append("wait")
    await asyncio.sleep(seconds)
    return seconds


def run(files, agent, mode="once", *, passes=True, **options):
    """Run an agent as a test framework does, and give what it returned and its session."""
    path, pending = files
    session = use_cassette(path, record_mode=mode, pending=pending, **options)
    session.open()
    try:
        told = agent()
    finally:
        if passes:
            session.end_body()
            session.commit()
        else:
            session.keep()
    return told, session


def prompts(*names):
    """Give an agent that asks one thing after the other."""
    return lambda: [ask(name) for name in names]


class TestKept:
    """A run that failed leaves what it has paid for, and no cassette."""

    def test_the_next_run_pays_for_the_rest_only(self, files):
        """And then the cassette is written, and nothing is pending any more."""
        told, _ = run(files, prompts("a", "b"), passes=False)
        path, pending = files
        assert (path.exists(), pending.exists()) == (False, True)
        again, session = run(files, prompts("a", "b", "c"))

        assert ran == ["a", "b", "c"]
        assert again[:2] == told
        assert session.resumed
        assert (session.face.replayed, session.face.recorded) == (2, 1)
        assert (path.exists(), pending.exists()) == (True, False)
        steps = Cassette.load(path).steps
        assert [step["arguments"]["args"] for step in steps] == [["a"], ["b"], ["c"]]

    def test_with_what_it_gave_in_its_own_types(self, files):
        """A pending call is as good as one of a cassette."""
        told, _ = run(files, prompts("a"), passes=False)
        again, _ = run(files, prompts("a"))

        assert again == told == [{"answer": ("a", 1)}]
        assert ran == ["a"]

    def test_without_secrets(self, files):
        """The file lies in a cache, and what lies in a cache gets around."""
        log_in = intercept(lambda: {"api_key": "sk-0123456789abcdef0123", "pin": 7}, name="log_in")
        run(files, log_in, passes=False, redact=["pin"])

        text = files[1].read_text()
        assert "sk-" not in text
        assert '{"api_key": "****", "pin": "****"}' in text
        assert run(files, log_in)[0] == {"api_key": "****", "pin": "****"}

    def test_from_the_first_drift_on_it_is_paid_again(self, files):
        """As in an update."""
        run(files, prompts("a", "b", "c"), passes=False)
        run(files, prompts("a", "x", "c"))

        assert ran == ["a", "b", "c", "x", "c"]

    def test_a_second_failure_keeps_what_is_new(self, files):
        """And does not forget what the first one left."""
        run(files, prompts("a"), passes=False)
        run(files, prompts("a", "b"), passes=False)
        run(files, prompts("a", "b", "c"))

        assert ran == ["a", "b", "c"]

    def test_a_run_that_did_not_come_as_far_takes_nothing_away(self, files):
        """It has paid for nothing."""
        run(files, prompts("a", "b"), passes=False)
        _, session = run(files, prompts("a"), passes=False)
        assert not session.keep()
        run(files, prompts("a", "b"))

        assert ran == ["a", "b"]

    def test_a_run_without_a_call_leaves_nothing(self, files):
        """There is nothing to keep."""
        _, session = run(files, lambda: None, passes=False)

        assert not files[1].exists()
        assert not session.resumed

    def test_once_with_a_cassette_does_not_ask_for_it(self, files):
        """The cassette answers, and nothing is written."""
        run(files, prompts("a"))
        run(files, prompts("a", "b"), "update", passes=False)
        _, session = run(files, prompts("a"))

        assert not session.resumed
        assert files[1].exists()

    def test_all_starts_afresh(self, files):
        """Everything is paid for, and replaces what was pending."""
        run(files, prompts("a"), passes=False)
        run(files, prompts("a"), "all", passes=False)
        assert ran == ["a", "a"]
        told, _ = run(files, prompts("a"))
        assert told[0]["answer"] == ("a", 2)

    def test_a_run_that_may_not_resume_starts_afresh(self, files):
        """Another attempt at a test is one."""
        run(files, prompts("a"), passes=False)
        run(files, prompts("a"), resume=False)

        assert ran == ["a", "a"]
        assert not files[1].exists()

    def test_none_neither_reads_nor_writes_it(self, files):
        """It never pays, so it has nothing to keep."""
        run(files, prompts("a"))
        with pytest.raises(DivergenceError):
            run(files, prompts("b"), "none", passes=False, strict=True)

        assert not files[1].exists()

    def test_without_a_file_nothing_is_kept(self, files):
        """Nobody has to have a place for it."""
        session = use_cassette(files[0])
        session.open()
        ask("a")

        assert not session.keep()

    def test_is_strict_about_nothing(self, files):
        """What was pending is no contract yet: a call that is not there is paid for."""
        run(files, prompts("a"), passes=False)
        run(files, prompts("b"), strict=True)

        assert ran == ["a", "b"]


class TestUpdates:
    """The same beside a cassette that is there."""

    def test_an_update_goes_on_where_it_failed(self, files):
        """The cassette stays as it was meanwhile."""
        run(files, prompts("a", "b"))
        before = files[0].read_bytes()
        run(files, prompts("a", "x", "y"), "update", passes=False)
        assert files[0].read_bytes() == before
        run(files, prompts("a", "x", "y", "z"), "update")

        assert ran == ["a", "b", "x", "y", "z"]
        steps = Cassette.load(files[0]).steps
        assert [step["arguments"]["args"][0] for step in steps] == ["a", "x", "y", "z"]

    def test_an_update_that_was_answered_by_the_cassette_alone(self, files):
        """It has paid for nothing."""
        run(files, prompts("a", "b"))
        run(files, prompts("a"), "update", passes=False)

        assert not files[1].exists()


class TestForms:
    """Calls that are no simple ones."""

    def test_calls_inside_of_calls(self, files):
        """They are kept as such."""
        run(files, lambda: plan(["a", "b"]), passes=False)
        run(files, lambda: [plan(["a", "b"]), ask("c")])

        assert ran == ["plan", "a", "b", "c"]
        parents = [step.get("parent") for step in Cassette.load(files[0]).steps]
        assert parents == [None, 0, 0, None]

    def test_a_call_that_had_not_ended_is_made_again(self, files):
        """What was called inside of it was paid for, and answers."""

        @intercept
        def outer(*, breaks):
            told = ask("inner")
            if breaks:
                raise KeyboardInterrupt
            return told

        def agent(*, breaks):
            try:
                return outer(breaks=breaks)
            except KeyboardInterrupt:
                return None

        run(files, lambda: agent(breaks=True), passes=False)
        run(files, lambda: ask("inner"))
        assert ran == ["inner"]

    def test_calls_at_the_same_time(self, files):
        """Their places are kept."""

        async def both():
            return await asyncio.gather(wait(0.02), wait(0.01))

        run(files, lambda: asyncio.run(both()), passes=False)
        run(files, lambda: asyncio.run(both()))

        assert ran == ["wait", "wait"]
        first, second = Cassette.load(files[0]).steps
        assert first["concurrency"] == {"start": 0, "end": 3}
        assert second["concurrency"] == {"start": 1, "end": 2}

    def test_a_stream(self, files):
        """Once it was read to its end."""
        run(files, lambda: list(stream("ab")), passes=False)
        told, _ = run(files, lambda: list(stream("ab")))

        assert told == ["a", "b"]
        assert ran == ["ab"]

    def test_a_stream_of_which_the_run_failed(self, files):
        """It may be read further the next time."""

        def agent():
            for _ in stream("ab"):
                raise ValueError

        with pytest.raises(ValueError):  # noqa: PT011 - it has no text
            run(files, agent, passes=False)
        told, _ = run(files, lambda: list(stream("ab")))

        assert told == ["a", "b"]
        assert ran == ["ab", "ab"]

    def test_a_stream_that_was_left_on_purpose(self, files):
        """The run went on after it."""

        def agent():
            return next(stream("ab")), ask("c")

        run(files, agent, passes=False)
        run(files, agent)

        assert ran == ["ab", "c"]

    def test_a_call_that_was_cancelled_on_purpose(self, files):
        """The run went on after it, and it waits to be cancelled again."""

        async def race():
            try:
                await asyncio.wait_for(wait(30), 0.05)
            except asyncio.TimeoutError:
                return ask("instead")

        run(files, lambda: asyncio.run(race()), passes=False)
        run(files, lambda: asyncio.run(race()))

        assert ran == ["wait", "instead"]

    def test_a_call_of_which_the_run_was_cancelled(self, files):
        """It is made again: the model may be quicker the next time."""

        async def late(seconds):
            return await asyncio.wait_for(wait(seconds), 0.05)

        with pytest.raises(asyncio.TimeoutError):
            run(files, lambda: [ask("a"), asyncio.run(late(30))], passes=False)
        began = time.monotonic()
        run(files, lambda: [ask("a"), asyncio.run(late(0))])

        assert ran == ["a", "wait", "wait"]
        assert time.monotonic() - began < 1

    def test_calls_of_threads(self, files):
        """Each is kept when it ends, whoever makes it."""

        def agent():
            threads = [threading.Thread(target=ask, args=(name,)) for name in "abcdef"]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        run(files, agent, passes=False)
        run(files, agent)

        assert sorted(ran) == list("abcdef")


CRASHING = """
import os, signal, sys
from agentcassette import intercept, use_cassette

path, pending, *prompts = sys.argv[1:]

@intercept
def ask(prompt):
    print(prompt, flush=True)
    if prompt == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    return prompt.upper()

session = use_cassette(path, pending=pending)
session.open()
for prompt in prompts:
    ask(prompt)
session.end_body()
session.commit()
"""


def crash(files, *names):
    """Run an agent in a process of its own, and give what it asked."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CRASHING), *map(str, files), *names],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ},
    )
    return done.stdout.split(), done.returncode


class TestCrashes:
    """A process that is killed loses nothing but the call that it was in."""

    def test_killed_in_the_middle_of_a_run(self, files):
        """The next run pays for what is left."""
        assert crash(files, "a", "b", "die") == (["a", "b", "die"], -9)
        assert crash(files, "a", "b", "c") == (["c"], 0)
        assert [step["result"] for step in Cassette.load(files[0]).steps] == ["A", "B", "C"]

    def test_killed_before_it_came_as_far_as_the_last_run(self, files):
        """What the last run has paid for is still there."""
        crash(files, "a", "b", "die")
        crash(files, "a", "die")
        assert crash(files, "a", "b", "c") == (["c"], 0)


class TestJournal:
    """The file: what can't be read is passed over, for it can be paid for again."""

    CALL = Made(1, 2, None, None, {"name": "ask", "arguments": {"args": [], "kwargs": {}}})

    def test_a_line_that_was_cut_off(self, files):
        """The calls before it count."""
        journal = Journal(files[1], {"version": 1})
        journal.begin([self.CALL])
        journal.add(self.CALL._replace(start=3, end=4))
        files[1].write_bytes(files[1].read_bytes()[:-20])

        assert len(read_journal(files[1])["steps"]) == 1

    def test_a_call_that_tells_more_later(self, files):
        """The last line about it counts."""
        journal = Journal(files[1], {"version": 1})
        journal.begin([self.CALL])
        journal.add(self.CALL._replace(end=9, fields={**self.CALL.fields, "result": 5}))

        (step,) = read_journal(files[1])["steps"]
        assert step["result"] == 5

    def history(self, length):
        """Give the call that a conversation of so many messages makes."""
        messages = [{"role": "user", "content": f"{at} {'x' * 900}"} for at in range(length)]
        fields = {"name": "ask", "arguments": {"args": [messages], "kwargs": {}}}
        return Made(2 * length, 2 * length + 1, None, None, fields)

    def test_a_history_that_grows(self, files):
        """It takes as much room as what is new in it, also where the file is begun anew."""
        journal = Journal(files[1], {"version": 1})
        calls = [self.history(length) for length in range(40)]
        journal.begin([self.CALL])
        journal.begin(calls[:20])
        for call in calls[20:]:
            journal.add(call)

        assert files[1].stat().st_size < 60_000
        steps = read_journal(files[1])["steps"]
        assert [step["arguments"] for step in steps] == [call.fields["arguments"] for call in calls]

    def test_a_line_that_others_refer_to(self, files):
        """Where it is damaged they can't be read, and those that refer to no such line can."""
        journal = Journal(files[1], {"version": 1})
        journal.begin([self.history(2), self.history(3), self.CALL._replace(start=90, end=91)])
        first, second, third, last = files[1].read_text().splitlines()
        files[1].write_text("\n".join([first, second[:-9], third, last, "5"]))

        (step,) = read_journal(files[1])["steps"]
        assert step["arguments"] == self.CALL.fields["arguments"]

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "\n",
            "[]\n",
            "{}\n",
            '{"agentcassette": 1}\n{"at": [1, 2, null], "step": {}}\n',
            '{"agentcassette": 2}\n',
            '{"agentcassette": 2}\n5\n',
            '{"agentcassette": 2}\n{"at": [1], "step": {"name":"","arguments":{},"types":5}}\n',
            '{"agentcassette": 2}\n{"at": [1, 2, null], "step": {"name": "ask", "arguments": 5}}\n',
            '{"agentcassette": 2}\n{"at": 5, "step": {}}\n',
            '{"agentcassette": 2}\n{"at": ["a", 2, null], "step": {}}\n',
            '{"agentcassette": 2}\n{"at": [1, "b", null], "step": {}}\n',
            '{"agentcassette": 2}\n{"at": [1, 2, null], "step": 5}\n',
            '{"agentcassette": 2}\n{"at": [1, 2, null], "step": {"name": "ask"}}\n',
            "\xff\n",
        ],
    )
    def test_what_is_no_journal(self, files, text):
        """It is as if it were not there."""
        files[1].parent.mkdir()
        files[1].write_bytes(text.encode("latin-1"))

        assert read_journal(files[1]) is None

    def test_what_is_no_step(self, files):
        """A session passes it over, and pays."""
        files[1].parent.mkdir()
        files[1].write_text(
            json.dumps({"agentcassette": 2, "version": 1})
            + "\n"
            + json.dumps({"at": [1, 2, None], "step": {"name": 5, "arguments": {}}})
        )
        run(files, prompts("a"))

        assert ran == ["a"]

    def test_a_file_in_the_way(self, files):
        """It is no folder, so there is nothing in it."""
        files[1].parent.write_text("")

        assert read_journal(files[1]) is None

    def test_a_place_that_can_not_be_written(self, files):
        """The agent goes on, and it is told in the end."""
        files[1].parent.write_text("")
        session = use_cassette(files[0], pending=files[1])
        session.open()
        prompts("a", "b")()

        with pytest.raises(FileExistsError):
            session.keep()

    def test_places_without_a_gap(self):
        """Calls that were left out leave none."""
        calls = [
            Made(7, 9, 4, 4, {"name": "inner"}),
            Made(4, 12, 2, None, {"name": "outer"}),
            Made(20, None, None, 4, {"name": "last"}),
        ]
        assert numbered(calls) == [
            {"index": 0, "name": "outer", "concurrency": {"start": 0, "end": 3}},
            {"index": 1, "name": "inner", "concurrency": {"start": 1, "end": 2}, "parent": 0},
            {"index": 2, "name": "last", "concurrency": {"start": 4, "end": None}},
        ]
