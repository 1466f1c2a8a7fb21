"""Tokens of a step: the usage block that its result carries, or an estimate.

A usage block is a dict under one of the names in ``_BLOCK_NAMES``, with counts under keys that a
provider is known to use (``_DIALECTS``). Ollama alone writes its counts straight into the response.
What only looks like a block, such as a user's own ``usage`` field with a text or a negative number
in it, is none.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["TokenCount", "count_tokens"]

_CHARACTERS_PER_TOKEN = 4

# How a stream of server-sent events may begin: https://html.spec.whatwg.org/#parsing-an-event-stream
_EVENT_FIELDS = ("data:", "event:", "id:", "retry:", ":")

# The result itself and four levels below it: the deepest response known to have its block nowhere
# else is langchain's LLMResult, with generations[0][0].message.usage_metadata.
_LEVELS = 5

# In the order of preference: Cohere writes what the model saw (tokens) beside what it bills.
_BLOCK_NAMES = (
    "usage",
    "usage_metadata",
    "usageMetadata",
    "token_usage",
    "tokenUsage",
    "tokens",
    "billed_units",
)


class TokenCount(NamedTuple):
    """The tokens that went into a call, and the tokens that came out of it."""

    input: int
    output: int


class _Dialect(NamedTuple):
    """The keys of one provider's counts; the keys of a half are added up."""

    input: tuple[str, ...]
    output: tuple[str, ...]
    total: str = "total_tokens"


_OLLAMA = _Dialect(("prompt_eval_count",), ("eval_count",))
_DIALECTS = (
    # OpenAI chat completions and embeddings, Mistral, Groq, litellm, langchain's token_usage.
    # Stands before the next one, as litellm repeats Anthropic's cache counts beside its own sum.
    _Dialect(("prompt_tokens",), ("completion_tokens",)),
    # OpenAI responses, Anthropic, Cohere, pydantic-ai, openai-agents, langchain's usage_metadata.
    _Dialect(
        ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"),
        ("output_tokens",),
    ),
    # Gemini generateContent, as the SDK and as the HTTP interface write it, and interactions.
    _Dialect(
        ("prompt_token_count", "tool_use_prompt_token_count"),
        ("candidates_token_count", "thoughts_token_count"),
        "total_token_count",
    ),
    _Dialect(
        ("promptTokenCount", "toolUsePromptTokenCount"),
        ("candidatesTokenCount", "thoughtsTokenCount"),
        "totalTokenCount",
    ),
    _Dialect(
        ("total_input_tokens", "total_tool_use_tokens"),
        ("total_output_tokens", "total_thought_tokens"),
    ),
    # Bedrock Converse.
    _Dialect(
        ("inputTokens", "cacheReadInputTokens", "cacheWriteInputTokens"),
        ("outputTokens",),
        "totalTokens",
    ),
    # pydantic-ai before 1.0.
    _Dialect(("request_tokens",), ("response_tokens",)),
    _OLLAMA,
)
_HALF_KEYS = frozenset(key for dialect in _DIALECTS for key in (*dialect.input, *dialect.output))
_COUNT_KEYS = _HALF_KEYS.union(dialect.total for dialect in _DIALECTS)
_OLLAMA_KEYS = frozenset((*_OLLAMA.input, *_OLLAMA.output))
_SIGNS_OF_A_BLOCK = _OLLAMA_KEYS.union(_BLOCK_NAMES)


class _Block(NamedTuple):
    """The counts of a usage block, and whether the blocks of a stream are parts of a sum."""

    counts: dict[str, int]
    is_part: bool


def count_tokens(
    arguments: Mapping[str, Any], result: Any, *, stream: bool = False, uses: Sequence[Any] = ()
) -> TokenCount:
    """Count the tokens of a step.

    The count is exact where the result carries a usage block. The block is looked for breadth
    first, from the result itself to four levels below it; of several on one level the last counts.
    In a stream it is looked for in each chunk, and of every count the last value seen holds:
    Anthropic sends the input with the first event, and the output so far with the later ones. The
    counts in langchain's chunks are parts, made to be added up, and are.

    Where the block names one half only, the other is what its total leaves. Without a total, no
    output was made (embeddings), and the input is estimated (Ollama leaves out a cached prompt).

    What the providers mean by their counts, after their own references:

    - Anthropic's ``input_tokens`` leaves out what was written to and read from the prompt cache;
      the input is the sum of ``input_tokens``, ``cache_creation_input_tokens`` and
      ``cache_read_input_tokens`` (Messages API, ``Usage``). The three counts of Bedrock's
      ``TokenUsage`` add up in the same way.
    - Gemini's total is the sum of the prompt, what tools added to it, the candidates and the
      thoughts (``GenerateContentResponse.UsageMetadata``).
    - Elsewhere the count of a half includes its details, such as cached or reasoning tokens.

    Without a block the estimate is one token for four characters, rounded up once for the input
    and once for the output. A string has its own characters, None and what is empty have none,
    and anything else has the characters of its compact JSON.

    Of a stream only the place where its chunks say the most is estimated, such as
    ``choices[0].delta.content``: a value counts there if it differs from the one before it at that
    place. Ids, types, models and padding are at places of their own, and so is the whole text that
    some streams repeat at their end. Chunks that are plain text count in full. Text that is made of
    server-sent events counts as the events in it, wherever it was cut into chunks; it also has
    their usage block.

    Args:
        arguments: The arguments of the call, ``{"args": [...], "kwargs": {...}}``.
        result: What the call returned, as plain JSON; of a stream, the list of its chunks.
        stream: Whether the result is a stream.
        uses: What the stream gave beside its chunks: a final message may have the block that they
            lack. They are estimated only where there is no chunk.

    Returns:
        The tokens of the input and of the output.
    """
    is_stream = stream and isinstance(result, list)
    chunks = _events(result) or result if is_stream else [result]
    counts = _merged(block for block in map(_usage_block, [*chunks, *uses]) if block)
    for dialect in _DIALECTS:
        total = counts.get(dialect.total)
        spent = _half(counts, dialect.input)
        made = _half(counts, dialect.output)
        if spent is None and made is None:
            continue
        if made is None:
            made = _rest(total, spent) or 0
        if spent is None:
            spent = _rest(total, made)
        return TokenCount(_estimated_input(arguments) if spent is None else spent, made)
    said = _said(chunks) if is_stream and chunks else sum(map(_characters, chunks or uses))
    return TokenCount(_estimated_input(arguments), _tokens(said))


