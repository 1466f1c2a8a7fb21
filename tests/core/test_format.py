"""The text of a cassette -> a document: what is one, what is none, and where the fault is."""

from __future__ import annotations

import copy
import json
import os
import random

import pytest

from agentcassette import Cassette, CassetteFormatError, diff_cassettes
from agentcassette._fields import is_usual
from agentcassette._format import _problem_of_step, parse, validate
from agentcassette._layout import render

# More of them find more; a million take five minutes.
EXAMPLES = max(2000, int(os.environ.get("AGENTCASSETTE_EXAMPLES", "0")))

CALL = {"name": "ask", "arguments": {"args": [], "kwargs": {}}}
MINIMAL = {"version": 1, "steps": [CALL]}
# Every field there is.
FULL = {
    "version": 1,
    "recorded_at": "2026-06-30T12:00:00Z",
    "model": "claude-sonnet-4-6",
    "duration_ms": 1832.4,
    "test": "tests/test_agent.py::test_plan",
    "redact": ["api_key"],
    "typed": True,
    "steps": [
        {
            "index": 0,
            "type": "llm",
            "name": "plan",
            "arguments": {"args": ["plan the task", [1, 2]], "kwargs": {"api_key": "****"}},
            "result": {"text": "…", "usage": {"input_tokens": 420, "output_tokens": 88}},
            "input_tokens": 420,
            "output_tokens": 88,
            "duration_ms": 512.0,
            "types": {"/arguments/args/1": "tuple"},
            "awaitable": True,
            "concurrency": {"start": 0, "end": 3},
        },
        {
            "index": 1,
            "type": "tool",
            "name": "search",
            "arguments": {"args": [], "kwargs": {"query": "weather"}},
            "result": ["a", "b"],
            "input_tokens": 2,
            "output_tokens": 1,
            "duration_ms": 20,
            "types": {"/stream/returned": "tuple", "/error": "ValueError"},
            "error": {"type": "ValueError", "message": "no more"},
            "stream": {"form": "generator", "returned": [1], "left": True},
            "concurrency": {"start": 1, "end": 2},
            "parent": 0,
        },
        {
            "index": 2,
            "type": "tool",
            "name": "close",
            "arguments": {"args": [], "kwargs": {}},
            "result": None,
            "input_tokens": 0,
            "output_tokens": 0,
            "duration_ms": 0.0,
            "concurrency": {"start": 4, "end": None},
            "unfinished": True,
            "cleanup": True,
        },
    ],
}


def document(**fields):
    """Make a document with a step, and with some fields as they are given."""
    return {**copy.deepcopy(MINIMAL), **fields}


def call(**fields):
    """Make a step with some fields as they are given."""
    return {**CALL, **fields}


def step(**fields):
    """Make a document with such a step alone."""
    return document(steps=[call(**fields)])


def stream_of(**fields):
    """Make a step with a stream that was left unread, and with fields as they are given."""
    return call(stream=fields, result=[])


def nested(depth):
    """Make a list of lists of that depth."""
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_every_field_is_read():
    """What is in the file is in the document, and nothing else is."""
    assert parse(json.dumps(FULL)) == FULL
    assert validate(FULL) == FULL


def test_what_a_writer_may_leave_out_is_filled_in():
    """Name and arguments make a step."""
    text = '{"steps": [{"name": "f", "arguments": {"kwargs": {}, "args": []}}], "version": 1}'

    assert parse(text) == {
        "version": 1,
        "recorded_at": None,
        "model": None,
        "duration_ms": 0.0,
        "steps": [
            {
                "index": 0,
                "type": "call",
                "name": "f",
                "arguments": {"args": [], "kwargs": {}},
                "result": None,
                "input_tokens": 0,
                "output_tokens": 0,
                "duration_ms": 0.0,
            }
        ],
    }


def test_what_another_writer_put_there_is_kept():
    """Fields that this version does not know are none of its business."""
    known = parse(json.dumps({**step(cost={"usd": 0.1}), "tool": "other 3.1"}))

    assert known["tool"] == "other 3.1"
    assert known["steps"][0]["cost"] == {"usd": 0.1}


def test_a_document_is_left_as_it_is():
    """The document shares no step with what it was made from."""
    given = document()

    whole = validate(given)
    whole["steps"][0]["name"] = "other"
    whole["steps"].append(1)

    assert given == document()


