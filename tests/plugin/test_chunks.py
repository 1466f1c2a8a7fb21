"""The chunks of a stream, joined: of each API what a model would have said in one go."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_agentcassette._conversation import conversation
from pytest_agentcassette._messages import Said

LISBON = Said("assistant", "text", "Lisbon.")
CALL = Said("assistant", "call", 'weather({"city": "Lisbon"})')
HM = Said("assistant", "thinking", "Hm.")


def told(chunks: list[Any], **fields: Any) -> list[Said]:
    """Tell a step that gave these chunks, without what was asked."""
    arguments = {"args": [[{"role": "user", "content": "Where to?"}]], "kwargs": {}}
    stream = fields.pop("stream", {"form": "iterator"})
    step = {"name": "ask", "arguments": arguments, "result": chunks, "stream": stream, **fields}
    ((_, *said),) = conversation([step])
    return said


def chat(**delta: Any) -> dict[str, Any]:
    """A chunk of OpenAI's chat."""
    return {"choices": [{"index": 0, "delta": delta}]}


def chat_call(index: int, name: str | None, arguments: str) -> dict[str, Any]:
    """A chunk of OpenAI's chat with a piece of a call."""
    return chat(tool_calls=[{"index": index, "function": {"name": name, "arguments": arguments}}])


def response(kind: str, **fields: Any) -> dict[str, Any]:
    """A chunk of OpenAI's responses."""
    return {"type": f"response.{kind}", **fields}


def block(index: int, **begin: Any) -> dict[str, Any]:
    """A chunk of Anthropic that begins a block."""
    return {"type": "content_block_start", "index": index, "content_block": begin}


def piece(index: int, **delta: Any) -> dict[str, Any]:
    """A chunk of Anthropic with a piece of a block."""
    return {"type": "content_block_delta", "index": index, "delta": delta}


