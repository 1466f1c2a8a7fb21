"""Cassette: the steps and what one asks of them, and its file."""

from __future__ import annotations

import copy
import enum
import json
import os
import pickle
import stat
import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from agentcassette import (
    Cassette,
    CassetteDiff,
    CassetteFormatError,
    CassetteNotFound,
    diff_cassettes,
)

PLAN = {
    "type": "llm",
    "name": "plan",
    "arguments": {"args": ["go"], "kwargs": {}},
    "result": {"text": "search"},
    "input_tokens": 420,
    "output_tokens": 88,
    "duration_ms": 512.0,
}
SEARCH = {
    "type": "tool",
    "name": "search",
    "arguments": {"args": [], "kwargs": {"query": "weather"}},
    "result": ["sun"],
    "input_tokens": 3,
    "output_tokens": 1,
}


def cassette(*steps, **fields):
    """Make a cassette of two steps, or of others."""
    return Cassette(steps or (PLAN, SEARCH), **fields)


def files_in(folder):
    """Tell what lies in a folder and below it."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


# What one asks of it


def test_a_cassette_tells_what_was_recorded():
    """Counts, totals and labels are there without a walk through the steps."""
    tape = cassette(
        model="claude-sonnet-4-6",
        recorded_at="2026-06-30T12:00:00Z",
        duration_ms=1832.4,
        test="test_agent.py::test_plan",
        redact=["api_key", "token"],
        typed=True,
    )

    assert (tape.num_steps, len(tape)) == (2, 2)
    assert [step["index"] for step in tape.steps] == [0, 1]
    assert tape.steps[0] == {"index": 0, **PLAN}
    assert tape.steps[1] == {"index": 1, **SEARCH, "duration_ms": 0.0}
    assert (tape.total_input_tokens, tape.total_output_tokens) == (423, 89)
    assert tape.total_tokens == 512
    assert tape.model == "claude-sonnet-4-6"
    assert tape.recorded_at == "2026-06-30T12:00:00Z"
    assert tape.duration_ms == 1832.4
    assert tape.version == 1
    assert tape.test == "test_agent.py::test_plan"
    assert tape.redacted_keys == ("api_key", "token")
    assert tape.typed is True


@pytest.mark.parametrize("make", [Cassette, lambda: Cassette([]), lambda: Cassette(iter(()))])
def test_an_empty_cassette_has_nothing(make):
    """Every question has an answer all the same."""
    tape = make()

    assert (tape.num_steps, tape.steps, tape.total_tokens) == (0, [], 0)
    assert (tape.model, tape.recorded_at, tape.test, tape.duration_ms) == (None, None, None, 0.0)
    assert (tape.redacted_keys, tape.typed, tape.version) == ((), False, 1)
    assert tape.age() is None


def test_its_repr_is_short_and_tells_the_counts():
    """It stands in the messages of failed assertions."""
    assert repr(cassette()) == "Cassette(steps=2, input_tokens=423, output_tokens=89)"
    assert repr(Cassette()) == "Cassette(steps=0, input_tokens=0, output_tokens=0)"


def test_steps_that_are_none_are_refused():
    """A cassette that could not be loaded again is not made in the first place."""
    with pytest.raises(CassetteFormatError, match='cassette: step 1 has no "name"'):
        cassette(PLAN, {})
    with pytest.raises(CassetteFormatError, match="unknown cassette version 3"):
        cassette(version=3)


class Tokens(enum.IntEnum):
    """Numbers with names."""

    FEW = 3


def test_a_count_may_be_of_a_class_of_its_own():
    """It is a number all the same, and a truth value is none."""
    step = {"name": "ask", "arguments": {"args": [], "kwargs": {}}, "input_tokens": Tokens.FEW}

    assert Cassette([step]).total_tokens == 3


def test_a_cassette_can_be_copied_and_pickled():
    """It is data, and nothing hangs on it."""
    for twin in (copy.deepcopy(cassette()), pickle.loads(pickle.dumps(cassette()))):
        assert twin.to_dict() == cassette().to_dict()


def test_a_dict_and_a_cassette_become_each_other():
    """What is in the file is in the dict, with the fields of other writers."""
    document = cassette(model="m", tool="other 3.1").to_dict()

    assert document["tool"] == "other 3.1"
    assert Cassette.from_dict(document).to_dict() == document


def test_a_dict_and_its_cassette_share_no_step():
    """A change to the one is none to the other."""
    tape = cassette()
    document = tape.to_dict()

    twin = Cassette.from_dict(document)
    twin.steps[0]["name"] = "twin"
    twin.steps.pop()
    document["steps"][0]["name"] = "document"
    document["model"] = "other"

    assert [step["name"] for step in tape.steps] == ["plan", "search"]
    assert tape.model is None
    assert [step["name"] for step in document["steps"]] == ["document", "search"]
    assert [step["name"] for step in twin.steps] == ["twin"]


HOUR = timedelta(hours=1)
TOKYO = timezone(9 * HOUR)
AGES = {
    "as we write it": (lambda now: f"{now:%Y-%m-%dT%H:%M:%SZ}", timedelta()),
    "an hour ago": (lambda now: f"{now - HOUR:%Y-%m-%dT%H:%M:%SZ}", HOUR),
    "in another zone": (lambda now: (now - HOUR).astimezone(TOKYO).isoformat(), HOUR),
    "without a zone": (lambda now: (now - HOUR).replace(tzinfo=None).isoformat(), HOUR),
    "to the microsecond": (lambda now: now.isoformat(timespec="microseconds"), timedelta()),
    "to the second": (lambda now: now.isoformat(timespec="seconds"), timedelta()),
    "in the future": (lambda now: (now + HOUR).isoformat(), -HOUR),
}


@pytest.mark.parametrize(("moment", "age"), AGES.values(), ids=AGES)
def test_its_age_is_the_time_since_it_was_recorded(moment, age):
    """Other writers give the moment in a form or a zone of their own."""
    tape = cassette(recorded_at=moment(datetime.now(timezone.utc)))

    assert timedelta(0) <= tape.age() - age < timedelta(minutes=1)


@pytest.mark.parametrize("moment", [None, "", "yesterday", "2026-13-01T00:00:00Z"])
def test_a_moment_that_says_nothing_gives_no_age(moment):
    """A date that nobody can read makes no cassette unusable."""
    assert cassette(recorded_at=moment).age() is None


SAME = {
    "another date": {"recorded_at": "2020-01-01T00:00:00Z"},
    "another duration": {"duration_ms": 5},
    "the same date": {},
}
OTHER = {
    "another model": {"model": "m"},
    "another test": {"test": "t"},
    "types": {"typed": True},
    "a field of another writer": {"tool": "other"},
}


@pytest.mark.parametrize("fields", SAME.values(), ids=SAME)
def test_times_and_durations_are_no_content(fields):
    """A run that says the same leaves the file untouched."""
    steps = [{**PLAN, "duration_ms": 7}, SEARCH]

    assert cassette().same_content(Cassette(steps, **fields))


@pytest.mark.parametrize("fields", OTHER.values(), ids=OTHER)
def test_everything_else_of_a_cassette_is_content(fields):
    """A file that would be read in another way is another one."""
    assert not cassette().same_content(cassette(**fields))


CHANGED = {
    "name": "other",
    "type": "tool",
    "arguments": {"args": ["stop"], "kwargs": {}},
    "result": {"text": "search", "n": 1},
    "input_tokens": 421,
    "output_tokens": 89,
    "types": {"/result": "m:Plan"},
    "error": None,
    "parent": 0,
}


@pytest.mark.parametrize(("field", "value"), CHANGED.items(), ids=CHANGED)
def test_everything_else_of_a_step_is_content(field, value):
    """Nothing that replay or a report looks at may be lost."""
    assert not cassette(PLAN, PLAN).same_content(cassette(PLAN, {**PLAN, field: value}))


def test_one_step_more_is_other_content():
    """Also where all the others are the same."""
    assert not cassette(PLAN).same_content(cassette(PLAN, PLAN))


def test_the_content_is_compared_and_not_changed():
    """The durations are still there."""
    tape = cassette(recorded_at="2020-01-01T00:00:00Z", duration_ms=5)

    assert tape.same_content(tape)

    assert (tape.recorded_at, tape.duration_ms) == ("2020-01-01T00:00:00Z", 5)
    assert tape.steps[0]["duration_ms"] == 512.0


# Redaction

SECRETS = {
    "an argument": (
        {"arguments": {"args": [], "kwargs": {"api_key": "k", "q": 1}}},
        {"arguments": {"args": [], "kwargs": {"api_key": "****", "q": 1}}},
    ),
    "deep in an argument": (
        {"arguments": {"args": [[{"headers": {"API-Key": "k"}}], 2], "kwargs": {}}},
        {"arguments": {"args": [[{"headers": {"API-Key": "****"}}], 2], "kwargs": {}}},
    ),
    "a result": (
        {"result": {"api_key": {"id": 1}, "ok": True}},
        {"result": {"api_key": "****", "ok": True}},
    ),
    "nothing": ({"result": {"api_key": None}}, {"result": {"api_key": "****"}}),
    "within JSON in a text": (
        {"result": '{"api_key": "k", "q": 1}'},
        {"result": '{"api_key": "****", "q": 1}'},
    ),
    "an error": (
        {"error": {"type": "E", "attributes": {"api_key": "k"}}},
        {"error": {"type": "E", "attributes": {"api_key": "****"}}},
    ),
    "chunks of a stream, and what it returned": (
        {"result": [{"api_key": "k"}], "stream": {"returned": {"api_key": "k"}, "form": "f"}},
        {"result": [{"api_key": "****"}], "stream": {"returned": {"api_key": "****"}, "form": "f"}},
    ),
    "types of what is gone": (
        {
            "result": {"api_key": [{"a": 1}], "at": "12:00"},
            "types": {"/result/api_key": "tuple", "/result/api_key/0": "m:A", "/result/at": "time"},
        },
        {"result": {"api_key": "****", "at": "12:00"}, "types": {"/result/at": "time"}},
    ),
    "nothing but what is under the key": (
        {"result": {"key": "k", "token": "sk-ant-api03-a1B2c3D4e5F6g7H8i9J0k1L2"}},
        {"result": {"key": "k", "token": "sk-ant-api03-a1B2c3D4e5F6g7H8i9J0k1L2"}},
    ),
}


@pytest.mark.parametrize(("before", "after"), SECRETS.values(), ids=SECRETS)
def test_every_value_under_a_key_is_redacted(before, after):
    """At any depth, whatever it is, wherever the step has values."""
    tape = cassette({**SEARCH, **before})

    assert tape.redact("api_key") is tape
    assert tape.steps == cassette({**SEARCH, **after}).steps


@pytest.mark.parametrize(
    "key", ["arguments", "args", "kwargs", "result", "error", "stream", "name"]
)
def test_the_fields_of_a_step_are_no_keys_of_its_values(key):
    """What models call `arguments`, and tools call `args`, is redacted; the step stays one."""
    step = {
        "name": "f",
        "arguments": {"args": [{key: "secret", "x": 1}], "kwargs": {key: "secret", "x": 1}},
        "result": [{key: "secret", "x": 1}],
        "error": {"attributes": {key: "secret", "x": 1}},
        "stream": {"form": "generator", "returned": {key: "secret", "x": 1}},
    }
    tape = Cassette([step]).redact(key)

    redacted = {key: "****", "x": 1}
    assert tape.steps[0]["arguments"] == {"args": [redacted], "kwargs": redacted}
    assert tape.steps[0]["result"] == [redacted]
    assert tape.steps[0]["error"] == {"attributes": redacted}
    assert tape.steps[0]["stream"] == {"form": "generator", "returned": redacted}
    assert Cassette.from_dict(tape.to_dict()).to_dict() == tape.to_dict()


def test_the_replacement_may_be_another():
    """Also within JSON in a text, and where the type of the value said otherwise."""
    tape = cassette(
        {**SEARCH, "result": [{"id": 5}, '{"id": 5}'], "types": {"/result/0/id": "int"}}
    )

    tape.redact("id", replacement="ID")

    assert tape.steps[0]["result"] == [{"id": "ID"}, '{"id": "ID"}']
    assert "types" not in tape.steps[0]


def test_the_keys_that_were_redacted_are_kept():
    """Replay redacts what the agent sends by them, unasked; each is there once."""
    tape = cassette(redact=["password"])

    tape.redact("api_key").redact("token").redact("api_key")

    assert tape.redacted_keys == ("password", "api_key", "token")
    assert tape.to_dict()["redact"] == ["password", "api_key", "token"]


def test_what_the_cassette_was_made_from_is_not_redacted():
    """It belongs to somebody else, who may still need the value."""
    document = {
        "version": 1,
        "steps": [
            {
                **PLAN,
                "arguments": {"args": [], "kwargs": {"api_key": "k"}},
                "result": [],
                "stream": {"returned": {"api_key": "k"}},
            }
        ],
    }
    kept = copy.deepcopy(document)

    Cassette.from_dict(document).redact("api_key")

    assert document == kept


# Its file


def test_what_is_saved_is_loaded(tmp_path):
    """Also by a path that is a text, into folders that are not there yet."""
    path = tmp_path / "a" / "b" / "tape.json"
    tape = cassette(model="m", recorded_at="2026-06-30T12:00:00Z", duration_ms=3.5, typed=True)

    tape.save(str(path))

    assert Cassette.load(str(path)).to_dict() == tape.to_dict()
    assert Cassette.load(path).to_dict() == tape.to_dict()
    assert files_in(tmp_path) == ["a", "a/b", "a/b/tape.json"]


def test_a_file_that_is_loaded_and_saved_is_the_same(tmp_path):
    """With what another writer put there, and with values of every kind."""
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    odd = {"\ud800": ["Grüße", 1, 1.0, True, None, -0.0, 10**30, "\r\n", {}], "z": 1, "a": 2}
    Cassette([{**PLAN, "result": odd, "cost": 5}], tool="other", author=None).save(one)

    Cassette.load(one).save(two)

    assert two.read_bytes() == one.read_bytes()
    assert b"\r" not in one.read_bytes()
    assert one.read_bytes().endswith(b"}\n")
    assert repr(Cassette.load(two).steps[0]["result"]) == repr(odd)


@pytest.mark.parametrize("path", ["tape.json", "no/folder/tape.json"])
def test_a_missing_file_is_not_found(path, tmp_path):
    """Which is another thing than a corrupt one."""
    with pytest.raises(CassetteNotFound) as caught:
        Cassette.load(tmp_path / path)

    assert caught.value.path == str(tmp_path / path)


def test_a_link_to_nothing_is_a_missing_file(tmp_path):
    """Saving makes the file that it leads to."""
    link = tmp_path / "link.json"
    link.symlink_to("folder/tape.json")

    with pytest.raises(CassetteNotFound):
        Cassette.load(link)
    cassette().save(link)

    assert link.is_symlink()
    assert len(Cassette.load(tmp_path / "folder" / "tape.json")) == 2


GOOD = json.dumps(cassette().to_dict(), indent=1).encode()
CORRUPT = {
    "nothing": (b"", 1, "no valid JSON: Expecting value"),
    "half of it": (b'{\n"version": 1,\n"st', 3, "no valid JSON: Unterminated string"),
    "another encoding": (b'{"version": 1,\n"model": "Gr\xfc\xdfe"}', 2, "no UTF-8 text: invalid"),
    "another encoding below an empty line": (b"\n\xff", 2, "no UTF-8 text: invalid start byte"),
    "another encoding behind a mark": (b'\xef\xbb\xbf{\n\n"a": "\xff"}', 3, "no UTF-8 text"),
    "the middle of a letter": ('{"a": "é'.encode()[:-1], 1, "no UTF-8 text: unexpected end"),
    "UTF-16": (GOOD.decode().encode("utf-16"), 1, "no UTF-8 text: invalid start byte"),
    "a surrogate in bytes": (b'{"a": "\xed\xa0\x80"}', 1, "no UTF-8 text: invalid"),
    "zeros, as after a crash": (b"\0" * 512, 1, "no valid JSON: Expecting value"),
    "a pointer of git-lfs": (b"version https://git-lfs.github.com/spec/v1\n", 1, "no valid JSON"),
    "a merge conflict": (b"<<<<<<< HEAD\n" + GOOD, 1, "a merge conflict was left in the file"),
    "no cassette": (b"[1, 2]", None, "no cassette"),
    "the next version": (b'{"version": 3, "steps": []}', None, "unknown cassette version 3"),
    "a step that is none": (b'{"version": 1, "steps":\n[{}]}', 2, 'step 0 has no "name"'),
}


@pytest.mark.parametrize(("data", "line", "problem"), CORRUPT.values(), ids=CORRUPT)
def test_a_corrupt_file_is_refused_and_left_alone(data, line, problem, tmp_path):
    """It is never taken for a missing one, as it may be all that is left of a paid run."""
    path = tmp_path / "tape.json"
    path.write_bytes(data)

    with pytest.raises(CassetteFormatError) as caught:
        Cassette.load(path)

    assert caught.value.path == str(path)
    assert caught.value.line == line
    assert caught.value.problem.startswith(problem)
    assert path.read_bytes() == data


@pytest.mark.parametrize(
    "data", [b"\xef\xbb\xbf" + GOOD, GOOD.replace(b"\n", b"\r\n"), b"\n\t " + GOOD + b"\n\n"]
)
def test_what_editors_do_to_a_file_does_no_harm(data, tmp_path):
    """A byte order mark, line ends of another system, space around it."""
    path = tmp_path / "tape.json"
    path.write_bytes(data)

    assert Cassette.load(path).to_dict() == cassette().to_dict()


def test_a_file_that_does_not_know_its_size(tmp_path):
    """A pipe, say: it is read to its end."""
    path, data = tmp_path / "pipe", GOOD.replace(b"\n", b"\n" + b" " * 100_000)
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(data,))
    writer.start()

    assert Cassette.load(path).to_dict() == cassette().to_dict()
    writer.join()


def test_a_folder_is_no_cassette(tmp_path):
    """Nor is it a missing one."""
    with pytest.raises(CassetteFormatError, match=r"no cassette: this is a folder\Z"):
        Cassette.load(tmp_path)


def test_the_new_file_takes_the_place_of_the_old_one(tmp_path):
    """And of nothing else, in one move."""
    path = tmp_path / "tape.json"
    cassette(PLAN).save(path)
    opened = path.open("rb")

    with opened:
        cassette(PLAN, SEARCH).save(path)
        old = json.loads(opened.read())

    assert len(old["steps"]) == 1
    assert len(Cassette.load(path)) == 2
    assert files_in(tmp_path) == ["tape.json"]


def test_a_link_stays_a_link(tmp_path):
    """The file that it leads to is the cassette, and what is beside the link is not touched."""
    shared = tmp_path / "shared"
    shared.mkdir()
    link = tmp_path / "link.json"
    link.symlink_to(shared / "tape.json")
    cassette(PLAN).save(link)

    cassette(PLAN, SEARCH).save(link)

    assert link.is_symlink()
    assert len(Cassette.load(shared / "tape.json")) == 2
    assert files_in(tmp_path) == ["link.json", "shared", "shared/tape.json"]


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_who_may_read_a_cassette_follows_the_umask(mask, tmp_path):
    """A file that is committed is not private by chance."""
    before = os.umask(mask)
    try:
        cassette().save(tmp_path / "tape.json")
        cassette(PLAN).save(tmp_path / "tape.json")
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "tape.json").stat().st_mode) == 0o666 & ~mask


def test_what_can_not_be_written_leaves_the_old_file(tmp_path):
    """A value that is no JSON is found before the file is touched."""
    path = tmp_path / "tape.json"
    cassette().save(path)
    old = path.read_bytes()

    with pytest.raises(ValueError, match="JSON"):
        cassette({**PLAN, "result": float("nan")}).save(path)
    with pytest.raises(TypeError, match="the keys of JSON are text, not 1"):
        cassette({**PLAN, "arguments": {"args": [{1: "one"}], "kwargs": {}}}).save(path)

    assert path.read_bytes() == old
    assert files_in(tmp_path) == ["tape.json"]


def test_a_folder_in_the_way_is_left_there(tmp_path):
    """Nothing that a user has is removed for a cassette, and no draft of it stays behind."""
    (tmp_path / "tape.json").mkdir()
    (tmp_path / "tape.json" / "note").write_text("mine")

    with pytest.raises(OSError, match=r"tape\.json"):
        cassette().save(tmp_path / "tape.json")

    assert files_in(tmp_path) == ["tape.json", "tape.json/note"]


def test_a_file_in_the_way_of_a_folder_is_left_there(tmp_path):
    """A path that leads through a file leads nowhere."""
    (tmp_path / "tapes").write_text("mine")

    with pytest.raises(OSError, match="tapes"):
        cassette().save(tmp_path / "tapes" / "tape.json")

    assert (tmp_path / "tapes").read_text() == "mine"


# A process whose files may not grow beyond a few bytes: as full as a disk can be.
FULL_DISK = """
import resource, signal, sys
from agentcassette import Cassette
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
step = {"name": "f", "arguments": {"args": [], "kwargs": {}}, "result": "x" * 50_000}
tape = Cassette([step])
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    tape.save(sys.argv[1])
except OSError as error:
    print(type(error).__name__, error.errno)