GOOD = {
    "no steps": document(steps=[]),
    "null for the optional fields of the file": document(
        recorded_at=None, model=None, duration_ms=None, test=None, redact=None, typed=None
    ),
    "whole milliseconds": step(duration_ms=12),
    "a clock that was set back": step(duration_ms=-0.5),
    "the largest number": step(duration_ms=1.7e308, input_tokens=10**300),
    "a stream that was left unread": step(stream={}, result=[]),
    "a value that a manager gave": step(
        stream={"form": "value", "manager": {"class": "app:Manager", "offers": ["with"]}},
        result={"text": "a"},
    ),
    "a stream in a stream": step(
        stream={"uses": [{"name": "text", "at": 0, "stream": {"form": "generator"}, "result": []}]},
        result=[],
    ),
    "a call that never ended": step(concurrency={"start": 0, "end": None}),
    "a call that never ended, said shorter": step(concurrency={"start": 0}),
    "an error of null": step(error=None),
    "as deep as can be": step(result=nested(397)),
    "keys with odd names": step(result={"": 1, "\u2028": 2, "$same": 3, "\ud800": 4}),
}


@pytest.mark.parametrize("given", GOOD.values(), ids=GOOD)
def test_what_is_allowed_is_read(given):
    """A cassette is refused for a reason only."""
    whole = parse(json.dumps(given))

    assert whole == validate(given)
    assert whole["duration_ms"] == 0.0
    assert parse(render(whole)) == whole


