"""Objects that are no data: clients, locks, mocks, functions, classes, sentinels, contexts."""

from __future__ import annotations

import dataclasses
import enum
import functools
import gc
import io
import json
import socket
import sys
import threading
import types
import typing
import weakref
from unittest import mock

import anthropic
import openai
import pydantic
import pytest

from agentcassette import UnreplayableValue
from agentcassette._values import _described, _encoder, decode, encode, not_given, unreplayable

HERE = __name__


class Hostile:
    """An object that answers nothing but with an error."""

    def __getattribute__(self, name):
        raise RuntimeError(name)

    __repr__ = __str__ = __hash__ = __bool__ = __len__ = __iter__ = None


class Meta(type):
    """A class of classes that equal everything and can't be hashed."""

    def __eq__(cls, other):
        return True

    __hash__ = None


class Unhashable(metaclass=Meta):
    """An object of such a class."""


class Nameless:
    """A class that doesn't know its module."""


Nameless.__module__ = None
stray: dict = {"__builtins__": {"type": type}}
exec("Stray = type('Stray', (), {})", stray)


def generate():
    """Give nothing."""
    yield


NO_DATA = {
    "a client": (openai.OpenAI(api_key="sk-0123456789abcdef"), "openai.OpenAI"),
    "another client": (anthropic.Anthropic(api_key="sk-0123456789"), "anthropic.Anthropic"),
    "a secret": (pydantic.SecretStr("hunter2"), "pydantic.types.SecretStr"),
    "secret bytes": (pydantic.SecretBytes(b"hunter2"), "pydantic.types.SecretBytes"),
    "a mock": (mock.MagicMock(), "unittest.mock.MagicMock"),
    "a mock of a model": (mock.MagicMock(spec=pydantic.BaseModel), "unittest.mock.MagicMock"),
    "an async mock": (mock.AsyncMock(), "unittest.mock.AsyncMock"),
    "a lock": (threading.Lock(), "_thread.lock"),
    "a file": (io.StringIO(), "_io.StringIO"),
    "a generator": (generate(), "generator"),
    "a module": (json, "module"),
    "an object": (object(), "object"),
    "an object that refuses": (Hostile(), f"{HERE}.Hostile"),
    "an object without a module": (Nameless(), "?.Nameless"),
    "an object that never had one": (stray["Stray"](), "?.Stray"),
    "an ellipsis": (..., "ellipsis"),
}


@pytest.mark.parametrize(("value", "name"), NO_DATA.values(), ids=NO_DATA)
def test_an_object_that_is_no_data_counts_by_its_class(value, name):
    """It is not looked into, so it shows no key and no address, and is the same in every run."""
    encoded = encode(value)
    assert encoded.json == f"<{name}>"
    assert [found.replace(":", ".", 1) for _, found in unreplayable(encoded.types)] == [name]
    assert encode(decode(encoded.json, encoded.types)) == encoded


def test_a_socket_is_no_data():
    """Whatever has to be closed is not kept."""
    with socket.socket() as value:
        assert encode({"peer": value}).json == {"peer": "<socket.socket>"}


def test_an_object_whose_class_refuses_takes_nothing_else_along():
    """A value that can't even be told is a placeholder in its place."""
    assert encode(Unhashable()) == (f"<{HERE}.Unhashable>", {"": f"!{HERE}:Unhashable"}, ())
    assert encode([1, Unhashable(), (2,)]) == (
        [1, f"<{HERE}.Unhashable>", [2]],
        {"/1": f"!{HERE}:Unhashable", "/2": "tuple"},
        (),
    )


class Broken(list):
    """A list with a slot that can't be read."""

    @property
    def __dict__(self):
        """Refuse."""
        raise RuntimeError


def test_what_fails_halfway_leaves_nothing_behind():
    """The types of what had been written of it are taken back."""
    value = {"a": (1,), "b": Broken([(1,)]), "c": (1,)}
    assert encode(value) == (
        {"a": [1], "b": f"<{HERE}.Broken>", "c": [1]},
        {"/a": "tuple", "/b": f"!{HERE}:Broken", "/c": "tuple"},
        (),
    )


