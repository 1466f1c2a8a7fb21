"""What calls would cost at list prices: the model and the tokens of each, and what a token costs.

The prices are those that the package `genai-prices` carries; nothing is fetched. Without it nobody
knows a price. It is imported by whoever asks for the first price, and not before.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["Price", "PriceList", "Tokens", "price", "price_list"]


class Tokens(NamedTuple):
    """The tokens of one call, as they are billed.

    Attributes:
        input: All that went in.
        output: All that came out.
        cache_read: The part of the input that the provider had in its cache.
        cache_write: The part of the input that it put there.
    """

    input: int
    output: int
    cache_read: int = 0
    cache_write: int = 0


class Price(NamedTuple):
    """What calls would cost.

    Attributes:
        dollars: The price of those whose price is known, in US dollars; None where it is of none.
        unpriced: The models of the others, an empty name where that is not known either.
    """

    dollars: float | None
    unpriced: tuple[str, ...]


#: The price of a call in US dollars, by the names of the provider (None where it is not known) and
#: of the model, and by its tokens; None where the list has no such model.
PriceList = Callable[[Optional[str], str, Tokens], Optional[float]]

# The result itself and four levels below it: as far down as its tokens are looked for. The deepest
# response known to tell its model nowhere else is langchain's LLMResult.
_LEVELS = 5

# OpenAI, Anthropic and most others; Gemini, as the SDK and as the HTTP interface write it;
# langchain and pydantic-ai.
_MODEL_KEYS = ("model", "model_version", "modelVersion", "model_name")

# The arguments that name a model, and the provider where the argument tells it: Bedrock's has a
# name of its own.
_MODEL_ARGUMENTS = {"model": None, "model_name": None, "modelId": "aws"}

_USAGE_KEYS = ("usage", "usage_metadata", "usageMetadata", "token_usage", "tokenUsage")

# In the usage block, or in the details of one of its counts: OpenAI and openai-agents; Anthropic;
# Gemini twice; Bedrock; pydantic-ai; langchain; DeepSeek.
_CACHE_READ = (
    "cached_tokens",
    "cache_read_input_tokens",
    "cached_content_token_count",
    "cachedContentTokenCount",
    "cacheReadInputTokens",
    "cache_read_tokens",
    "cache_read",
    "prompt_cache_hit_tokens",
)

# Anthropic; Bedrock; pydantic-ai and OpenAI; langchain.
_CACHE_WRITE = (
    "cache_creation_input_tokens",
    "cacheWriteInputTokens",
    "cache_write_tokens",
    "cache_creation",
)


def price_list() -> PriceList | None:
    """The list prices, or None where `genai-prices` is not installed."""
    try:
        genai_prices = importlib.import_module("genai_prices")
    except ImportError:
        return None

    def dollars(provider: str | None, model: str, tokens: Tokens) -> float | None:
        usage = genai_prices.Usage(
            input_tokens=tokens.input,
            output_tokens=tokens.output,
            cache_read_tokens=tokens.cache_read,
            cache_write_tokens=tokens.cache_write,
        )
        try:
            found = genai_prices.calc_price(usage, model, provider_id=provider)
        except LookupError:
            return None
        if not found.total_price and str(found.model_price):
            return None  # it is billed, but by minutes, pages or characters
        return float(found.total_price)

    return dollars


def price(steps: Iterable[dict[str, Any]], label: str | None, prices: PriceList) -> Price:
    """Tell what the calls of some steps would cost.

    A call is one of a model if its kind is "llm", if its result has a usage block, or if both its
    arguments and its result name a model; other calls cost nothing, and neither does one that
    nothing came back from. The model is the one that the result names; else, or where nobody knows
    the price of that, the one that the arguments name; if neither names one, the label.

    Args:
        steps: The steps, as the cassette has them.
        label: The model that the cassette is labelled with, or None.
        prices: The list prices.

    Returns:
        Their price.
    """
    known, unpriced = [], []
    for step in steps:
        levels = list(_levels(_answers(step)))
        blocks = _usage_blocks(levels)
        models = _models(step, _named_in(levels), label, is_counted=bool(blocks))
        if not models:
            continue
        tokens = _tokens(step, blocks)
        found = [prices(provider, name, tokens) for provider, name in models]
        dollars = next((one for one in found if one is not None), None)
        if dollars is None:
            unpriced.append(models[0][1])
        else:
            known.append(dollars)
    return Price(None if unpriced and not known else float(sum(known)), tuple(unpriced))


def _models(
    step: dict[str, Any], answered: str | None, label: str | None, *, is_counted: bool
) -> list[tuple[str | None, str]]:
    """The providers and names that the model of a call may go by; none if nothing is billed.

    Args:
        step: The step of the call.
        answered: The model that its result names, or None.
        label: The model that the cassette is labelled with, or None.
        is_counted: Whether its result has a usage block.
    """
    asked = [
        (provider, name)
        for key, provider in _MODEL_ARGUMENTS.items()
        for name in [step["arguments"]["kwargs"].get(key)]
        if name and isinstance(name, str)
    ]
    is_of_model = step["type"] == "llm" or is_counted or (answered and asked)
    if not is_of_model or not any(_answers(step)):
        return []
    named = [(None, answered), *asked] if answered else asked or [(None, label or "")]
    return [spelling for one in named for spelling in _spellings(*one)]


def _spellings(provider: str | None, name: str) -> Iterator[tuple[str | None, str]]:
    """The name as it is, then without what litellm and Google put before it."""
    yield provider, name
    prefix, slash, rest = name.partition("/")
    if slash:
        yield prefix, rest
        yield None, rest


def _tokens(step: dict[str, Any], blocks: list[dict[str, Any]]) -> Tokens:
    spent = step["input_tokens"]
    read = min(_largest(blocks, _CACHE_READ), spent)
    return Tokens(
        input=spent,
        output=step["output_tokens"],
        cache_read=read,
        cache_write=min(_largest(blocks, _CACHE_WRITE), spent - read),
    )


def _answers(step: Mapping[str, Any]) -> list[Any]:
    """What came back: a result, or the chunks of a stream and what else it was asked for."""
    result = step["result"]
    answers = list(result) if isinstance(result, list) else [result]
    for use in step.get("stream", {}).get("uses", ()):
        answers += _answers(use)
    return answers


def _levels(values: list[Any]) -> Iterator[list[dict[str, Any]]]:
    """The dicts among some values, then those one level below, and so on."""
    for _ in range(_LEVELS):
        yield [value for value in values if isinstance(value, dict)]
        values = [child for value in values for child in _children(value)]


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _named_in(levels: list[list[dict[str, Any]]]) -> str | None:
    """The model that is named on the highest level that names one."""
    for level in levels:
        for value in level:
            for key in _MODEL_KEYS:
                name = value.get(key)
                if name and isinstance(name, str):
                    return name
    return None


def _usage_blocks(levels: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The usage blocks of what came back: a stream may have several, on more than one level."""
    found = [value.get(key) for level in levels for value in level for key in _USAGE_KEYS]
    return [
        one for one in found if isinstance(one, dict) and any("token" in key.lower() for key in one)
    ]


def _largest(blocks: list[dict[str, Any]], keys: Sequence[str]) -> int:
    """The largest count under one of some keys, in the blocks or the details of their counts.

    Where several have it they mean the same: the events of a stream repeat it, and so do some SDKs
    under names of their own.
    """
    details = [value for block in blocks for value in block.values() if isinstance(value, dict)]
    counts = [block[key] for block in (*blocks, *details) for key in keys if key in block]
    return max((count for count in counts if type(count) is int), default=0)