NO_CASSETTES = {
    "null": (None, "no cassette: the file holds no JSON object"),
    "a list": ([document()], "no cassette: the file holds no JSON object"),
    "a text": ("version", "no cassette: the file holds no JSON object"),
    "nothing in it": ({}, 'no cassette: it has no "version"'),
    "no version": ({"steps": []}, 'no cassette: it has no "version"'),
    "no steps": ({"version": 1}, 'no cassette: it has no "steps"'),
    "null for the steps": (document(steps=None), 'no cassette: it has no "steps"'),
    "steps by name": (document(steps={"0": CALL}), '"steps" is no list'),
    "a text for the version": (document(version="1"), '"version" is no count'),
    "true for the version": (document(version=True), '"version" is no count'),
    "a float for the version": (document(version=1.0), '"version" is no count'),
    "an endless version": (document(version=10**400), '"version" is no count'),
    "a list for the version": (document(version=[1]), '"version" is no count'),
    "the next version": (
        document(version=3),
        "unknown cassette version 3: this agentcassette reads versions 1 and 2",
    ),
    "the next version, where other fields mean something else": (
        {"steps": {"first": []}, "model": 5, "version": 3},
        "unknown cassette version 3: this agentcassette reads versions 1 and 2",
    ),
    "the version before the first": (
        document(version=0),
        "unknown cassette version 0: this agentcassette reads versions 1 and 2",
    ),
    "a number for the date": (document(recorded_at=1719748800), '"recorded_at" is no text'),
    "an object for the model": (document(model={}), '"model" is no text'),
    "a text for the duration": (document(duration_ms="5"), '"duration_ms" is no number'),
    "true for the duration": (document(duration_ms=True), '"duration_ms" is no number'),
    "an endless duration": (document(duration_ms=10**400), '"duration_ms" is no number'),
    "a list for the test": (document(test=["a"]), '"test" is no text'),
    "a text for the redacted keys": (document(redact="api_key"), '"redact" is no list of names'),
    "a number among the redacted keys": (document(redact=["a", 1]), '"redact" is no list of names'),
    "false for typed": (document(typed=False), '"typed" is no true'),
    "one for typed": (document(typed=1), '"typed" is no true'),
    "too deep": (step(result=nested(398)), "no cassette: nested too deeply"),
    "too deep for a version": (document(version=nested(500)), "no cassette: nested too deeply"),
}
NO_ARGUMENTS = ': "arguments" is no object with "args" and "kwargs"'
NO_CONCURRENCY = ': "concurrency" is no object with a "start" and a later "end"'
NO_STREAM = ': "stream" is no object of a stream'
NO_CHUNKS = ': it has a "stream", and "result" is no list'
NO_STEPS = {
    "null": (None, " is no object"),
    "a list": (["ask"], " is no object"),
    "nothing in it": ({}, ' has no "name"'),
    "no arguments": ({"name": "f"}, ' has no "arguments"'),
    "a number for the name": (call(name=1), ': "name" is no text'),
    "null for the kind": (call(type=None), ': "type" is no text'),
    "a list for the arguments": (call(arguments=[1]), NO_ARGUMENTS),
    "no positional arguments": (call(arguments={"kwargs": {}}), NO_ARGUMENTS),
    "no keyword arguments": (call(arguments={"args": []}), NO_ARGUMENTS),
    "positional arguments by name": (call(arguments={"args": {}, "kwargs": {}}), NO_ARGUMENTS),
    "keyword arguments by place": (call(arguments={"args": [], "kwargs": []}), NO_ARGUMENTS),
    "a float for the tokens": (call(input_tokens=1.0), ': "input_tokens" is no count'),
    "tokens below nothing": (call(output_tokens=-1), ': "output_tokens" is no count'),
    "true for the tokens": (call(output_tokens=True), ': "output_tokens" is no count'),
    "endless tokens": (call(input_tokens=10**400), ': "input_tokens" is no count'),
    "a text for the duration": (call(duration_ms="1"), ': "duration_ms" is no number'),
    "a list for the types": (call(types=[]), ': "types" is no object of type names'),
    "a number among the types": (call(types={"/": 1}), ': "types" is no object of type names'),
    "true for the stream": (call(stream=True), NO_STREAM),
    "a list for the form of a stream": (stream_of(form=["iterator"]), NO_STREAM),
    "a list for the class of a stream": (stream_of(**{"class": []}), NO_STREAM),
    "a text for the offers of a stream": (stream_of(offers="iter"), NO_STREAM),
    "a text for the manager of a stream": (stream_of(manager="app:Manager"), NO_STREAM),
    "a number for the class of a manager": (stream_of(manager={"class": 1}), NO_STREAM),
    "a text for the places of exceptions": (stream_of(thrown="1"), NO_STREAM),
    "an object for the uses of a stream": (stream_of(uses={}), NO_STREAM),
    "a text for a use of a stream": (stream_of(uses=["close"]), NO_STREAM),
    "a use of a stream without a name": (stream_of(uses=[{"result": 1}]), NO_STREAM),
    "a use of a stream at no count": (stream_of(uses=[{"name": "a", "at": -1}]), NO_STREAM),
    "a use of a stream without chunks": (stream_of(uses=[{"name": "a", "stream": {}}]), NO_STREAM),
    "a stream of no chunks": (call(stream={}, result={"text": "a"}), NO_CHUNKS),
    "a stream without chunks": (call(stream={}), NO_CHUNKS),
    "false for awaitable": (call(awaitable=False), ': "awaitable" is no true'),
    "one for unfinished": (call(unfinished=1), ': "unfinished" is no true'),
    "null for cleanup": (call(cleanup=None), ': "cleanup" is no true'),
    "a list for the concurrency": (call(concurrency=[0, 1]), NO_CONCURRENCY),
    "no start": (call(concurrency={"end": 1}), NO_CONCURRENCY),
    "a start below nothing": (call(concurrency={"start": -1, "end": 1}), NO_CONCURRENCY),
    "an end that is no place": (call(concurrency={"start": 0, "end": 1.5}), NO_CONCURRENCY),
    "an end before the start": (call(concurrency={"start": 3, "end": 2}), NO_CONCURRENCY),
    "an end at the start": (call(concurrency={"start": 3, "end": 3}), NO_CONCURRENCY),
    "the index of another": (call(index=0), ' has the "index" 0'),
    "a text for the index": (call(index="2"), ': "index" is no count'),
    "true for the parent": (call(parent=True), ': "parent" is no count'),
    "a parent before the first": (call(parent=-1), ': "parent" is no count'),
    "itself for a parent": (call(parent=2), ': its "parent" 2 is no earlier step'),
    "a later step for a parent": (call(parent=7), ': its "parent" 7 is no earlier step'),
}


@pytest.mark.parametrize(("given", "problem"), NO_CASSETTES.values(), ids=NO_CASSETTES)
def test_what_is_no_cassette_is_refused(given, problem):
    """The error says what is wrong, whether the document came from a file or not."""
    with pytest.raises(CassetteFormatError) as from_file:
        parse(json.dumps(given), "tape.json")
    with pytest.raises(CassetteFormatError) as from_dict:
        validate(given)

    assert str(from_file.value) == f"tape.json: {problem}"
    assert str(from_dict.value) == f"cassette: {problem}"


