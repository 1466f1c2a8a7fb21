"""Sessions: what is recorded, what is replayed and what is written, in each record mode."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import os
import threading
import time
import warnings
from pathlib import Path
from unittest import mock

import pytest

from agentcassette import (
    Cassette,
    CassetteFormatError,
    CassetteNotFound,
    DivergenceError,
    intercept,
    record,
    replay,
    use_cassette,
)

MODES = ("once", "none", "all", "update")


class Agent:
    """An agent with one intercepted callable, which notes each live run."""

    def __init__(self):
        self.runs = []
        self.ask = intercept(self.run_live, name="ask", kind="llm")

    def run_live(self, prompt):
        """Stand for a call that costs money."""
        self.runs.append(prompt)
        return {"text": f"{prompt} #{len(self.runs)}"}


@pytest.fixture
def agent():
    """Give a fresh agent."""
    return Agent()


@pytest.fixture
def tape(tmp_path):
    """Give the path of a cassette that does not exist."""
    return tmp_path / "tape.json"


@pytest.fixture
def recorded(tape, agent):
    """Give the path of a cassette of two calls."""
    with record(tape):
        agent.ask("a")
        agent.ask("b")
    agent.runs.clear()
    return tape


def fail(error):
    """Raise an exception, as an expression."""
    raise error


def modes_of(path, **options):
    """Sessions of every kind for a path."""
    return [
        record(path, **options),
        replay(path, **options),
        *(use_cassette(path, record_mode=mode, **options) for mode in MODES),
    ]


class TestRecording:
    """`record` runs every call, and writes when the block has ended well."""

    def test_the_file(self, tape, agent):
        """It has the field names of the format, and ends with a newline."""
        with record(tape, model="small") as recorder:
            agent.ask("hello")
            assert not tape.exists()

        document = json.loads(tape.read_text("utf-8"))
        (step,) = document["steps"]
        assert tape.read_text("utf-8").endswith("}\n")
        assert document["version"] == 1
        assert document["model"] == "small"
        assert document["recorded_at"].endswith("Z")
        assert document["duration_ms"] >= step["duration_ms"] > 0
        assert {name: step[name] for name in ("index", "type", "name", "arguments", "result")} == {
            "index": 0,
            "type": "llm",
            "name": "ask",
            "arguments": {"args": ["hello"], "kwargs": {}},
            "result": {"text": "hello #1"},
        }
        assert recorder.cassette.to_dict() == document

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
    def test_an_error_of_the_block_writes_nothing(self, recorded, agent, error):
        """The last good recording stays, byte for byte."""
        before = recorded.read_bytes()
        session = record(recorded)
        with pytest.raises(error), session:
            agent.ask("c") and fail(error)

        assert recorded.read_bytes() == before
        assert session.face.cassette is None
        assert os.listdir(recorded.parent) == [recorded.name]  # noqa: PTH208 - names

    def test_no_call_is_an_empty_cassette(self, tape):
        """Whoever says record gets a recording."""
        with record(tape):
            pass

        assert len(Cassette.load(tape)) == 0

    def test_the_old_recording_is_replaced(self, recorded, agent):
        """Nothing is appended."""
        with record(recorded):
            agent.ask("c")

        assert [step["arguments"]["args"] for step in Cassette.load(recorded).steps] == [["c"]]

    def test_the_label_of_the_model_stays(self, tape, agent):
        """It is told once."""
        with record(tape, model="small"):
            agent.ask("a")
        with record(tape):
            agent.ask("b")

        assert Cassette.load(tape).model == "small"

    def test_the_working_directory_may_change(self, tmp_path, agent, monkeypatch):
        """The cassette stays where it was said to be when the session opened."""
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        monkeypatch.chdir(tmp_path)
        with record("tape.json"):
            agent.ask("a")
            monkeypatch.chdir(elsewhere)

        assert (tmp_path / "tape.json").exists()
        assert list(elsewhere.iterdir()) == []

    def test_a_file_that_can_not_be_written(self, tmp_path, agent):
        """The error is that of the file system, and the session is over."""
        (tmp_path / "folder").write_text("no folder")
        session = use_cassette(tmp_path / "tape.json")
        session.open()
        agent.ask("a")
        (tmp_path / "tape.json").mkdir()
        with pytest.raises(OSError, match="tape"):
            session.commit()

        agent.ask("b")
        assert agent.runs == ["a", "b"]
        with record(tmp_path / "other.json"):
            pass

    def test_a_value_that_can_not_be_restored_is_told(self, tape):
        """Once a place, with the step, the type and the remedy."""
        connect = intercept(lambda: {"lock": threading.Lock()}, name="connect")
        with pytest.warns(UserWarning, match="be restored") as warned, record(tape):
            connect()

        (warning,) = warned
        assert "step 0, connect: a " in str(warning.message)
        assert "lock at /result/lock can't be restored" in str(warning.message)
        assert "register_type" in str(warning.message)

    def test_arguments_that_can_not_be_restored_are_not_told(self, tape, recwarn):
        """They are only compared."""
        ask = intercept(lambda client: None, name="ask")
        with record(tape):
            ask(threading.Lock())

        assert list(recwarn) == []


class TestFilesThatAreNoCassette:
    """Another file is never taken for a missing cassette, and never overwritten."""

    @pytest.mark.parametrize(
        "content",
        [b"", b"not json", b'{"version": 99, "steps": []}', b"[1, 2]", b"<<<<<<< ours\n", b"\xff"],
        ids=["empty", "text", "unknown version", "list", "conflict", "binary"],
    )
    def test_are_refused_before_any_call_runs(self, tape, agent, content):
        """In every mode, whether it would read or write."""
        tape.write_bytes(content)
        for session in modes_of(tape):
            with pytest.raises(CassetteFormatError, match=r"tape\.json"), session:
                agent.ask("a")

        assert agent.runs == []
        assert tape.read_bytes() == content

    def test_a_folder_is_refused(self, tape, agent):
        """The path may have been given wrong."""
        tape.mkdir()
        for session in modes_of(tape):
            with pytest.raises(CassetteFormatError, match="folder"), session:
                agent.ask("a")

        assert agent.runs == []

    def test_the_context_is_free_again(self, tape, agent):
        """A session that did not open is not open."""
        tape.write_text("no cassette")
        with pytest.raises(CassetteFormatError), record(tape):
            pass
        with record(tape.with_name("other.json")):
            agent.ask("a")

        assert agent.runs == ["a"]


class TestModes:
    """What each mode does with a call on tape, with another one, and without a cassette."""

    @pytest.mark.parametrize("mode", ["once", "all", "update"])
    def test_without_a_cassette_it_records(self, tape, agent, mode):
        """And says so."""
        with use_cassette(tape, record_mode=mode) as recorder:
            agent.ask("a")

        assert (recorder.mode, recorder.recorded, recorder.replayed) == (mode, 1, 0)
        assert len(Cassette.load(tape)) == 1

    @pytest.mark.parametrize("mode", ["once", "none", "update"])
    def test_a_call_on_tape_is_replayed(self, recorded, agent, mode):
        """Nothing runs, nothing is written."""
        before = recorded.read_bytes(), recorded.stat().st_mtime_ns
        with use_cassette(recorded, record_mode=mode) as face:
            answers = [agent.ask("a"), agent.ask("b")]

        assert answers == [{"text": "a #1"}, {"text": "b #2"}]
        assert agent.runs == []
        assert (face.recorded, face.replayed) == (0, 2)
        assert (recorded.read_bytes(), recorded.stat().st_mtime_ns) == before

    def test_all_runs_it(self, recorded, agent):
        """And replaces the cassette."""
        with use_cassette(recorded, record_mode="all") as recorder:
            agent.ask("a")

        assert agent.runs == ["a"]
        assert len(Cassette.load(recorded)) == 1
        assert recorder.cassette.to_dict() == Cassette.load(recorded).to_dict()

    @pytest.mark.parametrize("mode", ["once", "none"])
    def test_another_call_is_drift(self, recorded, agent, mode):
        """It never calls out."""
        before = recorded.read_bytes()
        session = use_cassette(recorded, record_mode=mode, strict=True)
        with pytest.raises(DivergenceError), session:
            agent.ask("c")

        assert agent.runs == []
        assert recorded.read_bytes() == before

    def test_none_without_a_cassette_fails_at_the_first_call(self, tape, agent):
        """In one line that names the path, and what to do."""
        session = use_cassette(tape, record_mode="none", rerecord="pytest --record-mode=once")
        with pytest.raises(CassetteNotFound) as raised, session:
            agent.ask("a")

        assert agent.runs == []
        cause = f"no cassette at {tape} and --record-mode=none"
        assert str(raised.value) == f"{cause}: record it with pytest --record-mode=once"

    def test_a_script_is_told_in_its_own_words(self, tape, agent):
        """It has no options of pytest."""
        with pytest.raises(CassetteNotFound) as raised, use_cassette(tape, record_mode="none"):
            agent.ask("a")

        cause = f"no cassette at {tape} and record_mode='none'"
        assert str(raised.value) == f"{cause}: record it with record_mode='once'"

    def test_none_without_a_cassette_sticks(self, tape, agent):
        """A retry loop can't bury it."""
        session = use_cassette(tape, record_mode="none")
        player = session.open()
        for _ in range(3):
            with pytest.raises(CassetteNotFound):
                agent.ask("a")
        with pytest.raises(CassetteNotFound), contextlib.ExitStack() as stack:
            stack.push(session)

        assert agent.runs == []
        assert (player.replayed, player.remaining, player.cursor) == (0, 0, 0)

    @pytest.mark.parametrize("mode", MODES)
    def test_a_run_without_a_call_needs_and_writes_nothing(self, tape, mode):
        """Many tests of a suite make none."""
        with use_cassette(tape, record_mode=mode, strict=True):
            pass

        assert not tape.exists()

    @pytest.mark.parametrize("mode", MODES)
    def test_what_was_there_when_it_opened_can_be_asked(self, recorded, mode):
        """Also where it is going to be replaced."""
        session = use_cassette(recorded, record_mode=mode)
        session.open()
        session.discard()

        assert len(session.cassette) == 2

    def test_an_unknown_mode(self, tape):
        """The error lists those that there are."""
        with pytest.raises(ValueError, match="no record mode 'rewrite': there are once, none, all"):
            use_cassette(tape, record_mode="rewrite")


