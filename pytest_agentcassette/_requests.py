"""What a model is asked: the history of a conversation, and what else stands in the arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_agentcassette._messages import Said, as_json, dicts, said_in

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["NOTHING", "Request", "requested"]

# Where the history of a conversation stands among the arguments of an SDK: those of OpenAI's chat
# and Anthropic, of OpenAI's responses, and of Gemini.
_HISTORIES = ("messages", "input", "contents")

# What is told to a model beside that history: by Anthropic, by OpenAI's responses, by Gemini.
_ORDERS = ("system", "instructions", "system_instruction")

# Where Gemini has what others take as arguments.
_CONFIG = "config"

# Where a tool tells its parameters.
_PARAMETERS = ("parameters", "input_schema", "parameters_json_schema")


class Request(NamedTuple):
    """What a model is asked.

    Attributes:
        read: The messages of the conversation so far, and what is said in each.
        history: All that is said in them, part by part.
        orders: What it is told beside the history.
        tools: The tools that it is offered.
        settings: All other arguments of the call, by name.
    """

    read: list[tuple[dict[str, Any], list[Said]]]
    history: list[Said]
    orders: list[Said]
    tools: list[Said]
    settings: dict[str, str]


#: A call that asks nothing.
NOTHING = Request([], [], [], [], {})


def requested(arguments: dict[str, Any], before: Request = NOTHING) -> Request | None:
    """Read the arguments of a call.

    Args:
        arguments: The arguments, as a step has them.
        before: An earlier call: the messages that are the same need not be read again.

    Returns:
        What is asked in them; None where there is no history of a conversation.
    """
    given = _given(arguments)
    messages = {name: _messages(name, value) for name, value in given.items()}
    place = next((name for name in (*_HISTORIES, *messages) if messages.get(name)), None)
    read = _read(messages.get(place or "", []), before.read)
    request = Request(read, [one for _, said in read for one in said], [], [], {})
    if not request.history:
        return None
    for name, value in given.items():
        plain = name.rpartition(".")[2]
        if name == place or value in (None, "", [], {}):
            continue
        if plain in _ORDERS:
            request.orders.extend(_orders(value))
        elif plain == "tools":
            request.tools.append(_offer(value))
        else:
            request.settings[name] = value if isinstance(value, str) else as_json(value)
    return request


def _given(arguments: dict[str, Any]) -> dict[str, Any]:
    """All arguments by name; Gemini's configuration is one of many."""
    given = dict(arguments["kwargs"])
    config = given.get(_CONFIG)
    if isinstance(config, dict):
        del given[_CONFIG]
        given.update({f"{_CONFIG}.{name}": value for name, value in config.items()})
    given.update({f"args[{at}]": value for at, value in enumerate(arguments["args"])})
    return given


def _messages(name: str, value: Any) -> list[dict[str, Any]]:
    """The messages of an argument; nothing where it is no history of a conversation."""
    if name in _HISTORIES:
        items = value if isinstance(value, list) else [value]
        items = [{"role": "user", "content": one} if isinstance(one, str) else one for one in items]
        is_message = _is_content if name == "contents" else _is_message
    else:
        items = value if isinstance(value, list) and name.startswith("args[") else []
        is_message = _is_message
    return items if all(map(is_message, items)) else []


def _read(
    messages: list[dict[str, Any]], known: list[tuple[dict[str, Any], list[Said]]]
) -> list[tuple[dict[str, Any], list[Said]]]:
    """Read the messages of a history; who gives no role in one is the user."""
    same = 0
    for message, (old, _) in zip(messages, known):
        if message != old:
            break
        same += 1
    return known[:same] + [
        (one, said_in(one if _is_message(one) else {"role": "user", **one}))
        for one in messages[same:]
    ]


def _is_message(value: Any) -> bool:
    return isinstance(value, dict) and ("role" in value or "type" in value)


def _is_content(value: Any) -> bool:
    """Whether a value is a content of Gemini, or a part of one."""
    return isinstance(value, dict)


def _orders(value: Any) -> Iterator[Said]:
    for one in value if isinstance(value, list) else [value]:
        message = one if isinstance(one, dict) else {"content": str(one)}
        yield from said_in({**message, "role": "system"})


def _offer(tools: Any) -> Said:
    """The tools that a model is offered: a line for each, and all that is said of them."""
    whole = as_json(tools)
    lines = "\n".join(_line(one) for tool in dicts(tools) for one in _declared(tool))
    return Said("tools", "tools", f"{lines}\n\n{whole}" if lines else whole)


def _declared(tool: dict[str, Any]) -> list[dict[str, Any]]:
    """The tools in an entry of a list of them: Gemini has several in one."""
    several, one = tool.get("function_declarations"), tool.get("function")
    return dicts(several) or dicts([one]) or [tool]


def _line(tool: dict[str, Any]) -> str:
    """A tool on one line: its name, its parameters, and the first line of its description."""
    schema: Any = next((tool[name] for name in _PARAMETERS if isinstance(tool.get(name), dict)), {})
    properties = schema.get("properties")
    parameters = ", ".join(properties) if isinstance(properties, dict) else ""
    about = str(tool.get("description") or "").strip().partition("\n")[0]
    name = tool.get("name") or tool.get("type")
    return " ".join(f"{name}({parameters}){about and f': {about}'}".split())
