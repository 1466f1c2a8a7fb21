"""A document -> the text of a cassette: strict, stable, and good to read in a diff."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcassette._format import parse, validate
from agentcassette._layout import render

CALL = {"name": "ask", "arguments": {"args": [], "kwargs": {}}}

# Every field, in an order that is not that of the file.
SHUFFLED = {
    "tool": "other 3.1",
    "author": None,
    "steps": [
        {
            "cost": {"usd": 0.1},
            "at": "12:00",
            "cleanup": True,
            "parent": 0,
            "unfinished": True,
            "concurrency": {"start": 3, "end": None},
            "awaitable": True,
            "stream": {"form": "async_iterator", "left": True},
            "error": {"type": "ValueError", "message": "no"},
            "types": {"/error": "ValueError"},
            "duration_ms": 512.0,
            "output_tokens": 88,
            "input_tokens": 420,
            "result": ["eins", "zwei"],
            "arguments": {"kwargs": {"b": 1, "a": 2}, "args": ["plan the task"]},
            "name": "call_model",
            "type": "llm",
            "index": 0,
        }
    ],
    "typed": True,
    "redact": ["api_key"],
    "test": "test_agent.py::test_plan",
    "duration_ms": 1832.4,
    "model": "claude-sonnet-4-6",
    "recorded_at": "2026-06-30T12:00:00Z",
    "version": 1,
}
IN_ORDER = """\
{
  "version": 1,
  "recorded_at": "2026-06-30T12:00:00Z",
  "model": "claude-sonnet-4-6",
  "duration_ms": 1832.4,
  "test": "test_agent.py::test_plan",
  "redact": ["api_key"],
  "typed": true,
  "tool": "other 3.1",
  "author": null,
  "steps": [
    {
      "index": 0,
      "type": "llm",
      "name": "call_model",
      "arguments": {"kwargs": {"b": 1, "a": 2}, "args": ["plan the task"]},
      "result": ["eins", "zwei"],
      "input_tokens": 420,
      "output_tokens": 88,
      "duration_ms": 512.0,
      "types": {"/error": "ValueError"},
      "error": {"type": "ValueError", "message": "no"},
      "stream": {"form": "async_iterator", "left": true},
      "awaitable": true,
      "concurrency": {"start": 3, "end": null},
      "unfinished": true,
      "parent": 0,
      "cleanup": true,
      "cost": {"usd": 0.1},
      "at": "12:00"
    }
  ]
}
"""
NO_STEPS = """\
{
  "version": 1,
  "recorded_at": null,
  "model": null,
  "duration_ms": 0.0,
  "steps": []
}
"""


def shuffled(fields, chance):
    """Give the same fields in another order."""
    items = list(fields.items())
    chance.shuffle(items)
    return dict(items)


def with_result(*results):
    """Make a document whose steps have these results."""
    return validate({"version": 1, "steps": [{**CALL, "result": result} for result in results]})


def rendered_result(result):
    """Give the lines that a result takes."""
    lines = render(with_result(result)).split("\n")
    first = next(i for i, line in enumerate(lines) if line.startswith('      "result": '))
    last = next(i for i, line in enumerate(lines) if line.startswith('      "input_tokens": '))
    return lines[first:last]


def test_a_cassette_reads_from_top_to_bottom():
    """Our fields stand in their order, those of other writers behind them as they came."""
    assert render(SHUFFLED) == IN_ORDER


def test_a_cassette_without_steps_is_a_cassette():
    """The run made no call."""
    assert render(validate({"version": 1, "steps": []})) == NO_STEPS


@pytest.mark.parametrize("seed", range(20))
def test_the_order_of_fields_in_a_document_does_not_matter(seed):
    """Whatever order a program fills them in, the file has no diff."""
    chance = random.Random(seed)
    known = {name: SHUFFLED[name] for name in SHUFFLED if name not in ("tool", "author", "steps")}
    step = {name: SHUFFLED["steps"][0][name] for name in SHUFFLED["steps"][0]}
    del step["cost"], step["at"]

    texts = {
        render({**shuffled(known, chance), "steps": [shuffled(step, chance)]}) for _ in range(5)
    }

    assert len(texts) == 1


FITS = {
    "a number": (7, ['      "result": 7,']),
    "nothing": (None, ['      "result": null,']),
    "an empty list": ([], ['      "result": [],']),
    "an empty object": ({}, ['      "result": {},']),
    "a short object": ({"a": [1, {"b": None}]}, ['      "result": {"a": [1, {"b": null}]},']),
    "a text of a thousand characters": ("x" * 1000, [f'      "result": "{"x" * 1000}",']),
    "a list of exactly one line": (["x" * 79], [f'      "result": ["{"x" * 79}"],']),
    "a list of one column more": (
        ["x" * 80],
        ['      "result": [', f'        "{"x" * 80}"', "      ],"],
    ),
    "an object of exactly one line": (
        {"k": "x" * 38, "l": "y" * 27},
        [f'      "result": {{"k": "{"x" * 38}", "l": "{"y" * 27}"}},'],
    ),
    "an object of one column more": (
        {"k": "x" * 38, "l": "y" * 28},
        [
            '      "result": {',
            f'        "k": "{"x" * 38}",',
            f'        "l": "{"y" * 28}"',
            "      },",
        ],
    ),
    "a list with a long item deep within": (
        [1, [2, {"a": ["x" * 90, 3]}], 4],
        [
            '      "result": [',
            "        1,",
            "        [",
            "          2,",
            "          {",
            '            "a": [',
            f'              "{"x" * 90}",',
            "              3",
            "            ]",
            "          }",
            "        ],",
            "        4",
            "      ],",
        ],
    ),
    "a chat": (
        {
            "messages": [
                {"role": "user", "content": "a question that takes some words to ask"},
                {"role": "assistant", "content": "an answer\nof two lines"},
            ]
        },
        [
            '      "result": {',
            '        "messages": [',
            '          {"role": "user", "content": "a question that takes some words to ask"},',
            '          {"role": "assistant", "content": "an answer\\nof two lines"}',
            "        ]",
            "      },",
        ],
    ),
}


@pytest.mark.parametrize(("result", "lines"), FITS.values(), ids=FITS)
def test_what_fits_on_a_line_stands_on_one(result, lines):
    """A line is 100 columns, the comma included; what does not fit has each item on a line."""
    assert rendered_result(result) == lines


TEXTS = {
    "letters of every script": ("Grüße, 你好, 🎉", '"Grüße, 你好, 🎉"'),
    "quotes and backslashes": ('a"b\\', '"a\\"b\\\\"'),
    "control characters": ("\0\t\n\r\x1b", '"\\u0000\\t\\n\\r\\u001b"'),
    "line ends of Unicode": ("\u2028\u2029\x85", '"\u2028\u2029\x85"'),
    "a lone high surrogate": ("a\ud800b", '"a\\ud800b"'),
    "a lone low surrogate": ("\udfff", '"\\udfff"'),
    "what looks like an escape": ("\\ud800", '"\\\\ud800"'),
}


@pytest.mark.parametrize(("text", "written"), TEXTS.values(), ids=TEXTS)
def test_a_text_is_written_as_a_person_would_read_it(text, written):
    """Only what JSON or UTF-8 can't hold is escaped, also in keys."""
    assert rendered_result(text) == [f'      "result": {written},']
    assert rendered_result({text: 1}) == [f'      "result": {{{written}: 1}},']
    assert parse(render(with_result({text: text})))["steps"][0]["result"] == {text: text}