@pytest.mark.parametrize(("third", "problem"), NO_STEPS.values(), ids=NO_STEPS)
def test_a_step_that_is_none_is_refused_at_its_line(third, problem):
    """The line is the one to go to in an editor."""
    steps = [CALL, CALL, third, CALL]
    lines = ['{"version": 1, "steps": [', *(f"{json.dumps(one)}," for one in steps), "{}]}"]

    with pytest.raises(CassetteFormatError) as from_file:
        parse("\n".join(lines), "tape.json")
    with pytest.raises(CassetteFormatError) as from_dict:
        validate(document(steps=steps))

    assert str(from_file.value) == f"tape.json:4: step 2{problem}"
    assert str(from_dict.value) == f"cassette: step 2{problem}"


TEXTS_WITH_A_FAULT = {
    "on one line": ('{"version": 1, "steps": [{}]}', 1),
    "below other fields": ('{\n"version":\n1\n,\n"steps"\n:\n[\n{}\n]}', 8),
    "before other fields": ('{\n"steps": [\n{\n}], "version": 1, "x": [[\n]]}', 3),
    "after one with brackets in it": (
        (
            '{"x": {"steps": ["]}"]}, "version": 1, "steps":\n[{"name": "]}", "arguments":\n'
            '{"args": ["[", {"{": 1}], "kwargs": {}}}\n,\n\n{}]}'
        ),
        6,
    ),
    "with line ends of another system": ('{"version": 1,\r\n"steps": [\r\n\r\n{}]}', 4),
    "behind steps that do not count": (
        '{"steps": [\n{"name": 1}], "version": 1,\n"steps": 5, "steps": [\n\n{}]}',
        5,
    ),
    "under a name in escapes": ('{"version": 1, "st\\u0065ps":\n[{}]}', 2),
    "behind a very deep one": (
        '{"version": 1, "steps": [{"name": "f", "arguments": {"args": [], "kwargs": {}}, "result":'
        + "[" * 396
        + "]" * 396
        + "},\n{}]}",
        2,
    ),
}


@pytest.mark.parametrize(("text", "line"), TEXTS_WITH_A_FAULT.values(), ids=TEXTS_WITH_A_FAULT)
def test_the_line_of_a_step_is_found_however_the_file_is_laid_out(text, line):
    """Other writers, and people, lay a file out in their own way."""
    with pytest.raises(CassetteFormatError) as caught:
        parse(text)

    assert caught.value.line == line


FAULTY_TEXTS = {
    "nothing": ("", 1, "no valid JSON: Expecting value"),
    "half of it": ('{\n "version": 1,\n "st', 3, "no valid JSON: Unterminated string starting at"),
    "all but the end": ('{\n"version": 1\n', 3, "no valid JSON: Expecting ',' delimiter"),
    "no JSON": ("version: 1", 1, "no valid JSON: Expecting value"),
    "two of them": ('{"version": 1}\n{"version": 1}', 2, "no valid JSON: Extra data"),
    "a line break in a text": ('{\n"a": "\n"}', 2, "no valid JSON: Invalid control character at"),
    "a byte order mark in the text": (
        "\ufeff{}",
        1,
        "no valid JSON: Unexpected UTF-8 BOM (decode using utf-8-sig)",
    ),
    "NaN": ('{"version": 1, "steps": [NaN]}', None, "no valid JSON: NaN is no JSON"),
    "Infinity": ('{"version": 1,\n"a": -Infinity}', None, "no valid JSON: -Infinity is no JSON"),
    "a number beyond all floats": (
        '{"version": 1, "steps": [], "a": 1e999}',
        None,
        "no valid JSON: a number is too large",
    ),
    "deep": ("[" * 200_000, None, "no cassette: nested too deeply"),
    "deep and whole": (
        '{"a":' * 200_000 + "1" + "}" * 200_000,
        None,
        "no cassette: nested too deeply",
    ),
}
CONFLICTS = {
    "of git": ("<<<<<<< HEAD\n{}\n=======\n[]\n>>>>>>> main\n", 1),
    "further below": (
        '{"version": 1,\n<<<<<<< HEAD\n "a": 1\n=======\n "a": 2\n>>>>>>> main\n}',
        2,
    ),
    "with line ends of another system": ('{\r\n<<<<<<< HEAD\r\n"a": 1\r\n=======\r\n}', 2),
    "below an empty line": ("\n<<<<<<< HEAD\n{}\n=======\n", 2),
    "half resolved": ('{"version": 1,\n"a": 1\n>>>>>>> main\n}', 3),
    "only the line between": ('{"version": 1,\n"a": 1\n=======\n}', 3),
}