class TestUpdate:
    """`update` answers from the tape up to the first drift, and pays for the rest."""

    @pytest.mark.parametrize(
        ("prompts", "runs"),
        [
            (["a", "b"], []),
            (["a"], []),
            (["a", "b", "c"], ["c"]),
            (["a", "x", "b"], ["x", "b"]),
            (["b", "a"], ["b", "a"]),
            (["x", "a", "b"], ["x", "a", "b"]),
        ],
        ids=["same", "shorter", "longer", "changed", "swapped", "from the start"],
    )
    def test_pays_from_the_first_drift_on(self, recorded, agent, prompts, runs):
        """And the cassette is that of the new run."""
        with use_cassette(recorded, record_mode="update") as recorder:
            answers = [agent.ask(prompt)["text"] for prompt in prompts]

        steps = Cassette.load(recorded).steps
        assert agent.runs == runs
        assert [step["result"]["text"] for step in steps] == answers
        assert [step["arguments"]["args"][0] for step in steps] == prompts
        assert (recorder.replayed, recorder.recorded) == (len(prompts) - len(runs), len(runs))
        assert [call.replayed for call in recorder.calls()].count(False) == len(runs)

    def test_an_error_of_the_block_writes_nothing(self, recorded, agent):
        """The last good recording stays."""
        before = recorded.read_bytes()
        with pytest.raises(ValueError, match="no"), use_cassette(recorded, record_mode="update"):
            agent.ask("x") and fail(ValueError("no"))

        assert recorded.read_bytes() == before

    def test_steps_inside_of_a_replayed_call_stay(self, tape, agent):
        """They were paid for; the outer call that is answered does not make them again."""

        @intercept
        def research(topic):
            return [agent.ask(f"{topic} {part}")["text"] for part in (1, 2)]

        def run(*more):
            research("x")
            for prompt in more:
                agent.ask(prompt)

        with record(tape):
            run()
        before = tape.read_bytes()
        with use_cassette(tape, record_mode="update"):
            run()
        untouched = tape.read_bytes()
        with use_cassette(tape, record_mode="update") as recorder:
            run("more")

        old, new = json.loads(before)["steps"], Cassette.load(tape).steps
        assert untouched == before
        assert agent.runs == ["x 1", "x 2", "more"]
        assert new[:3] == old
        assert recorder.replayed == 3
        with replay(tape, strict=True):
            run("more")

    def test_calls_of_a_nested_kind(self, tape, agent):
        """Calls inside of calls inside of calls keep their places."""
        inner = intercept(lambda x: agent.ask(x)["text"], name="inner")
        outer = intercept(lambda x: (inner(x), inner(x)), name="outer")
        with record(tape):
            outer("a")
        before = Cassette.load(tape).steps
        with use_cassette(tape, record_mode="update"):
            outer("a")
            agent.ask("more")

        assert Cassette.load(tape).steps[:5] == before
        assert [step.get("parent") for step in before] == [None, 0, 1, 0, 3]

    def test_values_keep_their_types(self, tape):
        """What is taken over is what was there."""
        ask = intercept(lambda x: (x, {1, 2}), name="ask")
        with record(tape):
            ask((1, 2))
        with use_cassette(tape, record_mode="update"):
            ask((1, 2))
            ask((3,))
        with replay(tape, strict=True):
            assert ask((1, 2)) == ((1, 2), {1, 2})
            assert ask((3,)) == ((3,), {1, 2})

    def test_exceptions_are_taken_over(self, tape):
        """A call that failed is as good an answer as any."""

        @intercept
        def fail(x):
            raise KeyError(x)

        def run(*xs):
            for x in xs:
                with pytest.raises(KeyError, match=str(x)):
                    fail(x)

        with record(tape):
            run(1)
        with use_cassette(tape, record_mode="update"):
            run(1, 2)
        with replay(tape, strict=True):
            run(1, 2)

    def test_what_is_redacted_from_now_on_leaves_the_steps_that_stay(self, tape):
        """A cassette that says that it is redacted is."""
        ask = intercept(lambda *, password, n=0: {"password": password}, name="ask")
        with record(tape):
            ask(password="hunter2")
        for numbers in ((0,), (0, 1)):
            with use_cassette(tape, record_mode="update", redact="password"):
                for number in numbers:
                    ask(password="hunter2", n=number) if number else ask(password="hunter2")
            assert "hunter2" not in tape.read_text()

    def test_a_cassette_of_another_writer_stays_one(self, tape):
        """Its steps tell no types, so those of the calls are not compared."""
        ask = intercept(lambda x: x, name="ask")
        steps = [{"name": "ask", "arguments": {"args": [[1, 2]], "kwargs": {}}, "result": [1, 2]}]
        tape.write_text(json.dumps({"version": 1, "steps": steps}))
        before = tape.read_bytes()
        with use_cassette(tape, record_mode="update"):
            ask((1, 2))
        assert tape.read_bytes() == before
        with use_cassette(tape, record_mode="update"):
            ask((1, 2))
            ask((3, 4))
        with replay(tape, strict=True):
            ask((1, 2))
            ask((3, 4))

    def test_steps_of_live_kinds_are_run_again(self, tape, agent):
        """They are neither answered nor a drift."""
        look = intercept(lambda: "now", name="look", kind="tool")
        with record(tape):
            look()
            agent.ask("a")
        with use_cassette(tape, record_mode="update", live="tool") as recorder:
            look()
            agent.ask("a")

        assert agent.runs == ["a"]
        assert (recorder.recorded, recorder.replayed) == (1, 1)
        assert [step["name"] for step in Cassette.load(tape).steps] == ["look", "ask"]

    def test_live_kinds_that_are_called_no_more_leave_the_cassette(self, tape, agent):
        """The new run is what is written."""
        look = intercept(lambda: "now", name="look", kind="tool")
        with record(tape):
            look()
            agent.ask("a")
        with use_cassette(tape, record_mode="update", live="tool"):
            agent.ask("a")

        assert [step["name"] for step in Cassette.load(tape).steps] == ["ask"]

    def test_the_order_of_threads_is_no_change(self, tape, agent):
        """Which of two threads came first was chance."""
        both = threading.Barrier(2)

        @intercept
        def ask(prompt):
            both.wait()
            return prompt

        def run(*prompts):
            threads = [threading.Thread(target=ask, args=(prompt,)) for prompt in prompts]
            for thread in threads:
                thread.start()
                time.sleep(0.02)
            for thread in threads:
                thread.join()

        with record(tape):
            run("a", "b")
        before = tape.read_bytes()
        with use_cassette(tape, record_mode="update"):
            run("b", "a")

        assert tape.read_bytes() == before


