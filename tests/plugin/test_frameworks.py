"""What was said in the steps of agent frameworks and of HTTP clients."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_agentcassette._conversation import conversation
from pytest_agentcassette._messages import Said

BRIEF = Said("system", "text", "Be brief.")
USER = Said("user", "text", "Where to?")
LISBON = Said("assistant", "text", "Lisbon.")
CALL = Said("assistant", "call", 'weather({"city": "Lisbon"})')
GIVEN = Said("tool", "result", "24")
HM = Said("assistant", "thinking", "Hm.")


def step(*args: Any, result: Any = None, **fields: Any) -> dict[str, Any]:
    """Make a step of these arguments."""
    arguments = {"args": list(args), "kwargs": fields.pop("kwargs", {})}
    return {"name": "ask", "type": "llm", "arguments": arguments, "result": result, **fields}


def classes(place: str, *names: str) -> dict[str, str]:
    """The types of LangChain's messages in a list."""
    module = "langchain_core.messages"
    return {f"{place}/{at}": f"{module}.some:{name}" for at, name in enumerate(names)}


ASKED = [
    {"content": "Be brief."},
    {"content": "Where to?"},
    {"content": "", "tool_calls": [{"name": "weather", "args": {"city": "Lisbon"}}]},
    {"content": "24", "tool_call_id": "1"},
]
CLASSES = ("SystemMessage", "HumanMessage", "AIMessage", "ToolMessage")


class TestLangChain:
    """Its messages do not tell who speaks; their classes do."""

    def test_a_conversation(self):
        """The history, the calls of tools, and the answer."""
        answer = {"generations": [{"text": "Lisbon.", "message": {"content": "Lisbon."}}]}
        types = classes("/arguments/args/0", *CLASSES)
        types["/arguments/kwargs/stop"] = "tuple"

        (said,) = conversation([step(ASKED, "stop", result=answer, types=types)])

        assert said == [Said("settings", "note", "args[1]: stop"), BRIEF, USER, CALL, GIVEN, LISBON]

    def test_a_history_by_name(self):
        """And an answer that is none of its own."""
        types = classes("/arguments/kwargs/messages", "HumanMessage")
        asked = step(kwargs={"messages": [{"content": "Where to?"}]}, result="Lisbon.", types=types)
        assert conversation([asked]) == [[USER, LISBON]]

    def test_a_stream(self):
        """Texts, blocks of texts, and pieces of calls."""
        pieces = (
            [{"name": "weather", "args": "", "index": 0}],
            [{"args": '{"city": "Lisbon"}', "index": 0}],
        )
        chunks = [
            {"message": {"content": "Lis"}},
            {"message": {"content": [{"type": "text", "text": "bon."}, {"type": "x"}]}},
            *({"message": {"content": "", "tool_call_chunks": piece}} for piece in pieces),
            {"text": "other"},
        ]
        types = classes("/arguments/args/0", "SystemMessage", "HumanMessage")
        stream = {"form": "generator"}

        (said,) = conversation([step(ASKED[:2], result=chunks, types=types, stream=stream)])

        assert said == [BRIEF, USER, LISBON, CALL, Said("answer", "json", '[{"text": "other"}]')]

    def test_messages_of_other_kinds(self):
        """They stay what they are."""
        types = classes("/arguments/args/0", "RemoveMessage")
        (said,) = conversation([step([{"id": "1"}], types=types)])
        assert said[0] == Said("call", "call", 'ask([{"id": "1"}])')


