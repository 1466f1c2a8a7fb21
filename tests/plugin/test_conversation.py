"""What was said in the steps of a cassette: the messages of each API, of a history what is new."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentcassette._conversation import conversation
from pytest_agentcassette._messages import Said, as_json

USER = Said("user", "text", "Where to?")
LISBON = Said("assistant", "text", "Lisbon.")
CALL = Said("assistant", "call", 'weather({"city": "Lisbon"})')
BRIEF = Said("system", "text", "Be brief.")
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
        [USER, Said("user", "json", '{"type": "image"}'), Said("answer", "json", "null")],
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
        [BRIEF, USER, LISBON, CALL],
    ),
    "what a tool of responses gave": (
        step(
            kwargs={"input": [{"type": "function_call_output", "output": "24"}]}, result="Lisbon."
        ),
        [Said("tool", "result", "24"), LISBON],
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
            BRIEF,
            USER,
            LISBON,
            CALL,
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
        [Said("tool", "result", '{"a": 1}'), Said("answer", "json", "{}")],
    ),
    "no message at all": (
        step("Lisbon", kwargs={"messages": [1]}, result=[24]),
        [
            Said("call", "call", 'ask("Lisbon", messages=[1])'),
            Said("answer", "json", "[24]"),
        ],
    ),
    "an exception": (
        step([ASKED], error={"type": "ValueError", "message": "no"}),
        [USER, Said("error", "error", "ValueError: no")],
    ),
    "an exception without a message": (
        step([ASKED], error={"type": "ValueError"}),
        [USER, Said("error", "error", "ValueError")],
    ),
    "an exception whose message is no text": (
        step([ASKED], error={"type": "KeyError", "args": [1]}),
        [USER, Said("error", "error", "KeyError: [1]")],
    ),
    "an exception that was redacted": (
        step([ASKED], error="****"),
        [USER, Said("error", "error", '"****"')],
    ),
    "a call that did not end": (
        step([ASKED], unfinished=True),
        [USER, Said("answer", "note", "none: the call did not end")],
    ),
    "a call with many words": (
        step("x" * 101),
        [
            Said("call", "json", as_json({"args": ["x" * 101], "kwargs": {}})),
            Said("answer", "json", "null"),
        ],
    ),
    "a text that is no answer to a history": (
        step("Where to?", result="Lisbon."),
        [Said("call", "call", 'ask("Where to?")'), Said("answer", "text", "Lisbon.")],
    ),
    "a refusal, and a message that says nothing": (
        step(
            [{"role": "assistant", "content": None, "refusal": None}, ASKED],
            result=chat(content=None, refusal="No."),
        ),
        [USER, Said("assistant", "text", "No.")],
    ),
    "what a model thinks": (
        step(
            [ASKED],
            result={
                "output": [
                    {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
                    {"type": "reasoning", "summary": []},
                    {"type": "web_search_call", "status": "done"},
                ],
                "content": [{"type": "thinking", "thinking": "So."}],
                "candidates": [{"content": {"parts": [{"text": "Ah.", "thought": True}]}}],
                "message": {"role": "assistant", "content": "Lisbon."},
            },
        ),
        [
            USER,
            Said("assistant", "thinking", "Hm."),
            Said("assistant", "json", '{"type": "web_search_call", "status": "done"}'),
            Said("assistant", "thinking", "Ah."),
            Said("assistant", "thinking", "So."),
            LISBON,
        ],
    ),
    "arguments that are no JSON": (
        step([ASKED], result=chat(function_call={"name": "weather", "arguments": "****"})),
        [USER, Said("assistant", "call", "weather(****)")],
    ),
    "what a tool gave in parts": (
        step(
            [
                {"type": "function_call_output", "output": [{"type": "input_text", "text": "24"}]},
                {"type": "function_call_output", "output": [{"type": "input_image"}]},
                {"type": "function_call_output"},
            ]
        ),
        [
            Said("tool", "result", "24"),
            Said("tool", "result", '[{"type": "input_image"}]'),
            Said("tool", "result", "null"),
            Said("answer", "json", "null"),
        ],
    ),
    "a text for Gemini, and its configuration": (
        step(
            kwargs={
                "contents": "Where to?",
                "config": {"system_instruction": {"parts": [{"text": "Be brief."}]}, "seed": 0},
            },
            result="Lisbon.",
        ),
        [Said("settings", "note", "config.seed: 0"), BRIEF, USER, LISBON],
    ),
    "texts for Gemini": (
        step(kwargs={"contents": ["Where to?", "And when?"]}, result="Lisbon."),
        [USER, Said("user", "text", "And when?"), LISBON],
    ),
    "parts for Gemini": (
        step(kwargs={"contents": [{"text": "Where to?"}, {"file": 1}]}, result="Lisbon."),
        [USER, Said("user", "json", '{"role": "user", "file": 1}'), LISBON],
    ),
    "a text for others": (step(kwargs={"messages": "Where to?"}, result="Lisbon."), [USER, LISBON]),
    "one content for Gemini": (
        step(kwargs={"contents": {"parts": [{"text": "Where to?"}]}}, result="Lisbon."),
        [USER, LISBON],
    ),
    "orders in parts": (
        step([ASKED], kwargs={"system": [{"type": "text", "text": "Be brief."}]}, result="Lisbon."),
        [BRIEF, USER, LISBON],
    ),
    "the settings": (
        step(
            [ASKED],
            0.5,
            kwargs={"model": "gpt", "stop": [], "n": None, "tool_choice": {"name": "x" * 100}},
            result="Lisbon.",
        ),
        [
            Said("settings", "note", "model: gpt, args[1]: 0.5"),
            Said("tool_choice", "json", '{\n "name": "' + "x" * 100 + '"\n}'),
            USER,
            LISBON,
        ],
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
        [USER, LISBON, Said("answer", "json", '[{"type": "end"}, 1]')],
    ),
    "a stream that says nothing": (
        step([ASKED], result=[1], stream={"form": "iterable"}),
        [USER, Said("answer", "json", "[1]")],
    ),
}


@pytest.mark.parametrize(("one", "said"), SAID.values(), ids=SAID)
def test_what_was_said_in_a_step(one, said):
    """In the words of whoever said it."""
    assert conversation([one]) == [said]


def message(role: str, content: str) -> dict[str, str]:
    """Make a message."""
    return {"role": role, "content": content}


def text(role: str, content: str) -> Said:
    """What is said in it."""
    return Said(role, "text", content)


def told(*histories: list[dict[str, str]], **kwargs: Any) -> list[list[Said]]:
    """Ask with one history after the other, and tell what is new in each, without the answers."""
    steps = [step(one, kwargs=kwargs, result=f"{at}!") for at, one in enumerate(histories)]
    turns = conversation(steps)
    assert [turn[-1] for turn in turns] == [text("assistant", f"{at}!") for at in range(len(turns))]
    return [turn[:-1] for turn in turns]


def test_of_a_history_is_told_what_is_new():
    """An agent sends all of it with every call."""
    more = message("user", "And then?")
    history = [ASKED, {"role": "assistant", "content": "Lisbon.", "tool_calls": [TOOL]}, more]

    first, second = conversation(
        [
            step([ASKED], result=chat(content="Lisbon.", tool_calls=[TOOL])),
            step(history, result=chat(content="Porto.")),
        ]
    )

    assert first == [USER, LISBON, CALL]
    assert second == [text("user", "And then?"), text("assistant", "Porto.")]


def test_what_is_said_twice_is_told_twice():
    """Who says "continue" again has said something, and so has who says "ok" again."""
    go, ok = message("user", "continue"), message("assistant", "ok")

    turns = conversation([step([go, ok] * at + [go], result=chat(content="ok")) for at in range(4)])

    assert turns == [[text("user", "continue"), text("assistant", "ok")]] * 4


@given(st.lists(st.tuples(st.sampled_from(["ok", "go", "no"]), st.sampled_from(["ok", "go"]))))
def test_nothing_is_lost_of_a_history_that_grows(exchanges):
    """Whatever is said in it, and however often."""
    history, steps = [], []
    for asked, answered in exchanges:
        history = [*history, message("user", asked)]
        steps.append(step(history, result=answered))
        history = [*history, message("assistant", answered)]

    said = [one for turn in conversation(steps) for one in turn]

    assert said == [text(one["role"], one["content"]) for one in history]


@pytest.mark.parametrize("one", [one for one, _ in SAID.values()], ids=SAID)
def test_what_is_nearly_a_message_is_told(one, spoiled):
    """A cassette may hold anything: a report never fails, and what it tells is text."""
    for other in spoiled(one):
        for turn in conversation([one, other, other]):
            assert all(isinstance(text, str) for said in turn for text in said)


def test_a_question_that_is_asked_again_is_told_again():
    """No step is without what it answers."""
    history = [ASKED, message("assistant", "0!"), message("user", "Sure?")]
    sure = text("user", "Sure?")
    assert told([ASKED], history, history) == [[USER], [sure], [sure]]


def test_conversations_at_the_same_time():
    """Each goes on where it was, whoever asks in between."""
    one, other = message("user", "one"), message("user", "other")
    assert told([one], [other], [one, message("assistant", "0!"), one], [other, other]) == [
        [text("user", "one")],
        [text("user", "other")],
        [text("user", "one")],
        [text("user", "other")],
    ]


def test_a_history_that_lost_its_oldest_messages():
    """What is left of it is not new, and that something is missing is said."""
    words = [message("user", str(at)) for at in range(5)]
    assert told(words[:3], words[2:4], words[3:]) == [
        [text("user", "0"), text("user", "1"), text("user", "2")],
        [Said("history", "note", "2 earlier parts not sent any more"), text("user", "3")],
        [Said("history", "note", "1 earlier part not sent any more"), text("user", "4")],
    ]


def test_a_history_that_was_edited_in_the_middle():
    """A date in its orders, for example."""
    day, next_day = message("system", "Monday"), message("system", "Tuesday")
    more = message("user", "And then?")
    assert told([day, ASKED], [next_day, ASKED, message("assistant", "0!"), more]) == [
        [text("system", "Monday"), USER],
        [
            Said("history", "note", "1 earlier part not sent any more"),
            text("system", "Tuesday"),
            text("user", "And then?"),
        ],
    ]


def test_another_conversation_with_the_same_orders():
    """They are told once, and nothing is missing in it."""
    order, other = message("system", "Be brief."), message("user", "Who?")
    assert told([order, ASKED], [order, other]) == [[BRIEF, USER], [text("user", "Who?")]]


def test_what_stands_beside_a_history_is_told_when_it_changes():
    """The orders, the tools, and everything else."""
    declared = {"name": "weather", "parameters": {"properties": {"city": {}}}}
    asked = {"messages": [ASKED], "model": "gpt", "system": "Be brief.", "tools": [declared]}
    other = {"messages": [ASKED], "model": "gpt-5", "system": "Be long."}
    bare = {"messages": [ASKED]}

    turns = conversation(
        [step(kwargs=kwargs, result="Lisbon.") for kwargs in (asked, asked, other, bare)]
    )

    offer = Said("tools", "tools", f"weather(city)\n\n{as_json([declared])}")
    assert turns == [
        [Said("settings", "note", "model: gpt"), offer, BRIEF, USER, LISBON],
        [USER, LISBON],
        [
            Said("settings", "note", "model: gpt-5"),
            Said("tools", "note", "no longer offered"),
            text("system", "Be long."),
            USER,
            LISBON,
        ],
        [
            Said("settings", "note", "model: no longer given"),
            Said("system", "note", "no longer told"),
            USER,
            LISBON,
        ],
    ]


SCHEMA = {"type": "object", "properties": {"city": {}, "day": {}}}
ABOUT = "Tell the weather.\n\nOf any city."
OFFERS = {
    "OpenAI's chat": [
        {
            "type": "function",
            "function": {"name": "weather", "description": ABOUT, "parameters": SCHEMA},
        }
    ],
    "Anthropic": [{"name": "weather", "description": ABOUT, "input_schema": SCHEMA}],
    "Gemini": [
        {
            "function_declarations": [
                {"name": "weather", "description": ABOUT, "parameters_json_schema": SCHEMA}
            ]
        }
    ],
}


@pytest.mark.parametrize("tools", OFFERS.values(), ids=OFFERS)
def test_the_tools_that_a_model_is_offered(tools):
    """A line for each, and all that is said of them behind an empty line."""
    ((offer, *_),) = conversation([step([ASKED], kwargs={"tools": tools})])
    assert offer.form == "tools"
    assert offer.text == f"weather(city, day): Tell the weather.\n\n{as_json(tools)}"


@pytest.mark.parametrize(
    ("tools", "line"),
    [
        ([{"type": "web_search"}], "web_search()"),
        ([{"name": "a\nb", "parameters": {"properties": 1}}], "a b()"),
        ("****", ""),
    ],
)
def test_tools_of_other_kinds(tools, line):
    """As far as anything is known of them."""
    ((offer, *_),) = conversation([step([ASKED], kwargs={"tools": tools})])
    assert offer == Said("tools", "tools", f"{line}\n\n{as_json(tools)}".lstrip())


def test_arguments_are_told_as_often_as_they_come():
    """Two calls with the same arguments are two calls."""
    first, second = conversation([step("a", result=1), step("a", result=1)])
    assert first == second