class TestSameContent:
    """A run that would write the same leaves the file alone."""

    @pytest.mark.parametrize("mode", ["all", "update"])
    def test_the_file_is_untouched(self, tape, mode):
        """Times and durations aside, nothing has changed."""
        ask = intercept(lambda x: x, name="ask")
        for _ in range(2):
            with use_cassette(tape, record_mode=mode):
                ask(1)
            written = tape.read_bytes(), tape.stat().st_mtime_ns
            os.utime(tape, ns=(1, 1))

        assert tape.read_bytes() == written[0]
        assert written[1] == 1

    @pytest.mark.parametrize("change", [{"model": "large"}, {"test": "test_it"}], ids=str)
    def test_what_the_head_says_counts(self, tape, change):
        """A cassette says more than its steps."""
        ask = intercept(lambda x: x, name="ask")
        with use_cassette(tape, record_mode="all"):
            ask(1)
        before = tape.read_bytes()
        with use_cassette(tape, record_mode="all", **change):
            ask(1)

        assert tape.read_bytes() != before

    @pytest.mark.parametrize(
        ("recorded_at", "is_renewed"),
        [("2020-01-01T00:00:00Z", True), ("2999-01-01T00:00:00Z", False), (None, True)],
        ids=["old", "young", "of no date"],
    )
    def test_a_date_past_the_maximum_age_is_renewed(self, tape, recorded_at, is_renewed):
        """The recording was confirmed."""
        ask = intercept(lambda x: x, name="ask")
        with record(tape):
            ask(1)
        document = json.loads(tape.read_text())
        tape.write_text(json.dumps({**document, "recorded_at": recorded_at}))
        with use_cassette(tape, record_mode="all", max_age=dt.timedelta(days=30)) as recorder:
            ask(1)

        assert (Cassette.load(tape).recorded_at != recorded_at) is is_renewed
        assert recorder.cassette is not None

    def test_commit_says_whether_a_file_was_written(self, tape, agent):
        """The owner of a session reports it."""
        written = []
        for prompt in ("a", "a"):
            agent.runs.clear()
            session = use_cassette(tape, record_mode="all")
            session.open()
            agent.ask(prompt)
            written.append(session.commit())

        assert written == [True, False]