@pytest.mark.parametrize(("text", "line", "problem"), FAULTY_TEXTS.values(), ids=FAULTY_TEXTS)
def test_a_text_that_is_no_json_is_refused(text, line, problem):
    """Not strict JSON is no JSON: other tools could not read the file."""
    with pytest.raises(CassetteFormatError) as caught:
        parse(text, "tape.json")

    assert (caught.value.line, caught.value.problem) == (line, problem)


def test_a_number_with_too_many_digits_is_refused():
    """Python itself may refuse it, with a reason of its own, and may be told not to."""
    with pytest.raises(CassetteFormatError, match=r"no valid JSON|is no number"):
        parse('{"version": 1, "steps": [], "duration_ms": ' + "1" * 10_000 + "}")


@pytest.mark.parametrize(("text", "line"), CONFLICTS.values(), ids=CONFLICTS)
def test_a_merge_conflict_is_told_by_name(text, line):
    """It is what most often goes wrong with a file under version control."""
    with pytest.raises(CassetteFormatError) as caught:
        parse(text)

    assert caught.value.line == line
    assert caught.value.problem == (
        "a merge conflict was left in the file: keep one side, or record it again"
    )


def test_conflict_markers_in_a_value_are_no_conflict():
    """An agent may well talk about git."""
    talk = step(result="<<<<<<< HEAD\n=======\n>>>>>>> main\n")
    broken = json.dumps(talk)[:-1]

    assert parse(json.dumps(talk)) == validate(talk)
    with pytest.raises(CassetteFormatError, match="no valid JSON"):
        parse(broken)


HOSTILE_VALUES = [
    None,
    True,
    False,
    0,
    -1,
    7,
    1.5,
    -0.0,
    10**400,
    1.7e308,
    float("nan"),
    float("inf"),
    "",
    "ask",
    "\ud800",
    "****",
    [],
    {},
    ["a"],
    {"a": 1},
    {"start": 5, "end": 2},
    {"args": [], "kwargs": {}},
    {"/result": "tuple", "~": "!x", "/arguments/args/" + "9" * 5000: "set"},
]
HOSTILE_SNIPPETS = [
    "\ufeff",
    "\r\n",
    "\0",
    "\x1b",
    "NaN",
    "-Infinity",
    "1e999",
    "-1e-999",
    "1" * 10_000,
    "null",
    "true",
    '"steps": 1,',
    '"steps": [],',
    '"version": 1,',
    '"version": 2,',
    "\n<<<<<<< HEAD\n",
    "\n=======\n",
    "[" * 390 + "]" * 390,
    "[" * 900 + "]" * 900,
    '{"a":' * 5_000,
    "[" * 60_000,
    "]",
    "}",
    '"',
    "\\",
    "\\ud800",
    ",",
    "-",
    "1",
    "// comment\n",
    "\u2028",
    "\ud800",
]


def places_in(value):
    """Tell every place in a value: what it is in, and its key there."""
    found = []
    level = [value]
    while level:
        below = level.pop()
        items = below.items() if isinstance(below, dict) else enumerate(below)
        for key, item in items:
            found.append((below, key))
            if isinstance(item, (dict, list)):
                level.append(item)
    return found


def mutated_document(chance):
    """Change one to three places of a good document."""
    changed = copy.deepcopy(chance.choice([FULL, MINIMAL]))
    for _ in range(chance.randint(1, 3)):
        places = places_in(changed)
        if not places:
            break
        holder, key = chance.choice(places)
        other_holder, other_key = chance.choice(places)
        change = chance.choice(["set", "set", "remove", "swap", "repeat", "add"])
        if change == "set":
            holder[key] = copy.deepcopy(chance.choice(HOSTILE_VALUES))
        elif change == "remove":
            del holder[key]
        elif change == "swap":
            one, other = copy.deepcopy((holder[key], other_holder[other_key]))
            holder[key], other_holder[other_key] = other, one
        elif change == "repeat" and isinstance(holder, list):
            holder.insert(key, copy.deepcopy(holder[key]))
        elif isinstance(holder, dict):
            name = chance.choice([other_key, "parent", "stream", "error", "unfinished", "index"])
            holder[str(name)] = copy.deepcopy(chance.choice(HOSTILE_VALUES))
    return changed


