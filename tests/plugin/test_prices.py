"""What calls would cost: which model and tokens are billed, and the list prices themselves."""

from __future__ import annotations

import sys

import pytest

from pytest_agentcassette._prices import Price, Tokens, price, price_list


def step(result, *, kind="llm", tokens=(1000, 100), stream=None, **kwargs):
    """A step as a cassette has it."""
    return {
        "index": 0,
        "type": kind,
        "name": "ask",
        "arguments": {"args": [], "kwargs": kwargs},
        "result": result,
        "input_tokens": tokens[0],
        "output_tokens": tokens[1],
        "duration_ms": 1.0,
        **({} if stream is None else {"stream": stream}),
    }


class Prices:
    """A list with one dollar for each call of the models that it knows; keeps what it was asked."""

    def __init__(self, *models):
        self.models = models
        self.asked = []

    def __call__(self, provider, model, tokens):
        """The price of a call."""
        self.asked.append((provider, model, tokens))
        return 1.0 if model in self.models else None


CHAT = {
    "model": "gpt-5-mini-2025-08-07",
    "choices": [{"message": {"content": "Lisbon"}}],
    "usage": {
        "prompt_tokens": 1000,
        "completion_tokens": 100,
        "prompt_tokens_details": {"cached_tokens": 600, "audio_tokens": 0},
    },
}

ANSWERS = {
    "openai chat": ([CHAT], {}, "gpt-5-mini-2025-08-07", 600, 0),
    "openai chat, streamed": (
        [
            {"model": "gpt-5-mini", "choices": [{"delta": {"content": "Lis"}}], "usage": None},
            {"model": "gpt-5-mini", "choices": [], "usage": CHAT["usage"]},
        ],
        {"is_stream": True},
        "gpt-5-mini",
        600,
        0,
    ),
    "openai responses": (
        [
            {
                "model": "gpt-5",
                "usage": {"input_tokens": 1, "input_tokens_details": {"cached_tokens": 7}},
            }
        ],
        {},
        "gpt-5",
        7,
        0,
    ),
    "anthropic": (
        [
            {
                "model": "claude-sonnet-4-5",
                "usage": {
                    "input_tokens": 100,
                    "cache_creation_input_tokens": 300,
                    "cache_read_input_tokens": 600,
                    "cache_creation": {"ephemeral_5m_input_tokens": 300},
                },
            }
        ],
        {},
        "claude-sonnet-4-5",
        600,
        300,
    ),
    "anthropic, streamed": (
        [
            {
                "type": "message_start",
                "message": {
                    "model": "claude-sonnet-4-5",
                    "usage": {"input_tokens": 10, "cache_read_input_tokens": 600},
                },
            },
            {
                "type": "message_delta",
                "usage": {"output_tokens": 5, "cache_read_input_tokens": None},
            },
        ],
        {"is_stream": True},
        "claude-sonnet-4-5",
        600,
        0,
    ),
    "gemini": (
        [
            {
                "model_version": "gemini-2.5-flash",
                "usage_metadata": {"prompt_token_count": 9, "cached_content_token_count": 8},
            }
        ],
        {},
        "gemini-2.5-flash",
        8,
        0,
    ),
    "gemini over HTTP": (
        [{"modelVersion": "gemini-2.5-flash", "usageMetadata": {"cachedContentTokenCount": 8}}],
        {},
        "gemini-2.5-flash",
        8,
        0,
    ),
    "langchain": (
        [
            {
                "content": "Lisbon",
                "response_metadata": {"model_name": "gpt-5-mini"},
                "usage_metadata": {
                    "input_tokens": 9,
                    "input_token_details": {"cache_read": 5, "cache_creation": 2},
                },
            }
        ],
        {},
        "gpt-5-mini",
        5,
        2,
    ),
    "pydantic-ai": (
        [
            {
                "model_name": "gpt-5-mini",
                "usage": {"input_tokens": 9, "cache_read_tokens": 4, "cache_write_tokens": 3},
            }
        ],
        {},
        "gpt-5-mini",
        4,
        3,
    ),
}


@pytest.mark.parametrize(
    ("answers", "how", "model", "read", "written"), ANSWERS.values(), ids=ANSWERS
)
def test_the_model_and_its_cached_tokens_are_found(answers, how, model, read, written):
    """Where each provider and framework puts them."""
    prices = Prices(model)
    is_stream = "is_stream" in how
    one = step(answers if is_stream else answers[0], stream={} if is_stream else None)

    assert price([one], None, prices) == Price(1.0, ())
    assert prices.asked == [(None, model, Tokens(1000, 100, read, written))]