class TestValues:
    """What goes into a call and what comes out of it is taken down when it passes."""

    def test_arguments_are_taken_down_before_the_call(self, tape):
        """Neither the call nor the agent can change what was asked."""

        @intercept
        def ask(messages):
            messages.append("answer")
            return len(messages)

        def run():
            messages = ["question"]
            ask(messages)
            messages.append("more")
            return messages

        with record(tape) as recorder:
            run()
        with replay(tape, strict=True):
            assert run() == ["question", "more"]

        assert recorder.steps[0]["arguments"]["args"] == [["question"]]

    def test_results_are_taken_down_as_they_are_returned(self, tape):
        """What the agent does to them afterwards is not on tape."""
        ask = intercept(lambda: {"items": [1]}, name="ask")
        with record(tape):
            ask()["items"].append(2)
        with replay(tape, strict=True):
            assert ask() == {"items": [1]}

    def test_every_call_gets_a_fresh_object(self, tape):
        """What the agent does to one answer does not show in the next."""
        ask = intercept(lambda: {"items": [1]}, name="ask")
        with record(tape):
            ask()
            ask()
        with replay(tape, strict=True) as player:
            one, other = ask(), ask()
            one["items"].append(2)
            assert other == {"items": [1]}
            assert player.calls()[0].result == {"items": [1]}

    def test_the_recorder_holds_no_object_of_the_agent(self, tape):
        """Its steps may be looked at, and changed, at any time."""
        with record(tape) as recorder:
            intercept(lambda: [1], name="ask")()
            recorder.steps[0]["name"] = "other"
            recorder.steps.clear()

        assert [step["name"] for step in Cassette.load(tape).steps] == ["ask"]