def test_nothing_is_kept_alive():
    """Recording holds neither a value nor its class."""
    cls = dataclasses.make_dataclass("Passing", ["city"])
    value = cls("Paris")
    encode(value)
    encode(mock.MagicMock())
    alive = weakref.ref(cls)
    del cls, value
    gc.collect()
    assert alive() is None


# -- functions ---------------------------------------------------------------------------------


def search(query: str, /, limit: int = 3, *rest: str, exact=False, **more: dict[str, int]) -> list:
    """Search the web."""


@functools.cache
def cached(query: str) -> str:
    """Search once."""
    return query


@functools.wraps(search)
def wrapped(*args, **kwargs):
    """Be hidden."""


THING = object()


def plain(a, b=THING, *, c=None):  # noqa: D103 - it has no docstring on purpose
    pass


class Tools:
    """A class with methods."""

    def find(self, what):
        """Find it."""

    @classmethod
    def make(cls):
        """Make one."""


FUNCTIONS = {
    "a function": (
        search,
        {
            "function": f"{HERE}.search",
            "parameters": "(query: str, /, limit: int = 3, *rest: str, exact = False,"
            " **more: dict[str, int]) -> list",
            "doc": "Search the web.",
        },
    ),
    "a function without a word": (
        plain,
        {"function": f"{HERE}.plain", "parameters": "(a, b = <object>, *, c = None)"},
    ),
    "a function that remembers": (
        cached,
        {
            "function": f"{HERE}.cached",
            "parameters": "(query: str) -> str",
            "doc": "Search once.",
        },
    ),
    "a wrapped function": (
        wrapped,
        {
            "function": f"{HERE}.search",
            "parameters": "(query: str, /, limit: int = 3, *rest: str, exact = False,"
            " **more: dict[str, int]) -> list",
            "doc": "Search the web.",
        },
    ),
    "a method of no object": (
        str.upper,
        {"function": "builtins.str.upper", "doc": str.upper.__doc__},
    ),
    "a lambda": (lambda x: x, {"function": f"{HERE}.<lambda>", "parameters": "(x)"}),
    "a method": (
        Tools().find,
        {
            "function": f"{HERE}.Tools.find",
            "parameters": "(self, what)",
            "doc": "Find it.",
            "of": f"{HERE}.Tools",
        },
    ),
    "a class method": (
        Tools.make,
        {
            "function": f"{HERE}.Tools.make",
            "parameters": "(cls)",
            "doc": "Make one.",
            "of": f"{HERE}.Tools",
        },
    ),
    "a function of the language": (
        len,
        {"function": "builtins.len", "doc": len.__doc__},
    ),
    "a method of the language": (
        [].append,
        {"function": "builtins.list.append", "doc": [].append.__doc__, "of": "list"},
    ),
    "a partial": (
        functools.partial(plain, (1,), c=2),
        {
            "partial": {
                "function": f"{HERE}.plain",
                "parameters": "(a, b = <object>, *, c = None)",
            },
            "args": [[1]],
            "kwargs": {"c": 2},
        },
    ),
    "a partial of nothing": (
        functools.partial(len),
        {"partial": {"function": "builtins.len", "doc": len.__doc__}},
    ),
}


@pytest.mark.parametrize(("value", "on_tape"), FUNCTIONS.values(), ids=FUNCTIONS)
def test_a_function_counts_by_name_parameters_and_docstring(value, on_tape):
    """What a model is told of a tool is on tape, so that a change of it is seen."""
    encoded = encode(value)
    assert encoded.json == on_tape
    assert encoded.types[""] == "!function"
    assert encode(decode(encoded.json, encoded.types)) == encoded


def test_annotations_that_cannot_be_had_are_left_out():
    """Python 3.14 works them out when they are asked for, and that may fail."""

    class Function:
        def __init__(self):
            self.__module__, self.__qualname__, self.__code__ = HERE, "late", plain.__code__
            self.__defaults__ = self.__kwdefaults__ = None

        @property
        def __annotations__(self):
            raise NameError("not there yet")

    assert _described.Function().encode(Function(), "", _encoder.Encoder()) == {
        "function": f"{HERE}.late",
        "parameters": "(a, b, *, c)",
    }