def test_bedrock_names_its_model_in_the_arguments():
    """Under a key that nobody else has, so that the provider is known."""
    prices = Prices("us.amazon.nova-lite-v1:0")
    one = step(
        {
            "output": {},
            "usage": {"inputTokens": 9, "cacheReadInputTokens": 4, "cacheWriteInputTokens": 5},
        },
        kind="call",
        modelId="us.amazon.nova-lite-v1:0",
    )

    assert price([one], None, prices).dollars == 1.0
    assert prices.asked == [("aws", "us.amazon.nova-lite-v1:0", Tokens(1000, 100, 4, 5))]


@pytest.mark.parametrize("chunks", [["Lis", "bon"], []])
def test_what_a_stream_was_asked_for_tells_as_well(chunks):
    """The final message, of a stream that was read as text, or not at all."""
    prices = Prices("claude-sonnet-4-5")
    use = {
        "name": "get_final_message",
        "result": {
            "model": "claude-sonnet-4-5",
            "usage": {"input_tokens": 10, "cache_read_input_tokens": 6},
        },
    }

    assert price([step(chunks, stream={"uses": [use]})], None, prices).dollars == 1.0
    assert prices.asked[0][2].cache_read == 6


def test_the_arguments_tell_where_the_result_does_not():
    """Also where the result names a model that nobody knows, such as a deployment."""
    prices = Prices("gpt-4o")

    assert price([step("Lisbon", model="gpt-4o")], "other", prices) == Price(1.0, ())
    assert price([step({"model": "ours"}, model="gpt-4o")], None, prices) == Price(1.0, ())


@pytest.mark.parametrize(
    ("name", "spellings"),
    [
        ("groq/llama", [(None, "groq/llama"), ("groq", "llama"), (None, "llama")]),
        ("models/gemini", [(None, "models/gemini"), ("models", "gemini"), (None, "gemini")]),
    ],
)
def test_what_stands_before_the_name_is_tried_as_the_provider(name, spellings):
    """litellm writes the provider there, and Google a word."""
    prices = Prices()

    assert price([step("Lisbon", model=name)], None, prices) == Price(None, (name,))
    assert [asked[:2] for asked in prices.asked] == spellings


def test_the_label_is_the_model_where_nothing_else_names_one():
    """And where there is none either, nobody knows."""
    prices = Prices("gpt-5-mini")

    assert price([step("Lisbon")], "gpt-5-mini", prices) == Price(1.0, ())
    assert price([step("Lisbon")], None, prices) == Price(None, ("",))
    assert price([step({"model": "ours"})], "gpt-5-mini", prices) == Price(None, ("ours",))


def test_tools_cost_nothing():
    """Whatever they are asked for, and whatever they answer."""
    steps = [
        step("sunny", kind="tool", city="Lisbon"),
        step({"model": "Volkswagen"}, kind="tool"),
        step([{"price": 9}], kind="tool", model="gpt-5-mini"),
        step({"usage": {"words": 9}, "model": 5}, kind="tool", model=["gpt-5-mini"]),
        step({"usage": "rarely"}, kind="tool"),
    ]

    assert price(steps, "gpt-5-mini", Prices("gpt-5-mini")) == Price(0.0, ())


def test_a_call_of_a_model_need_not_say_so():
    """A usage block gives it away, and so does a model that is asked for and answers."""
    steps = [step(CHAT, kind="call"), step([{"model": "gpt-5"}], kind="call", model="gpt-5")]

    assert price(steps, None, Prices(CHAT["model"], "gpt-5")) == Price(2.0, ())


def test_what_nothing_came_back_from_costs_nothing():
    """An error, or a stream that nobody read."""
    steps = [step(None, model="gpt-5"), step([], model="gpt-5", stream={})]

    assert price(steps, None, Prices("gpt-5")) == Price(0.0, ())


def test_the_known_prices_add_up_beside_the_unknown():
    """What is left out is said, model by model."""
    steps = [step(CHAT), step("a", model="ours"), step(CHAT), step("b", model="ours")]

    assert price(steps, None, Prices(CHAT["model"])) == Price(2.0, ("ours", "ours"))


def test_more_cached_tokens_than_tokens_are_cut():
    """Files of other writers count the input without them."""
    prices = Prices("claude-sonnet-4-5")
    usage = {"input_tokens": 1, "cache_read_input_tokens": 900, "cache_creation_input_tokens": 900}

    price([step({"model": "claude-sonnet-4-5", "usage": usage})], None, prices)

    assert prices.asked[0][2] == Tokens(1000, 100, 900, 100)


def test_the_list_prices():
    """Those of the package: cheaper for what was cached, nothing for a name that nobody knows."""
    prices = price_list()

    plain = prices(None, "gpt-5-mini", Tokens(1_000_000, 1000))
    cached = prices(None, "gpt-5-mini", Tokens(1_000_000, 1000, cache_read=900_000))
    assert 0 < cached < plain < 100
    assert prices("groq", "llama-3.3-70b-versatile", Tokens(1000, 1000)) > 0
    assert prices("aws", "us.anthropic.claude-sonnet-4-20250514-v1:0", Tokens(1000, 1000)) > 0
    assert prices(None, "nobody-knows-it", Tokens(1000, 1000)) is None
    assert prices(None, "", Tokens(1000, 1000)) is None
    assert prices("nobody", "gpt-5-mini", Tokens(1000, 1000)) is None