def request(*parts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A message to a model of pydantic-ai."""
    return {"kind": "request", "parts": list(parts), "instructions": None, **fields}


def part(kind: str, content: Any = None, **fields: Any) -> dict[str, Any]:
    """A part of one."""
    return {"part_kind": kind, "content": content, **fields}


TOOL = {"name": "weather", "parameters_json_schema": {"properties": {"city": {}}}}
QUESTION = request(part("system-prompt", "Be brief."), part("user-prompt", "Where to?"))
WANTED = part("tool-call", tool_name="weather", args='{"city": "Lisbon"}')


class TestPydanticAI:
    """Its messages have parts of several speakers."""

    def test_a_conversation(self):
        """The history, the tools, and the answer; of the next call what is new."""
        first = {"kind": "response", "parts": [part("thinking", "Hm."), WANTED]}
        given = request(part("tool-return", "24"), part("retry-prompt", "Again."), part("file", 1))
        second = {"kind": "response", "parts": [part("text", "Lisbon.")]}
        offer = {"function_tools": [TOOL], "mode": "text"}

        one, other = conversation(
            [
                step([QUESTION], None, offer, result=first),
                step([QUESTION, first, given], None, offer, result=second),
            ]
        )

        assert one[0] == Said("settings", "note", 'args[2]: {"mode": "text"}')
        assert one[1].text.startswith("weather(city)\n\n")
        assert one[2:] == [BRIEF, USER, HM, CALL]
        assert other == [
            GIVEN,
            Said("user", "text", "Again."),
            Said("assistant", "json", '{"part_kind": "file", "content": 1}'),
            LISBON,
        ]

    def test_instructions(self):
        """They stand beside the parts."""
        asked = request(part("user-prompt", ["Where to?"]), instructions="Be brief.")
        (said,) = conversation([step(kwargs={"messages": [asked]}, result="Lisbon.")])
        assert said == [BRIEF, USER, LISBON]

    def test_a_stream(self):
        """Its events, in which parts begin, grow and end."""
        events = [
            {"event_kind": "part_start", "index": 0, "part": part("thinking", "H")},
            {
                "event_kind": "part_delta",
                "index": 0,
                "delta": {"part_delta_kind": "thinking", "content_delta": "m."},
            },
            {"event_kind": "part_start", "index": 1, "part": part("text", "Lis")},
            {"event_kind": "final_result"},
            {
                "event_kind": "part_delta",
                "index": 1,
                "delta": {"part_delta_kind": "text", "content_delta": "bon."},
            },
            {"event_kind": "part_end", "index": 1, "part": part("text", "Lisbon.")},
            {
                "event_kind": "part_start",
                "index": 2,
                "part": part("tool-call", tool_name="weather", args=""),
            },
            {
                "event_kind": "part_delta",
                "index": 2,
                "delta": {"part_delta_kind": "tool_call", "args_delta": '{"city": "Lisbon"}'},
            },
            {"event_kind": "other"},
            1,
        ]
        (said,) = conversation([step([QUESTION], result=events, stream={"form": "async_iterable"})])
        others = Said("answer", "json", '[{"event_kind": "other"}, 1]')
        assert said == [BRIEF, USER, HM, LISBON, CALL, others]


URL = "http://localhost/v1/chat"


def sent(result: Any, body: Any = None, **fields: Any) -> list[Said]:
    """Tell a request to a model, and what came of it."""
    body = body or {"model": "gpt", "messages": [{"role": "user", "content": "Where to?"}]}
    kwargs = {"method": "POST", "url": URL, "body": body}
    (said,) = conversation([step(type="http", kwargs=kwargs, result=result, **fields)])
    return said


def streamed(*chunks: Any) -> list[Said]:
    """Tell what came in a stream."""
    return sent([{"status_code": 200}, *chunks], stream={"form": "iterable"})[2:]


class TestHTTP:
    """What an SDK says stands in the body of a request."""

    def test_a_conversation(self):
        """The address is one of its settings."""
        content = {"choices": [{"message": {"role": "assistant", "content": "Lisbon."}}]}
        settings = Said("settings", "note", f"url: {URL}, model: gpt")
        assert sent({"status_code": 200, "content": content}) == [settings, USER, LISBON]

    def test_an_answer_that_is_none(self):
        """It is told whole."""
        failed = {"status_code": 500, "content": {"error": "no"}}
        text = '{"status_code": 500, "content": {"error": "no"}}'
        assert sent(failed)[2:] == [Said("answer", "json", text)]
        assert sent(None)[2:] == [Said("answer", "json", "null")]

    def test_a_stream(self):
        """Its events, however they were cut."""
        deltas = [
            f'{{"choices": [{{"delta": {{"content": "{text}"}}}}]}}' for text in ("Lis", "bon.")
        ]
        text = "".join(f"data: {delta}\n\n" for delta in (*deltas, "[DONE]"))
        assert streamed(text[:20], text[20:]) == [LISBON]

    def test_a_stream_of_something_else(self):
        """It is told as it came."""
        other = Said("answer", "json", '[{"status_code": 200}]')
        assert streamed("Lisbon.") == [LISBON, other]
        assert streamed("data: {") == [Said("assistant", "text", "data: {"), other]

    def test_a_request_that_is_no_question(self):
        """It is told as a call, with all that came of it."""
        response = {"status_code": 200, "content": {"a": 1}}
        call = Said(
            "call", "call", 'ask(method="POST", url="http://localhost/v1/chat", body={"a": 1})'
        )
        whole = Said("answer", "json", '{"status_code": 200, "content": {"a": 1}}')
        assert sent(response, body={"a": 1}) == [call, whole]


ANSWER = {"kind": "response", "parts": [part("text", "Lisbon."), WANTED]}
STEPS = {
    "LangChain": step(
        ASKED,
        result={"generations": [{"message": ASKED[2]}]},
        types=classes("/arguments/args/0", *CLASSES),
    ),
    "pydantic-ai": step([QUESTION, ANSWER], {"function_tools": [TOOL]}, result=ANSWER),
    "HTTP": step(
        type="http",
        kwargs={"url": URL, "body": {"messages": [{"role": "user", "content": "Where to?"}]}},
        result={"status_code": 200, "content": {"choices": [{"message": {"content": "Lisbon."}}]}},
    ),
}


@pytest.mark.parametrize("one", STEPS.values(), ids=STEPS)
def test_what_is_nearly_one_of_theirs_is_told(one, spoiled):
    """A cassette may hold anything: a report never fails, and what it tells is text."""
    for other in spoiled(one):
        for turn in conversation([one, other, other]):
            assert all(isinstance(text, str) for said in turn for text in said)