# -- classes -----------------------------------------------------------------------------------


class City(pydantic.BaseModel):
    """Where to go."""

    name: str
    back: typing.Optional[Trip] = None


class Trip(pydantic.BaseModel):  # noqa: D101 - it has no docstring on purpose
    stops: list[City] = pydantic.Field(description="where to stop", max_length=3)


City.model_rebuild()


@dataclasses.dataclass
class Plain:
    """A plain one."""

    city: City
    days: list[int]


class Shown:
    """A class whose repr is nobody's business."""

    def __repr__(self):
        raise RuntimeError("no")


class Mood(typing.TypedDict):
    """A dict with rules."""

    good: bool


Choice = enum.Enum("Choice", {"YES": "y", "ODD": Shown()}, module=HERE)


def test_a_class_counts_by_its_name_and_fields():
    """A response format is on tape with the fields of all the classes in it, each once."""
    encoded = encode(Trip)
    assert encoded.types == {"": "!type"}
    assert encoded.json["class"] == f"{HERE}.Trip"
    assert "where to stop" in encoded.json["fields"]["stops"]
    assert "max_length=3" in encoded.json["fields"]["stops"]
    assert [used["class"] for used in encoded.json["uses"]] == [f"{HERE}.City"]
    assert encoded.json["uses"][0]["doc"] == "Where to go."
    assert set(encoded.json["uses"][0]["fields"]) == {"name", "back"}


CLASSES = {
    "a class of the language": (int, {"class": "int"}),
    "a dataclass": (
        Plain,
        {
            "class": f"{HERE}.Plain",
            "doc": "A plain one.",
            "fields": {"city": "City", "days": "list[int]"},
        },
    ),
    "an enumeration": (
        Choice,
        {
            "class": f"{HERE}.Choice",
            "fields": {"YES": "'y'", "ODD": f"<{HERE}.Shown>"},
        },
    ),
    "a typed dict": (
        Mood,
        {"class": f"{HERE}.Mood", "doc": "A dict with rules.", "fields": {"good": "bool"}},
    ),
    "an exception that can't be found": (type("Gone", (KeyError,), {}), {"class": f"{HERE}.Gone"}),
}


def test_the_class_of_an_exception_comes_back():
    """An SDK hands it over to be caught."""
    encoded = encode((KeyError, [ValueError]))
    assert encoded.json == ["KeyError", ["ValueError"]]
    assert decode(encoded.json, encoded.types) == (KeyError, [ValueError])


@pytest.mark.parametrize("on_tape", ["builtins:eval", "os:system", "dict", 5, "nowhere:Error"])
def test_no_other_class_comes_back(on_tape):
    """A name on tape makes nothing."""
    with pytest.raises(UnreplayableValue):
        str(decode(on_tape, {"": "type"}))


@pytest.mark.parametrize(("value", "on_tape"), CLASSES.values(), ids=CLASSES)
def test_a_class_is_described(value, on_tape):
    """Its name, docstring and fields."""
    described = encode(value).json
    if value is Choice:
        described.pop("doc", None)
    if value is Mood:
        described["fields"] = {
            name: text.replace("ForwardRef('bool', module='" + HERE + "')", "bool").replace(
                "ForwardRef('bool')", "bool"
            )
            for name, text in described["fields"].items()
        }
    assert described == on_tape


ANNOTATIONS = {
    "a list of models": (list[City], f"list[{HERE}.City]", [f"{HERE}.City"]),
    "a list of numbers": (list[int], "list[int]", []),
    "a literal": (typing.Literal["a"], "typing.Literal['a']", []),
}


@pytest.mark.parametrize(("value", "text", "uses"), ANNOTATIONS.values(), ids=ANNOTATIONS)
def test_a_type_expression_counts_by_its_text_and_classes(value, text, uses):
    """An output type that is no class is on tape as well."""
    encoded = encode(value)
    assert encoded.json["annotation"] == text
    assert [used["class"] for used in encoded.json.get("uses", [])][:1] == uses
    assert encoded.types == {"": "!annotation"}