NO_NUMBERS = {"NaN": float("nan"), "infinity": float("inf"), "minus infinity": float("-inf")}


@pytest.mark.parametrize("number", NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_what_is_no_json_is_not_written(number):
    """A file that other tools can't read is worse than none."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        render(with_result([{"a": number}]))


@pytest.mark.parametrize("key", [1, None, True, (1, 2)])
def test_a_key_that_is_no_text_is_not_written(key):
    """Only steps that somebody made by hand have one; the file could not be read any more."""
    with pytest.raises(TypeError, match="the keys of JSON are text, not "):
        render(with_result([{"a": {key: 1}}]))


def test_a_deep_value_is_laid_out():
    """As deep as a document may be, whatever Python's limit leaves to the test."""
    value = []
    for _ in range(396):
        value = [value]
    document = with_result(value, "x" * 100)

    assert parse(render(document)) == document


def test_a_grown_history_shows_in_a_diff_as_what_was_added():
    """Each message is a line of its own, and the lines before it stay as they are."""
    history = [{"role": "user", "content": f"message {number} of them all"} for number in range(4)]

    short, long = (rendered_result(history[:count]) for count in (3, 4))

    assert long[:3] == short[:3]
    assert long[4:] == ['        {"role": "user", "content": "message 3 of them all"}', "      ],"]


keys = st.sampled_from(["", "a", "\ud800", "a/b", "$same", '"', "\u2028"])
texts = st.text(max_size=9)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
    | st.sampled_from(["\ud800", "a\udfff", "x" * 90]),
    lambda below: st.lists(below) | st.dictionaries(keys, below),
    max_leaves=8,
)
steps = st.fixed_dictionaries(
    {
        "name": texts,
        "arguments": st.fixed_dictionaries(
            {"args": st.lists(values, max_size=2), "kwargs": st.dictionaries(keys, values)}
        ),
    },
    optional={
        "result": values,
        "type": texts,
        "input_tokens": st.integers(0, 10**9),
        "duration_ms": st.floats(0, 1e9),
        "types": st.dictionaries(keys, texts),
        "error": values,
        "awaitable": st.just(True),
        "concurrency": st.just({"start": 3, "end": 8}),
        "cleanup": st.just(True),
        "something else": values,
    },
)
documents = st.fixed_dictionaries(
    {"version": st.just(1), "steps": st.lists(steps, max_size=2)},
    optional={"model": st.none() | texts, "redact": st.lists(texts), "something else": values},
)


@given(documents)
def test_what_is_written_is_read_again(document):
    """Nothing is lost, and a file that is loaded and saved again has no diff."""
    document = validate(document)

    text = render(document)
    again = parse(text)

    assert json.dumps(again, sort_keys=True) == json.dumps(document, sort_keys=True)
    assert [repr(step["result"]) for step in again["steps"]] == [
        repr(step["result"]) for step in document["steps"]
    ]
    assert render(again) == text
    assert text.encode("utf-8").decode("utf-8") == text
    for line in text.split("\n"):  # one value may be as long as it is, and has its own line
        assert len(line) <= 100 or not line.rstrip(",").endswith(("]", "}"))