@pytest.mark.parametrize(("model", "expected"), [("whisper-1", None), ("omni-moderation", 0.0)])
def test_a_model_that_is_not_billed_by_tokens(model, expected):
    """It may be free, but where it is billed by the minute its price is not nothing."""
    assert price_list()("openai", model, Tokens(1000, 1000)) == expected


def test_without_the_package_there_is_no_list(monkeypatch):
    """And no error: prices are an extra."""
    monkeypatch.setitem(sys.modules, "genai_prices", None)

    assert price_list() is None


AGENT = """
    from agentcassette import intercept

    @intercept(kind="llm")
    def chat(prompt, model):
        usage = {"prompt_tokens": 1_000_000, "completion_tokens": 0}
        return {"model": model, "choices": [{"text": prompt.upper()}], "usage": usage}

    @intercept(kind="tool")
    def search(query):
        return [f"about {query}"]
    """

TESTS = """
    from chat import chat, search

    @pytest.mark.cassette
    def test_priced():
        chat("one", model="gpt-5-mini")
        search("two")

    @pytest.mark.cassette
    def test_unpriced():
        chat("three", model="ours")
    """


@pytest.fixture
def priced(project):
    """A project with a model that has a price, one that has none, and a tool."""
    project.write("chat.py", AGENT)
    project.test(TESTS)
    return project


@pytest.mark.parametrize("workers", [[], ["-p", "xdist", "-n", "2"]], ids=["alone", "-n 2"])
def test_the_report_shows_prices(priced, workers):
    """A column, a total, and what is left out; with and without workers."""
    priced.run(passed=2)

    run = priced.run("--cassette-report", "--junitxml=junit.xml", *workers, passed=2)

    at = next(n for n, line in enumerate(run.lines) if line.startswith("cassette  calls"))
    heading, known, unknown, total, rest = (line.split() for line in run.lines[at : at + 5])
    assert heading[-2:] == ["price", "test"]
    assert (known[-1], unknown[-1]) == ("test_it.py::test_priced", "test_it.py::test_unpriced")
    assert known[-2].startswith("$")
    assert unknown[-2] == "?"
    assert (total[0], total[-1]) == ("total", known[-2])
    assert " ".join(rest) == "1 call of an unknown model not priced: ours"
    assert f"tokens, {total[-1]} and {total[-2]} of live calls not spent" in run.text
    assert 'name="cassette_price" value="0.' in priced.read("junit.xml")


def test_a_recording_costs_and_saves_nothing(priced):
    """What was paid is in the table, and not in what was spared."""
    run = priced.run("--cassette-report", passed=2)

    assert any(line.startswith("recorded") and "$" in line for line in run.lines)
    assert "cassettes: 2 recorded" in run.lines


def test_an_update_tells_what_it_paid_for_and_what_not(priced):
    """The first call was on tape, the second is new."""
    again = 'chat("one", model="gpt-5-mini")'
    priced.run(passed=2)
    priced.edit("test_it.py", 'search("two")', f"{again}; {again}")

    run = priced.run("--cassette-report", "--record-mode=update", "-k", "_priced")

    rows = {line.split()[0]: line.split()[-1] for line in run.lines if "$" in line}
    saved = float(rows["not"].strip("$"))
    assert float(rows["total"].strip("$")) == pytest.approx(3 * saved)


def test_without_the_package_there_are_tokens_only(priced, monkeypatch):
    """And not a word about prices."""
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    priced.run(passed=2)

    run = priced.run("--cassette-report", passed=2)

    assert "cassette  calls  tokens in  out      total  live time  age  test" in run.lines
    assert "price" not in run.text.replace("_priced", "").replace("_unpriced", "")
    assert "$" not in run.text


@pytest.mark.parametrize(("args", "imported"), [([], False), (["--cassette-report"], True)])
def test_prices_are_imported_for_a_report_alone(priced, args, imported):
    """They take a fifth of a second."""
    priced.write(
        "conftest.py",
        """
        import sys

        def pytest_unconfigure():
            print("imported:", "genai_prices" in sys.modules)
        """,
    )

    run = priced.run("-s", *args, subprocess=True, passed=2)

    assert f"imported: {imported}" in run.lines


def test_warnings_that_are_errors_do_not_reach_the_package(priced):
    """It is imported while the filters of the user's tests hold."""
    run = priced.run("--cassette-report", "-W", "error", subprocess=True, passed=2)

    assert "$0." in run.text