def test_an_annotation_that_holds_itself_is_cut():
    """A schema is bounded, whatever an annotation says of itself."""

    class Endless:
        __args__ = ()

    Endless.__args__ = (Endless, Endless)

    class Holder:
        field: Endless

    Holder.__annotations__["field"] = Endless
    assert encode(Holder).json["fields"] == {"field": repr(Endless)}


def test_classes_that_use_each_other_without_end_are_cut():
    """A schema is bounded."""
    last = City
    for number in range(150):
        last = pydantic.create_model(f"Model{number}", inner=(last, ...))
    assert len(encode(last).json["uses"]) == 99


# -- what is not compared ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(openai.NOT_GIVEN, id="openai.NOT_GIVEN"),
        pytest.param(openai.omit, id="openai.omit"),
        pytest.param(anthropic.NOT_GIVEN, id="anthropic.NOT_GIVEN"),
        pytest.param(dataclasses.MISSING, id="dataclasses.MISSING"),
    ],
)
def test_what_is_not_given_has_one_form_and_is_not_compared(value):
    """A sentinel counts as if it were not there."""
    encoded = encode({"temperature": value, "model": "gpt-5"})
    assert encoded.json["temperature"] == f"<{type(value).__module__}.{type(value).__qualname__}>"
    assert not_given(encoded.types) == ("/temperature",)
    assert encoded.volatile == ()
    assert decode(encoded.json, encoded.types)["temperature"] is value


def test_a_class_that_is_only_called_like_a_sentinel_is_none():
    """The object has to be where SDKs have it."""

    class NotGiven:
        pass

    encoded = encode(NotGiven())
    assert encoded.volatile == ()
    name = {"": "openai:NotGiven"}
    openai_types = sys.modules["openai._types"]
    with mock.patch.object(openai_types, "NOT_GIVEN", None):
        assert repr(decode("<openai.NotGiven>", name)) == "<unreplayable openai:NotGiven>"


@pytest.fixture
def framework(monkeypatch):
    """Give classes as the frameworks have them, under the frameworks' names."""

    def put(cls: type, module: str) -> type:
        cls.__module__, cls.__qualname__ = module, cls.__name__
        known = sys.modules.get(module) or types.ModuleType(module)
        monkeypatch.setitem(sys.modules, module, known)
        monkeypatch.setattr(known, cls.__name__, cls, raising=False)
        return cls

    return put


def test_volatile_fields_of_frameworks_are_not_compared(framework):
    """Fresh ids and times in the messages of a framework are no drift."""

    @dataclasses.dataclass
    class ModelRequest:
        parts: list
        timestamp: str
        run_id: str

    @dataclasses.dataclass
    class RetryPromptPart:
        content: str
        tool_call_id: str

    class BaseMessage(pydantic.BaseModel):
        content: str
        id: typing.Optional[str] = None

    framework(ModelRequest, "pydantic_ai.messages")
    framework(RetryPromptPart, "pydantic_ai.messages")
    framework(BaseMessage, "langchain_core.messages.base")

    class HumanMessage(BaseMessage):
        pass

    request = ModelRequest([RetryPromptPart("again", "x")], "now", "run")
    messages = [HumanMessage(content="a", id="1"), HumanMessage(content="b")]
    encoded = encode([request, *messages])
    assert set(encoded.volatile) == {
        "/0/timestamp",
        "/0/run_id",
        "/0/parts/0/tool_call_id",
        "/1/id",
    }
    assert encoded.json[1] == {"content": "a", "id": "1"}


def test_the_users_own_classes_are_compared_exactly():
    """An id in a class of the user's is an id."""

    @dataclasses.dataclass
    class Message:
        id: str
        timestamp: str

    assert encode(Message("1", "now")).volatile == ()


def test_a_context_counts_by_its_class(framework):
    """A context of a framework holds ids and clients, and is a dataclass all the same."""

    @dataclasses.dataclass
    class RunContext:
        run_id: str

    framework(RunContext, "pydantic_ai._run_context")
    assert encode(RunContext("1")).json == "<pydantic_ai._run_context.RunContext>"
