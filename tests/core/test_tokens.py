"""Tokens of a step: every provider's usage block, what only looks like one, and the estimate."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcassette._tokens import TokenCount, count_tokens

# Twelve characters.
ARGUMENTS = {"args": ["question"], "kwargs": {"how": "fast"}}
ESTIMATED_INPUT = 3


def count(result: Any, *, stream: bool = False) -> TokenCount:
    """Count the tokens of a call with the arguments above."""
    return count_tokens(ARGUMENTS, result, stream=stream)


BLOCKS = {
    "openai chat": {
        "choices": [],
        "usage": {
            "prompt_tokens": 420,
            "completion_tokens": 88,
            "total_tokens": 508,
            "prompt_tokens_details": {"cached_tokens": 400},
            "completion_tokens_details": {"reasoning_tokens": 64},
        },
    },
    "openai responses": {
        "output": [],
        "usage": {
            "input_tokens": 420,
            "input_tokens_details": {"cached_tokens": 400},
            "output_tokens": 88,
            "output_tokens_details": {"reasoning_tokens": 64},
            "total_tokens": 508,
        },
    },
    "anthropic": {"content": [], "usage": {"input_tokens": 420, "output_tokens": 88}},
    "anthropic with a prompt cache": {
        "usage": {
            "input_tokens": 20,
            "cache_creation_input_tokens": 100,
            "cache_read_input_tokens": 300,
            "cache_creation": {"ephemeral_5m_input_tokens": 100},
            "output_tokens": 88,
        }
    },
    "anthropic without a prompt cache": {
        "usage": {
            "input_tokens": 420,
            "cache_creation_input_tokens": None,
            "cache_read_input_tokens": 0,
            "output_tokens": 88,
        }
    },
    "litellm, in front of anthropic": {
        "usage": {
            "prompt_tokens": 420,
            "completion_tokens": 88,
            "cache_creation_input_tokens": 100,
            "cache_read_input_tokens": 300,
        }
    },
    "gemini sdk": {
        "usage_metadata": {
            "prompt_token_count": 420,
            "candidates_token_count": 24,
            "thoughts_token_count": 64,
            "cached_content_token_count": 400,
            "total_token_count": 508,
        }
    },
    "gemini http": {
        "usageMetadata": {
            "promptTokenCount": 400,
            "toolUsePromptTokenCount": 20,
            "candidatesTokenCount": 88,
            "totalTokenCount": 508,
        }
    },
    "gemini interactions": {
        "usage": {
            "total_input_tokens": 400,
            "total_tool_use_tokens": 20,
            "total_output_tokens": 24,
            "total_thought_tokens": 64,
            "total_tokens": 508,
        }
    },
    "bedrock converse": {
        "output": {"message": {"content": [{"text": "..."}]}},
        "usage": {"inputTokens": 420, "outputTokens": 88, "totalTokens": 508},
    },
    "bedrock converse with a prompt cache": {
        "usage": {
            "inputTokens": 20,
            "cacheReadInputTokens": 300,
            "cacheWriteInputTokens": 100,
            "outputTokens": 88,
        }
    },
    "cohere v1": {
        "meta": {
            "billed_units": {"input_tokens": 400.0, "output_tokens": 80.0},
            "tokens": {"input_tokens": 420.0, "output_tokens": 88.0},
        }
    },
    "cohere v2": {
        "usage": {
            "billed_units": {"input_tokens": 400, "output_tokens": 80},
            "tokens": {"input_tokens": 420, "output_tokens": 88},
        }
    },
    "cohere, billed units only": {
        "meta": {"billed_units": {"input_tokens": 420, "output_tokens": 88}}
    },
    "ollama": {"message": {}, "done": True, "prompt_eval_count": 420, "eval_count": 88},
    "pydantic-ai": {
        "parts": [],
        "usage": {
            "input_tokens": 420,
            "cache_write_tokens": 100,
            "cache_read_tokens": 300,
            "output_tokens": 88,
            "details": {"cache_read_input_tokens": 300},
        },
    },
    "pydantic-ai before 1.0": {
        "usage": {"requests": 1, "request_tokens": 420, "response_tokens": 88, "total_tokens": 508}
    },
    "langchain message": {
        "content": "...",
        "usage_metadata": {"input_tokens": 420, "output_tokens": 88, "total_tokens": 508},
        "response_metadata": {"token_usage": {"prompt_tokens": 1, "completion_tokens": 1}},
    },
    "langchain message of an older version": {
        "content": "...",
        "usage_metadata": None,
        "response_metadata": {"token_usage": {"prompt_tokens": 420, "completion_tokens": 88}},
    },
    "langchain chat result": {
        "generations": [{"message": {"usage_metadata": {"input_tokens": 1, "output_tokens": 1}}}],
        "llm_output": {"token_usage": {"prompt_tokens": 420, "completion_tokens": 88}},
    },
    "langchain llm result": {
        "generations": [
            [{"message": {"usage_metadata": {"input_tokens": 420, "output_tokens": 88}}}]
        ],
        "llm_output": None,
    },
    "javascript wrapper": {"tokenUsage": {"prompt_tokens": 420, "completion_tokens": 88}},
    "wrapper": {"response": {"usage": {"prompt_tokens": 420, "completion_tokens": 88}}, "ms": 3},
    "list of responses, the last one": [
        {"usage": {"input_tokens": 1, "output_tokens": 1}},
        {"usage": {"input_tokens": 420, "output_tokens": 88}},
        {"usage": None},
    ],
    "the higher one": {
        "steps": [{"usage": {"input_tokens": 1, "output_tokens": 1}}],
        "usage": {"input_tokens": 420, "output_tokens": 88},
    },
}


@pytest.mark.parametrize("result", BLOCKS.values(), ids=BLOCKS)
def test_a_usage_block_is_exact(result):
    """Each provider's block gives all input and all output tokens, cached and thought ones too."""
    assert count(result) == TokenCount(input=420, output=88)