class TestExceptions:
    """An exception of a call is recorded, and raised again."""

    def test_class_arguments_and_attributes(self, tape):
        """Back-off code reads them."""

        class RateLimitError(Exception):
            def __init__(self, message, *, status_code):
                super().__init__(message)
                self.status_code = status_code

        globals()["RateLimitError"] = (
            RateLimitError  # what is raised again is looked up by its name
        )
        RateLimitError.__qualname__ = "RateLimitError"

        @intercept
        def ask():
            raise RateLimitError("slow down", status_code=429)

        errors = []
        for session in (record(tape), replay(tape, strict=True)):
            with session, pytest.raises(RateLimitError) as raised:
                ask()
            errors.append(raised.value)

        live, replayed = errors
        assert replayed is not live
        assert (replayed.args, replayed.status_code) == (("slow down",), 429)

    @pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
    @pytest.mark.parametrize("is_async", [False, True])
    def test_the_end_of_the_program_leaves_no_step(self, tape, error, is_async):
        """It is not the call that has failed."""

        async def stop():
            raise error

        ask = intercept(stop if is_async else lambda: stop().send(None), name="ask")
        with record(tape) as recorder, pytest.raises(error):
            ask().send(None) if is_async else ask()

        assert recorder.cassette.steps == []


class TestRedaction:
    """Both sides are redacted before they are compared; the live run sees the real values."""

    def test_a_rotated_key_is_the_same_call(self, tape):
        """Names that a cassette was redacted with apply unasked."""
        seen = []

        @intercept
        def ask(prompt, *, api_key):
            seen.append(api_key)
            return {"api_key": api_key, "text": prompt}

        with record(tape, redact=["api_key"]):
            assert ask("hello", api_key="old")["api_key"] == "old"
        with replay(tape, strict=True):
            assert ask("hello", api_key="new") == {"api_key": "****", "text": "hello"}

        assert seen == ["old"]
        assert "old" not in tape.read_text()
        assert Cassette.load(tape).redacted_keys == ("api_key",)

    def test_an_update_applies_them_as_well(self, tape):
        """What it adds is redacted as the rest is."""
        ask = intercept(lambda n, *, api_key: n, name="ask")
        with record(tape, redact="api_key"):
            ask(1, api_key="old")
        with use_cassette(tape, record_mode="update"):
            ask(1, api_key="new")
            ask(2, api_key="new")

        assert [step["arguments"]["kwargs"] for step in Cassette.load(tape).steps] == [
            {"api_key": "****"}
        ] * 2

    def test_known_shapes_and_the_environment(self, tape, monkeypatch):
        """Nobody has to name them."""
        monkeypatch.setenv("MY_TOKEN", "s3cr3t-v4lue-of-mine")
        key = "sk-ant-api03-" + "a1B2" * 10
        ask = intercept(lambda prompt: [prompt, ValueError(prompt)], name="ask")

        @intercept
        def fail(prompt):
            raise ValueError(prompt)

        with record(tape):
            ask(f"use {key} and s3cr3t-v4lue-of-mine")
            with pytest.raises(ValueError, match="s3cr3t"):
                fail("s3cr3t-v4lue-of-mine")

        assert key not in tape.read_text()
        assert "s3cr3t-v4lue-of-mine" not in tape.read_text()

    def test_it_can_be_turned_off(self, tape):
        """Some texts only look like one."""
        key = "sk-ant-api03-" + "a1B2" * 10
        with record(tape, redact_secrets=False):
            intercept(lambda x: x, name="ask")(key)

        assert key in tape.read_text()

    def test_errors_show_no_secret(self, tape):
        """They end up in the logs of a CI."""
        ask = intercept(lambda n, *, api_key: n, name="ask")
        with record(tape, redact="api_key"):
            ask(1, api_key="hunter1")
        with pytest.raises(DivergenceError) as raised, replay(tape, strict=True):
            ask(2, api_key="hunter2")

        assert "hunter" not in str(raised.value)
        assert "hunter" not in repr(raised.value.actual)


