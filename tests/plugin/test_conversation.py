"""What was said in the steps of a cassette: the messages of each API, told once."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_agentcassette._conversation import Said, conversation

USER = Said("user", "text", "Where to?")
LISBON = Said("assistant", "text", "Lisbon.")
CALL = Said("assistant", "call", 'weather({"city":"Lisbon"})')
ASKED = {"role": "user", "content": "Where to?"}


def step(*args: Any, result: Any = None, **fields: Any) -> dict[str, Any]:
    """Make a step of these arguments."""
    kwargs = fields.pop("kwargs", {})
    arguments = {"args": list(args), "kwargs": kwargs}
    return {"name": "ask", "arguments": arguments, "result": result, **fields}


def chat(**message: Any) -> dict[str, Any]:
    """Answer as OpenAI's chat does."""
    return {"choices": [{"message": {"role": "assistant", **message}}]}


TOOL = {"id": "c1", "function": {"name": "weather", "arguments": '{"city":"Lisbon"}'}}
SAID = {
    "OpenAI's chat": (
        step(kwargs={"messages": [ASKED]}, result=chat(content="Lisbon.")),
        [USER, LISBON],
    ),
    "messages by position": (step([ASKED], result=chat(content="Lisbon.")), [USER, LISBON]),
    "a call of a tool": (step([ASKED], result=chat(content=None, tool_calls=[TOOL])), [USER, CALL]),
    "the result of a tool": (
        step(
            [{"role": "tool", "tool_call_id": "c1", "content": "24"}],
            result=chat(content="Lisbon."),
        ),
        [Said("tool", "result", "24"), LISBON],
    ),
    "parts of a message": (
        step(
            [
                {
                    "role": "user",
                    "content": [{"type": "text", "text": "Where to?"}, {"type": "image"}],
                }
            ]
        ),
        [USER, Said("user", "json", '{\n "type": "image"\n}'), Said("answer", "json", "null")],
    ),
    "OpenAI's responses": (
        step(
            kwargs={"input": "Where to?", "instructions": "Be brief."},
            result={
                "output": [
                    {"type": "message", "content": [{"type": "output_text", "text": "Lisbon."}]},
                    {"type": "function_call", "name": "weather", "arguments": '{"city":"Lisbon"}'},
                ]
            },
        ),
        [Said("system", "text", "Be brief."), USER, LISBON, CALL],
    ),
    "what a tool of responses gave": (
        step(
            kwargs={"input": [{"type": "function_call_output", "output": "24"}]}, result="Lisbon."
        ),
        [Said("tool", "result", "24"), Said("answer", "json", '"Lisbon."')],
    ),
    "Anthropic": (
        step(
            kwargs={"system": "Be brief.", "messages": [ASKED]},
            result={
                "content": [
                    {"type": "text", "text": "Lisbon."},
                    {"type": "tool_use", "name": "weather", "input": {"city": "Lisbon"}},
                ]
            },
        ),
        [
            Said("system", "text", "Be brief."),
            USER,
            LISBON,
            Said("assistant", "call", 'weather({\n "city": "Lisbon"\n})'),
        ],
    ),
    "what a tool of Anthropic gave": (
        step(
            [
                {
                    "role": "user",
                    "content": [{"type": "tool_result", "content": one} for one in ("24", [])],
                }
            ]
        ),
        [
            Said("tool", "result", "24"),
            Said("tool", "result", "[]"),
            Said("answer", "json", "null"),
        ],
    ),
    "Gemini": (
        step(
            kwargs={"contents": [{"role": "user", "parts": [{"text": "Where to?"}]}]},
            result={
                "candidates": [
                    {"content": {"role": "model", "parts": [{"function_call": {"name": "now"}}]}}
                ]
            },
        ),
        [USER, Said("model", "call", "now({})")],
    ),
    "what a tool of Gemini gave": (
        step(
            [{"role": "user", "parts": [{"function_response": {"response": {"a": 1}}}]}], result={}
        ),
        [Said("tool", "result", '{\n "a": 1\n}'), Said("answer", "json", "{}")],
    ),
    "no message at all": (
        step("Lisbon", kwargs={"messages": [1]}, result=[24]),
        [
            Said(
                "call",
                "json",
                '{\n "args": [\n  "Lisbon"\n ],\n "kwargs": {\n  "messages": [\n   1\n  ]\n }\n}',
            ),
            Said("answer", "json", "[\n 24\n]"),
        ],
    ),
    "an exception": (
        step([ASKED], error={"type": "ValueError", "message": "no"}),
        [USER, Said("error", "text", "ValueError: no")],
    ),
    "a stream of texts": (
        step([ASKED], result=["Lis", "bon."], stream={"form": "generator"}),
        [USER, LISBON],
    ),
    "a stream of OpenAI's chat": (
        step(
            [ASKED],
            result=[{"choices": [{"delta": {"content": text}}]} for text in ("Lis", "bon.", None)],
            stream={"form": "iterable"},
        ),
        [USER, LISBON],
    ),
    "a stream of others": (
        step(
            [ASKED],
            result=[{"delta": {"text": "Lis"}}, {"delta": "bon."}, {"type": "end"}, 1],
            stream={"form": "iterable"},
        ),
        [USER, LISBON],
    ),
    "a stream that says nothing": (
        step([ASKED], result=[1], stream={"form": "iterable"}),
        [USER, Said("answer", "json", "[\n 1\n]")],
    ),
}


@pytest.mark.parametrize(("one", "said"), SAID.values(), ids=SAID)
def test_what_was_said_in_a_step(one, said):
    """In the words of whoever said it."""
    assert conversation([one]) == [said]


def test_a_history_is_told_once():
    """An agent sends all of it with every call."""
    more = {"role": "user", "content": "And then?"}
    history = [ASKED, {"role": "assistant", "content": "Lisbon."}, more]

    first, second = conversation(
        [
            step([ASKED], result=chat(content="Lisbon.")),
            step(history, result=chat(content="Porto.")),
        ]
    )

    assert first == [USER, LISBON]
    assert second == [Said("user", "text", "And then?"), Said("assistant", "text", "Porto.")]


def test_json_is_told_as_often_as_it_comes():
    """Two calls with the same arguments are two calls."""
    first, second = conversation([step("a", result=1), step("a", result=1)])
    assert first == second