HALVES = {
    "embeddings made no output": (
        {"data": [{"embedding": [0.1, 0.2]}], "usage": {"prompt_tokens": 5, "total_tokens": 5}},
        TokenCount(5, 0),
    ),
    "ollama embeddings": ({"embeddings": [[0.1]], "prompt_eval_count": 5}, TokenCount(5, 0)),
    "a blocked prompt": (
        {"usage_metadata": {"prompt_token_count": 5, "candidates_token_count": None}},
        TokenCount(5, 0),
    ),
    "the total leaves the output": (
        {"usage_metadata": {"prompt_token_count": 5, "total_token_count": 12}},
        TokenCount(5, 7),
    ),
    "the total leaves the input": (
        {"usage": {"completion_tokens": 5, "total_tokens": 12}},
        TokenCount(7, 5),
    ),
    "a total that is too small leaves nothing": (
        {"usage": {"completion_tokens": 5, "total_tokens": 1}},
        TokenCount(0, 5),
    ),
    "a prompt in ollama's cache is estimated": (
        {"eval_count": 5},
        TokenCount(ESTIMATED_INPUT, 5),
    ),
}


@pytest.mark.parametrize(("result", "expected"), HALVES.values(), ids=HALVES)
def test_a_missing_half_is_derived(result, expected):
    """A block with one half tells the other by its total, else by what is known of such blocks."""
    assert count(result) == expected


ANTHROPIC_STREAM = [
    {
        "type": "message_start",
        "message": {
            "usage": {"input_tokens": 20, "cache_read_input_tokens": 400, "output_tokens": 1}
        },
    },
    {"type": "content_block_delta", "delta": {"text": "usage"}},
    {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 30}},
    {
        "type": "message_delta",
        "delta": {},
        "usage": {"input_tokens": 20, "cache_read_input_tokens": None, "output_tokens": 88},
    },
    {"type": "message_stop"},
]
STREAMS = {
    "anthropic": ANTHROPIC_STREAM,
    "openai chat": [
        {"choices": [{"delta": {"content": "Hi"}}], "usage": None},
        {"choices": [], "usage": {"prompt_tokens": 420, "completion_tokens": 88}},
    ],
    "openai responses": [
        {"type": "response.created", "response": {"usage": None}},
        {"type": "response.output_text.delta", "delta": "Hi"},
        {
            "type": "response.completed",
            "response": {"usage": {"input_tokens": 420, "output_tokens": 88}},
        },
    ],
    "gemini, with totals so far": [
        {"usage_metadata": {"prompt_token_count": 420, "candidates_token_count": 8}},
        {"usage_metadata": {"prompt_token_count": 420, "candidates_token_count": 88}},
    ],
    "bedrock converse": [
        {"contentBlockDelta": {"delta": {"text": "Hi"}}},
        {"metadata": {"usage": {"inputTokens": 420, "outputTokens": 88}}},
    ],
    "ollama": [
        {"message": {"content": "Hi"}, "done": False},
        {"done": True, "prompt_eval_count": 420, "eval_count": 88},
    ],
    "langchain, with parts to be added": [
        {"content": "", "usage_metadata": {"input_tokens": 420, "output_tokens": 8}},
        {"content": "Hi", "usage_metadata": None},
        {"content": "", "usage_metadata": {"input_tokens": 0, "output_tokens": 80}},
    ],
}