class TestLiveKinds:
    """Calls of a live kind run in a replay, and are not compared."""

    def test_are_neither_owed_nor_ordered(self, tape, agent):
        """They may come, or not, in any order."""
        look = intercept(lambda x: x, name="look", kind="tool")
        with record(tape):
            look(1)
            agent.ask("a")
            look(2)
        with replay(tape, strict=True, live=["tool"]) as player:
            assert agent.ask("a") == {"text": "a #1"}
            assert look(3) == 3

        assert agent.runs == ["a"]
        assert player.remaining == 0

    def test_calls_inside_of_them_replay(self, tape, agent):
        """The model is paid for, whoever calls it."""

        @intercept(kind="tool")
        def research(topic):
            return agent.ask(topic)

        with record(tape):
            research("a")
        with replay(tape, strict=True, live="tool"):
            assert research("a") == {"text": "a #1"}

        assert agent.runs == ["a"]

    @pytest.mark.parametrize("form", ["coroutine", "generator", "async generator", "awaitable"])
    def test_of_every_form(self, tape, form):
        """They run as they would without a session."""

        async def coroutine():
            return [1]

        def generator():
            yield 1

        async def async_generator():
            yield 1

        async def gather():
            return [item async for item in look()]

        forms = {
            "coroutine": (coroutine, lambda: asyncio.run(look())),
            "generator": (generator, lambda: list(look())),
            "async generator": (async_generator, lambda: asyncio.run(gather())),
            "awaitable": (lambda: coroutine(), lambda: asyncio.run(look())),  # noqa: PLW0108
        }
        fn, run = forms[form]
        look = intercept(fn, kind="tool")
        ask = intercept(lambda: None, name="ask")
        with record(tape):
            ask()
        with replay(tape, strict=True, live="tool") as player:
            ask()
            assert run() == [1]

        assert player.replayed == 1