def gemini(*parts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A chunk of Gemini."""
    return {"candidates": [{"content": {"role": "model", "parts": list(parts)}}], **fields}


WEATHER = {"type": "function_call", "name": "weather"}
SEARCH = {"type": "web_search_call", "status": "completed"}
BLOCKED = {"prompt_feedback": {"block_reason": "SAFETY"}}
FAILED = {"type": "response.failed", "response": {}}
STREAMS = {
    "texts": (["Lis", "bon."], [LISBON]),
    "OpenAI's chat": (
        [
            chat(role="assistant", content=""),
            chat(reasoning_content="Hm."),
            chat(content="Lis"),
            chat(content="bon."),
            chat_call(0, "weather", ""),
            chat_call(0, None, '{"city": '),
            chat_call(1, "now", "{}"),
            chat_call(0, None, '"Lisbon"}'),
            {"choices": [], "usage": {"total_tokens": 9}},
        ],
        [HM, LISBON, CALL, Said("assistant", "call", "now({})")],
    ),
    "OpenAI's chat, as it was": (
        [
            chat(function_call={"name": "weather", "arguments": '{"city":'}),
            chat(function_call={"arguments": '"Lisbon"}'}),
        ],
        [CALL],
    ),
    "OpenAI's responses": (
        [
            response("created", response={"output": []}),
            response("output_item.added", output_index=0, item={"type": "reasoning"}),
            response("reasoning_summary_text.delta", output_index=0, summary_index=0, delta="Hm."),
            response("output_item.done", output_index=0, item={"type": "reasoning"}),
            response("output_item.added", output_index=1, item={"type": "message"}),
            response("output_text.delta", output_index=1, content_index=0, delta="Lis"),
            response("output_text.delta", output_index=1, content_index=0, delta="bon."),
            response("output_item.added", output_index=2, item={**WEATHER, "arguments": ""}),
            response("function_call_arguments.delta", output_index=2, delta='{"city": '),
            response("function_call_arguments.delta", output_index=2, delta='"Lisbon"}'),
            response("output_item.done", output_index=3, item=SEARCH),
            response("completed", response={"output": []}),
        ],
        [
            HM,
            LISBON,
            CALL,
            Said("assistant", "json", '{"type": "web_search_call", "status": "completed"}'),
        ],
    ),
    "a call of OpenAI's responses that is complete": (
        [
            response("output_item.added", output_index=0, item={**WEATHER, "arguments": ""}),
            response(
                "output_item.done",
                output_index=0,
                item={**WEATHER, "arguments": '{"city": "Lisbon"}'},
            ),
        ],
        [CALL],
    ),
    "OpenAI's responses that failed": (
        [response("output_text.delta", delta="Lisbon."), FAILED],
        [LISBON, Said("answer", "json", '[{"type": "response.failed", "response": {}}]')],
    ),
    "Anthropic": (
        [
            {"type": "message_start", "message": {"content": []}},
            block(0, type="thinking", thinking=""),
            piece(0, type="thinking_delta", thinking="Hm."),
            piece(0, type="signature_delta", signature="x"),
            block(1, type="text", text=""),
            piece(1, type="text_delta", text="Lis"),
            {"type": "text", "text": "Lis", "snapshot": "Lis"},
            piece(1, type="text_delta", text="bon."),
            {"type": "content_block_stop", "index": 1},
            block(2, type="tool_use", name="weather", input={}),
            piece(2, type="input_json_delta", partial_json=""),
            piece(2, type="input_json_delta", partial_json='{"city": '),
            piece(2, type="input_json_delta", partial_json='"Lisbon"}'),
            {"type": "message_stop"},
        ],
        [HM, LISBON, CALL],
    ),
    "two messages of Anthropic": (
        [
            {"type": "message_start"},
            piece(0, text="Lisbon."),
            {"type": "message_start"},
            piece(0, text="Lisbon."),
        ],
        [LISBON, LISBON],
    ),
    "Gemini": (
        [
            gemini({"text": "Hm.", "thought": True}),
            gemini({"text": "Lis"}),
            gemini({"text": "bon."}),
            gemini({"function_call": {"name": "weather", "args": {"city": "Lisbon"}}}),
            gemini({"function_call": {"name": "weather", "args": {"city": "Lisbon"}}}),
            gemini({"text": "Lisbon."}),
            {"candidates": [{"finish_reason": "STOP"}]},
            {"usage_metadata": {"total_token_count": 9}},
        ],
        [one._replace(role="model") for one in (HM, LISBON, CALL, CALL, LISBON)],
    ),
    "Gemini that refuses": (
        [{**BLOCKED, "usage_metadata": {}}],
        [
            Said(
                "answer",
                "json",
                '[{"prompt_feedback": {"block_reason": "SAFETY"}, "usage_metadata": {}}]',
            )
        ],
    ),
    "others who speak alike": ([{"delta": {"content": "Lis"}}, {"delta": "bon."}], [LISBON]),
    "nothing that one reads": (
        [{"type": "ping"}],
        [Said("answer", "json", '[{"type": "ping"}]')],
    ),
    "what nobody knows": (
        ["Lisbon.", 1, {"a": 1}],
        [LISBON, Said("answer", "json", '[1, {"a": 1}]')],
    ),
    "nothing": ([], []),
}


@pytest.mark.parametrize(("chunks", "said"), STREAMS.values(), ids=STREAMS)
def test_the_chunks_of_a_stream_are_joined(chunks, said):
    """Nobody reads a sentence, or the arguments of a call, in pieces."""
    assert told(chunks) == said


@pytest.mark.parametrize("chunks", [chunks for chunks, _ in STREAMS.values()], ids=STREAMS)
def test_what_is_nearly_a_chunk_is_told(chunks, spoiled):
    """A cassette may hold anything: a report never fails, and what it tells is text."""
    for other in spoiled({"result": chunks}):
        if isinstance(other["result"], list):
            assert all(isinstance(text, str) for said in told(other["result"]) for text in said)


def test_the_chunks_stay_as_they_were():
    """They are those of the cassette."""
    part = {"function_call": {"name": "now"}, "text": None}
    chunks = [gemini(part), gemini({"text": "a"}), gemini({"text": "b"})]
    told(chunks)
    assert chunks == [gemini(part), gemini({"text": "a"}), gemini({"text": "b"})]


def test_a_stream_that_ended_in_an_exception():
    """What had come by then is told, and then the exception."""
    error = {"type": "ConnectionError", "message": "gone"}
    assert told(["Lis", "bon."], error=error) == [
        LISBON,
        Said("error", "error", "ConnectionError: gone"),
    ]


def test_a_stream_that_was_left():
    """Nobody knows what would have come."""
    said = told(["Lisbon."], stream={"form": "generator", "left": True})
    assert said == [LISBON, Said("answer", "note", "the stream was read no further")]


def test_a_stream_that_was_not_read_chunk_by_chunk():
    """But by what it offers: an iterator of its texts, or a method that gives the whole."""
    whole = {"content": [{"type": "text", "text": "Lisbon."}]}
    uses = [
        {"name": "text_stream", "result": ["Lis", "bon."], "stream": {"form": "generator"}},
        {"name": "response", "result": {"status": 200}},
        {"name": "get_final_message", "arguments": {"args": [], "kwargs": {}}, "result": whole},
        {"name": "close", "arguments": {"args": [], "kwargs": {}}, "error": {"type": "OSError"}},
    ]
    said = told([], stream={"form": "iterator", "left": True, "uses": uses})
    assert said == [LISBON, LISBON, Said("error", "error", "OSError")]


def test_a_value_that_a_manager_gave():
    """It is no chunk of a stream."""
    assert told("Lisbon.", stream={"form": "value"}) == [LISBON]
    assert told([1], stream={"form": "value"}) == [Said("answer", "json", "[1]")]