"""


def test_a_full_disk_costs_no_cassette(tmp_path):
    """The old one is still there byte for byte, and no half of the new one."""
    path = tmp_path / "tape.json"
    cassette().save(path)
    old = path.read_bytes()

    command = [sys.executable, "-B", "-c", FULL_DISK, str(path)]
    package_folder = str(Path(sys.modules["agentcassette"].__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": package_folder}
    answer = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)

    assert answer.stdout.startswith("OSError")
    assert path.read_bytes() == old
    assert files_in(tmp_path) == ["tape.json"]


# Two of them


def test_cassettes_are_compared_by_path_and_as_objects(tmp_path):
    """Whichever way they are given, the difference is the same."""
    old, new = cassette(PLAN), cassette(PLAN, {**SEARCH, "name": "look"})
    old.save(tmp_path / "old.json")
    new.save(tmp_path / "new.json")

    for a in (old, tmp_path / "old.json", str(tmp_path / "old.json")):
        for b in (new, tmp_path / "new.json", str(tmp_path / "new.json")):
            found = diff_cassettes(a, b)
            assert isinstance(found, CassetteDiff)
            assert found.new_calls == ["look"]
            assert found.token_delta == 4
            assert not found.identical


def test_a_missing_side_is_not_found(tmp_path):
    """An empty cassette would be another answer."""
    with pytest.raises(CassetteNotFound):
        diff_cassettes(tmp_path / "old.json", cassette())
    with pytest.raises(CassetteNotFound):
        diff_cassettes(cassette(), tmp_path / "new.json")
    with pytest.raises(CassetteFormatError):
        diff_cassettes(cassette(), tmp_path)