class TestPaths:
    """What a person reads is the path that the person would write."""

    def test_in_errors_it_is_relative_where_it_can_be(self, tmp_path, monkeypatch):
        """A long temporary path hides the name of the file."""
        monkeypatch.chdir(tmp_path)
        ask = intercept(lambda: None, name="ask")
        session = use_cassette(tmp_path / "folder" / "tape.json", record_mode="none")
        with pytest.raises(CassetteNotFound) as raised, session:
            ask()

        assert str(raised.value).startswith(f"no cassette at {Path('folder', 'tape.json')} and")


def test_warnings_that_are_errors_do_not_lose_the_recording(tape):
    """The file is written before anybody is told what it can't hold."""

    @intercept
    def connect():
        return threading.Lock()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="can't be restored"), record(tape):
            connect()

    assert len(Cassette.load(tape)) == 1


class TestLosses:
    """What will not come back, or is not compared, is told when it is recorded: once, and where."""

    def warnings_of(self, tape, *calls):
        """Give the warnings of a recording."""
        session = record(tape)
        session.open()
        for call in calls:
            call()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            session.commit()
        return [str(warning.message).partition(": ")[2] for warning in caught]

    def test_each_type_once_in_a_step(self, tape):
        """However often it stands there."""
        give = intercept(lambda: [threading.Lock(), threading.Lock(), object()], name="give")

        assert [text.partition(" can't")[0] for text in self.warnings_of(tape, give, give)] == [
            f"step {step}, give: a value of type {name} at /result/{place}"
            for step in (0, 1)
            for name, place in (("_thread:lock", 0), ("object", 2))
        ]

    def test_an_argument_that_is_compared_by_its_class_alone(self, tape):
        """A picture counts as a picture, whatever is on it."""

        def look():
            see(Picture(1), [Picture(2)], threading.Lock(), lambda: None, Picture, mock.Mock())

        see = intercept(lambda *pictures: None, name="see")

        assert self.warnings_of(tape, look) == [
            (
                f"step 0, see: a value of type {__name__}:Picture among the arguments is compared"
                " by its class alone; hand over data instead, or tell how to keep it with"
                " agentcassette.register_type"
            )
        ]


class Picture:
    """A value that is no data to us."""

    def __init__(self, pixels):
        self.pixels = pixels

    def __eq__(self, other):
        return self.pixels == other.pixels

    __hash__ = None


def test_a_record_mode_may_have_another_name(tape, recorded, agent):
    """A test framework has modes of its own, and tells its users of those."""
    with use_cassette(recorded, record_mode="all", mode_name="verify") as recorder:
        assert recorder.mode == "verify"
        agent.ask("a")
    assert agent.runs == ["a"]

    missing = use_cassette(tape.with_name("no.json"), record_mode="none", mode_name="verify")
    with pytest.raises(CassetteNotFound, match="and --record-mode=verify: "), missing:
        agent.ask("b")
    drifting = use_cassette(recorded, record_mode="none", mode_name="check", strict=True)
    with pytest.raises(DivergenceError, match="record mode check"), drifting:
        agent.ask("b")
    assert agent.runs == ["a"]