def _merged(blocks: Iterable[_Block]) -> dict[str, int]:
    merged: dict[str, int] = {}
    for block in blocks:
        for key, count in block.counts.items():
            merged[key] = merged.get(key, 0) + count if block.is_part else count
    return merged


def _half(counts: dict[str, int], keys: tuple[str, ...]) -> int | None:
    found = [counts[key] for key in keys if key in counts]
    return sum(found) if found else None


def _rest(total: int | None, half: int | None) -> int | None:
    return None if total is None or half is None else max(0, total - half)


def _usage_block(response: Any) -> _Block | None:
    """Find the last block on the highest level that has one."""
    level = [response]
    for _ in range(_LEVELS):
        blocks = [block for block in map(_own_block, level) if block]
        if blocks:
            return blocks[-1]
        level = [child for value in level for child in _children(value)]
    return None


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _own_block(value: Any) -> _Block | None:
    """Read the block that a response itself names, if it names one."""
    if not isinstance(value, dict) or _SIGNS_OF_A_BLOCK.isdisjoint(value):
        return None
    for name in _BLOCK_NAMES:
        counts = _counts(value.get(name), _COUNT_KEYS)
        if counts:
            # langchain has Gemini's name for its block, and keys of its own.
            return _Block(counts, name == "usage_metadata" and "input_tokens" in counts)
    counts = _counts(value, _OLLAMA_KEYS)
    return _Block(counts, is_part=False) if counts else None


def _counts(value: Any, keys: frozenset[str]) -> dict[str, int]:
    """Read the counts of a block: none if one of them is no count, or if none counts a half."""
    if not isinstance(value, dict):
        return {}
    given = {key: value[key] for key in keys.intersection(value) if value[key] is not None}
    if _HALF_KEYS.isdisjoint(given) or not all(map(_is_count, given.values())):
        return {}
    return {key: int(count) for key, count in given.items()}


def _is_count(value: Any) -> bool:
    # Cohere declares its counts as floats.
    return type(value) in (int, float) and value >= 0 and value % 1 == 0


def _estimated_input(arguments: Mapping[str, Any]) -> int:
    values = (*arguments["args"], *arguments["kwargs"].values())
    return _tokens(sum(map(_characters, values)))


def _characters(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if value is None or value in ([], {}):
        return 0
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


class _Place(dict[Any, "_Place"]):
    """A place in the chunks of a stream: what was last said there, and the places below it."""

    __slots__ = ("characters", "last")

    def __init__(self) -> None:
        super().__init__()
        self.last: Any = None
        self.characters = 0

    def __missing__(self, key: Any) -> _Place:
        place = self[key] = _Place()
        return place


def _said(chunks: list[Any]) -> int:
    """Count the characters at the place where the chunks say the most."""
    top = _Place()
    most = 0
    for chunk in chunks:
        level = [(top, chunk)]
        for place, value in level:  # It grows by what is further down.
            if isinstance(value, dict):
                level += [(place[key], value[key]) for key in value]
            elif isinstance(value, list):
                level += [(place[index], item) for index, item in enumerate(value)]
            elif place is top or value != place.last:
                place.last = value
                place.characters += _characters(value)
                most = max(most, place.characters)
    return most


def _events(chunks: list[Any]) -> list[Any]:
    """Read the JSON of server-sent events from chunks of text: none where they are anything else.

    The chunks are the text cut anywhere, or its lines without their ends. What is no text among
    them, such as the response that an HTTP client gives first, is no event.
    """
    texts = [chunk for chunk in chunks if isinstance(chunk, str)]
    text = "".join(texts)
    if not text.startswith(_EVENT_FIELDS):
        return []
    lines = text.split("\n") if "\n" in text else texts
    read = (_read(line[len("data:") :]) for line in lines if line.startswith("data:"))
    return [event for event in read if event is not None]


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _tokens(characters: int) -> int:
    return -(-characters // _CHARACTERS_PER_TOKEN)