def mutated_bytes(chance):
    """Change one to three places of the bytes of a good file."""
    dumped = json.dumps(FULL, indent=chance.choice([None, 1, 2])).encode()
    data = chance.choice([TEXT.encode(), dumped])
    for _ in range(chance.randint(1, 3)):
        start = chance.randrange(len(data) + 1)
        end = min(len(data), start + chance.choice([0, 1, 2, 10, 100, 1000]))
        change = chance.choice(["cut", "remove", "repeat", "insert", "insert", "flip", "ends"])
        if change == "cut":
            data = data[:start]
        elif change == "remove":
            data = data[:start] + data[end:]
        elif change == "repeat":
            data = data[:end] + data[start:end] + data[end:]
        elif change == "insert":
            snippet = chance.choice(HOSTILE_SNIPPETS).encode("utf-8", "surrogatepass")
            data = data[:start] + snippet + data[start:]
        elif change == "flip":
            data = data[:start] + bytes([chance.randrange(256)]) + data[start + 1 :]
        else:
            data = data.replace(b"\n", b"\r\n")
    return data


def use(cassette, path):
    """Do with a cassette whatever one does with a good one."""
    assert str(len(cassette)) in repr(cassette)
    assert diff_cassettes(cassette, cassette).identical
    cassette.age()
    cassette.save(path)
    again = Cassette.load(path)
    assert again.same_content(cassette)
    again.redact("api_key").save(path)
    assert Cassette.load(path).same_content(again)


PARTS = 10
TEXT = render(validate(FULL))


def refusal(read, given):
    """Give the error with which something is refused, or None where it is read."""
    try:
        read(given)
    except CassetteFormatError as error:
        return error
    return None


@pytest.mark.parametrize("part", range(PARTS))
def test_a_mutated_document_is_read_or_refused(part, tmp_path):
    """There is no other error, and what was read is as good as any cassette."""
    refused = []
    for seed in range(part, EXAMPLES // 2, PARTS):
        given = mutated_document(random.Random(seed))
        text = json.dumps(given)
        error = refusal(parse, text)
        refused.append(error is not None)
        if error is None:
            use(Cassette.from_dict(given), tmp_path / "tape.json")
        elif "is no JSON" not in error.problem:  # a dict is not searched for NaN
            assert error.problem == refusal(validate, given).problem
        assert json.dumps(given) == text
    assert set(refused) == {True, False}


@pytest.mark.parametrize("part", range(PARTS))
def test_a_mutated_file_is_read_or_refused(part, tmp_path):
    """There is no other error, and the line that is to blame is one of the file."""
    path = tmp_path / "tape.json"
    refused = []
    for seed in range(part, EXAMPLES // 2, PARTS):
        data = mutated_bytes(random.Random(seed))
        path.write_bytes(data)
        error = refusal(Cassette.load, path)
        refused.append(error is not None)
        if error is None:
            use(Cassette.load(path), tmp_path / "copy.json")
        else:
            assert error.line in {None, *range(1, data.count(b"\n") + 2)}
            assert str(error).startswith(str(path))
        assert path.read_bytes() == data
    assert set(refused) == {True, False}


USUAL = {
    "index": 0,
    "type": "llm",
    "name": "ask",
    "arguments": {"args": ["one"], "kwargs": {}},
    "result": None,
    "input_tokens": 20,
    "output_tokens": 10,
    "duration_ms": 0.5,
}
ODD = [None, True, 0, 1, -1, 10**400, 1.0, -1.0, float("nan"), float("inf"), "", b"", [], {}, ()]
ODD_ARGUMENTS = [{}, {"args": []}, {"kwargs": {}}]
ODD_ARGUMENTS += [{"args": odd, "kwargs": {}} for odd in ODD]
ODD_ARGUMENTS += [{"args": [], "kwargs": odd} for odd in ODD]
ODD_STEPS = [
    *ODD,
    *({**USUAL, name: odd} for name in (*USUAL, "parent", "stream", "types") for odd in ODD),
    *({**USUAL, "arguments": arguments} for arguments in ODD_ARGUMENTS),
    *({key: value for key, value in USUAL.items() if key != name} for name in USUAL),
    *({**{k: v for k, v in USUAL.items() if k != name}, "note": 1} for name in USUAL),
]


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("step", ODD_STEPS)
def test_the_quick_look_at_a_step_passes_nothing_that_is_wrong(step, index):
    """A step as nearly all are is not looked at twice."""
    assert not (is_usual(step, index) and _problem_of_step(step, index))


def test_the_quick_look_passes_what_is_recorded():
    """With all that every step has, and nothing beside it."""
    assert is_usual(USUAL, 0)
    assert not is_usual(USUAL, 1)
    assert not is_usual({**USUAL, "types": {}}, 0)