@pytest.mark.parametrize("chunks", STREAMS.values(), ids=STREAMS)
def test_a_stream_counts_what_was_said_last(chunks):
    """Of every count of a stream the last value holds; parts are added up."""
    assert count(chunks, stream=True) == TokenCount(input=420, output=88)


def test_a_stream_that_was_left_early_counts_what_it_told():
    """Without its end a stream still has the counts of its beginning."""
    assert count(ANTHROPIC_STREAM[:2], stream=True) == TokenCount(420, 1)


def test_a_stream_without_a_block_is_estimated_by_its_chunks():
    """The characters of the chunks count, and not those of the list that they stand in."""
    assert count(["Hel", "lo", "", None, "!"], stream=True) == TokenCount(ESTIMATED_INPUT, 2)


def chat_chunk(**delta: str) -> Any:
    """Make a chunk of a chat completion, which is mostly envelope."""
    return {
        "id": "chatcmpl-9f3a",
        "object": "chat.chunk",
        "created": 1764550000,
        "choices": [{"index": 0, "delta": delta, "finish_reason": None}],
        "usage": None,
    }


PIECES = ["The quick ", "brown fox ", "jumps ", "over the ", "lazy dog."]
CHAT = [chat_chunk(role="assistant", content=""), *(chat_chunk(content=it) for it in PIECES)]
SSE = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in CHAT) + "data: [DONE]\n\n"
# All of them say the pieces, of 44 characters.
SAYINGS = {
    "text": PIECES,
    "openai chat": CHAT,
    "a tool call": [
        chat_chunk(role="assistant"),
        *({"choices": [{"delta": {"tool_calls": [{"arguments": it}]}}]} for it in PIECES),
    ],
    "padding": [{**chunk, "padding": "x" * index} for index, chunk in enumerate(CHAT)],
    "openai responses, which tells the whole text again": [
        {"type": "created", "response": {"id": "resp_1", "output": []}, "sequence_number": 0},
        *(
            {"type": "delta", "item_id": "msg_1", "delta": piece, "sequence_number": number}
            for number, piece in enumerate(PIECES, 1)
        ),
        {"type": "done", "item_id": "msg_1", "text": "".join(PIECES), "sequence_number": 6},
        {"type": "completed", "response": {"id": "resp_1", "output": ["".join(PIECES)]}},
    ],
    "anthropic": [
        {"type": "message_start", "message": {"id": "msg_1", "model": "claude"}},
        *(
            {"type": "block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
            for piece in PIECES
        ),
        {"type": "message_stop"},
    ],
    "gemini": [
        {"candidates": [{"content": {"parts": [{"text": it}], "role": "model"}}], "id": "r1"}
        for it in PIECES
    ],
    "langchain": [{"content": it, "type": "AIMessageChunk", "id": "run-1"} for it in PIECES],
    "langgraph": [["messages", [{"content": it}, {"node": "agent"}]] for it in PIECES],
    "server-sent events": SSE.split("\n\n"),
    "server-sent events, cut anywhere": [SSE[at : at + 70] for at in range(0, len(SSE), 70)],
    "server-sent events with carriage returns": [SSE.replace("\n", "\r\n")],
    "lines of server-sent events": SSE.split("\n"),
    "server-sent events behind a response": [{"status_code": 200, "content": ""}, SSE],
    "named server-sent events": [": hello\nevent: delta\n", SSE],
}


@pytest.mark.parametrize("chunks", SAYINGS.values(), ids=SAYINGS)
def test_a_stream_is_estimated_by_what_it_says(chunks):
    """Of chunks without a usage block only the place counts where they say the most."""
    assert count(chunks, stream=True) == TokenCount(ESTIMATED_INPUT, 11)


SAYING_LITTLE = {
    "text that repeats itself": (["ha ha "] * 4, 6),
    "a value that repeats itself is said once": ([{"id": "abcd"}] * 4, 1),
    "a value that comes back is said again": ([{"id": "abcd"}, {"id": "efgh"}, {"id": "abcd"}], 3),
    "a chunk between them says nothing": ([{"id": "abcd"}, {}, {"id": "abcd"}], 1),
    "numbers": ([{"n": 12}, {"n": 345}], 2),
    "items of a list are places": ([["abcd", "efgh"]], 1),
    "nothing": ([None, {}, [], "", {"a": {}, "b": [None]}], 0),
    "events that are no json": (["data: abcd"], 3),
    "events that are too deep": (["data: " + "[" * 200_000], 50_002),
    "events that say nothing": (["data: null"], 3),
    "text that speaks of events": (['Say\ndata: {"a": 1}'], 5),
}


@pytest.mark.parametrize(("chunks", "tokens"), SAYING_LITTLE.values(), ids=SAYING_LITTLE)
def test_the_estimate_of_odd_chunks(chunks, tokens):
    """Whatever the chunks are, they are counted."""
    assert count(chunks, stream=True).output == tokens


def test_server_sent_events_tell_their_usage_block():
    """The block is exact, also in a text that was cut anywhere."""
    text = "".join(f"event: {it['type']}\ndata: {json.dumps(it)}\n\n" for it in ANTHROPIC_STREAM)
    chunks = [text[at : at + 50] for at in range(0, len(text), 50)]
    assert count(chunks, stream=True) == TokenCount(420, 88)


def test_a_stream_may_have_no_chunk():
    """A stream that ended at once made nothing."""
    assert count([], stream=True) == TokenCount(ESTIMATED_INPUT, 0)


def test_a_stream_that_is_no_list_is_one_result():
    """What a stream left instead of chunks is estimated like a result."""
    assert count(None, stream=True) == TokenCount(ESTIMATED_INPUT, 0)


LOOKALIKES = {
    "a text": {"usage": "call it with a city"},
    "a number": {"usage": 12},
    "a dict with other keys": {"usage": {"cpu": 12, "memory": 400}},
    "a negative count": {"usage": {"input_tokens": -1, "output_tokens": 3}},
    "a count that is a bool": {"usage": {"prompt_tokens": True, "completion_tokens": 3}},
    "a count that is a text": {"usage": {"prompt_tokens": "12", "completion_tokens": 3}},
    "a count that is no whole number": {"usage": {"prompt_tokens": 1.5}},
    "a total alone": {"usage": {"total_tokens": 12}},
    "nothing known": {"usage": {"input_tokens": None, "output_tokens": None}},
    "an empty block": {"usage": {}},
    "a list": {"usage": [{"kilowatts": 3}]},
    "counts under a name of the user's": {"limits": {"input_tokens": 9, "output_tokens": 9}},
    "counts in the result itself": {"prompt_tokens": 9, "completion_tokens": 9},
    "too far down": {"a": {"b": {"c": {"d": {"e": {"usage": {"input_tokens": 9}}}}}}},
    "a bad count of ollama's kind": {"eval_count": -3},
}


@pytest.mark.parametrize("result", LOOKALIKES.values(), ids=LOOKALIKES)
def test_what_only_looks_like_a_block_is_none(result):
    """A user's own field counts for nothing, and the result is estimated like any other."""
    made = len(json.dumps(result, separators=(",", ":")))
    assert count(result) == TokenCount(ESTIMATED_INPUT, math.ceil(made / 4))


ESTIMATES = {
    "nothing": (None, 0),
    "an empty text": ("", 0),
    "an empty list": ([], 0),
    "an empty dict": ({}, 0),
    "one character": ("a", 1),
    "four characters": ("abcd", 1),
    "five characters": ("abcde", 2),
    "characters, not bytes": ("éöü€", 1),
    "false is something": (False, 2),
    "zero is something": (0, 1),
    "compact json": ({"a": [1, 2], "b": "é"}, 5),
}


@pytest.mark.parametrize(("result", "tokens"), ESTIMATES.values(), ids=ESTIMATES)
def test_without_a_block_four_characters_are_a_token(result, tokens):
    """The estimate of a result goes by its characters, rounded up, and nothing is nothing."""
    assert count(result).output == tokens


def test_the_input_is_rounded_up_once():
    """The characters of all arguments are added before they become tokens."""
    arguments = {"args": ["a", None, ""], "kwargs": {"first": "b", "second": [], "third": 12}}
    assert count_tokens(arguments, None) == TokenCount(1, 0)


def test_names_of_arguments_count_nothing():
    """What the caller calls its arguments is not sent to a model."""
    assert count_tokens({"args": [], "kwargs": {"a_long_name": ""}}, None).input == 0


def nested(depth: int) -> Any:
    """Make a result of twice so many levels."""
    value: Any = "text"
    for _ in range(depth):
        value = {"usage": [value]}
    return value


def test_a_deep_result_is_estimated():
    """Depth is no fault, as deep as values may be."""
    assert count(nested(150)).output == math.ceil((len('{"usage":[]}') * 150 + len('"text"')) / 4)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["usage", "tokens", "input_tokens", "eval_count", "total_tokens", "x"]),
            inner,
        )
    ),
)


@given(JSON, st.booleans())
def test_any_result_has_a_count(result, stream):
    """Whatever a call returns, it is counted, the same every time, and never below nothing."""
    counted = count(result, stream=stream)
    assert min(counted) >= 0
    assert count(result, stream=stream) == counted
