"""Pydantic models of both versions, generic ones, and those of the SDKs."""

from __future__ import annotations

import copy
import datetime as dt
import functools
import json
import sys
import typing
import uuid
from typing import Any, Generic, TypeVar

import anthropic.types
import openai.types
import openai.types.chat
import pydantic
import pydantic.v1
import pydantic_core
import pytest
from openai.lib._parsing import parse_chat_completion

from agentcassette import UnreplayableValue
from agentcassette._values import decode, encode, unreplayable

HERE = __name__
T = TypeVar("T")
UNNAMED = TypeVar("T")  # noqa: PLC0132 - it is what is tested


def through_json(value: object) -> Any:
    """Give what comes back of a value after its JSON went through a file."""
    encoded = encode(value)
    return decode(json.loads(json.dumps(encoded.json, allow_nan=False)), encoded.types)


class Stop(pydantic.BaseModel):
    """A model with defaults of every kind."""

    city: str
    days: int = 1
    note: typing.Optional[str] = None
    tags: list[str] = []
    extras: dict[str, int] = pydantic.Field(default_factory=dict)
    order: tuple[int, ...] = (1, 2)
    share: float = 0.5
    id: str = pydantic.Field(default_factory=lambda: str(uuid.uuid4()))


class Open(pydantic.BaseModel):
    """A model that keeps what it has no field for."""

    model_config = pydantic.ConfigDict(extra="allow")
    city: str = "Paris"


class Private(pydantic.BaseModel):
    """A model with private attributes."""

    city: str
    _seen: int = 0
    _log: list[str] = pydantic.PrivateAttr(default_factory=list)
    _id: str = pydantic.PrivateAttr(default_factory=lambda: str(uuid.uuid4()))
    _later: str = pydantic.PrivateAttr()


class Cities(pydantic.RootModel):
    """A model that is one value."""

    root: list[str]


class Page(pydantic.BaseModel, Generic[T]):
    """A generic model."""

    items: typing.Any = None


class Strict(pydantic.BaseModel):
    """A model that is frozen and refuses what it does not know."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")
    city: str


class Checked(pydantic.BaseModel):
    """A model whose validators tell that they were called."""

    calls: typing.ClassVar[list] = []
    city: str

    @pydantic.field_validator("city")
    @classmethod
    def check(cls, value: str) -> str:
        """Validate."""
        cls.calls.append(value)
        return value


class Old(pydantic.v1.BaseModel):
    """A model of pydantic 1."""

    city: str
    days: int = 1
    tags: list[str] = []
    _seen: int = pydantic.v1.PrivateAttr(0)
    _later: str = pydantic.v1.PrivateAttr()

    class Config:
        """Keeps what it has no field for."""

        extra = "allow"


def changed(value: Any, **attributes: object) -> Any:
    """Give the model with attributes set."""
    for name, item in attributes.items():
        setattr(value, name, item)
    return value


KEPT = {
    "what is set": (
        Stop(city="Paris", days=1, tags=["a"], id="x"),
        {"city": "Paris", "days": 1, "tags": ["a"], "id": "x"},
        {"": f"{HERE}:Stop"},
    ),
    "what was set to its default": (
        Stop(city="Paris", note=None, tags=[], order=(1, 2), id="x"),
        {"city": "Paris", "note": None, "tags": [], "order": [1, 2], "id": "x"},
        {"": f"{HERE}:Stop", "/order": "tuple"},
    ),
    "extra data": (
        Open(city="Rome", zip=(1,), _meta=2),
        {"city": "Rome", "zip": [1], "_meta": 2},
        {"": f"{HERE}:Open", "/zip": "tuple", "/_meta": "+"},
    ),
    "nothing": (Open(), {}, {"": f"{HERE}:Open"}),
    "a root": (Cities(["Paris"]), {"root": ["Paris"]}, {"": f"{HERE}:Cities"}),
    "frozen": (Strict(city="Paris"), {"city": "Paris"}, {"": f"{HERE}:Strict"}),
    "pydantic 1": (Old(city="Paris"), {"city": "Paris"}, {"": f"{HERE}:Old"}),
    "extra data of pydantic 1": (
        Old(city="Paris", tags=[], more=(1,)),
        {"city": "Paris", "tags": [], "more": [1]},
        {"": f"{HERE}:Old", "/more": "tuple"},
    ),
    "constructed without validation": (
        Strict.model_construct(city=("no", "string")),
        {"city": ["no", "string"]},
        {"": f"{HERE}:Strict", "/city": "tuple"},
    ),
    "constructed without a required field": (
        Strict.model_construct(),
        {},
        {"": f"{HERE}:Strict"},
    ),
}


@pytest.mark.parametrize(("value", "on_tape", "types"), KEPT.values(), ids=KEPT)
def test_a_model_is_readable_on_tape_and_comes_back_as_it_was(value, on_tape, types):
    """The JSON holds what is set, under the names of the fields, and gives an equal model."""
    encoded = encode(value)
    assert (encoded.json, encoded.types) == (on_tape, types)
    back = through_json(value)
    assert back == value
    assert type(back) is type(value)
    assert repr(back) == repr(value)
    if isinstance(value, pydantic.BaseModel):
        assert back.model_fields_set == value.model_fields_set
        assert back.model_extra == value.model_extra
    else:
        assert back.__fields_set__ == value.__fields_set__


def test_a_field_that_a_factory_filled_is_kept_and_not_compared():
    """An id that nobody set differs from run to run, and is no drift."""
    value = Stop(city="Paris")
    encoded = encode(value)
    assert encoded.json == {"city": "Paris", "id": value.id}
    assert encoded.types == {"": f"{HERE}:Stop", "/id": "?"}
    assert encoded.volatile == ("/id",)
    back = through_json(value)
    assert back == value
    assert back.model_fields_set == {"city"}


def test_what_was_put_into_an_empty_default_is_compared():
    """A list that a factory made empty and the agent filled is the agent's."""
    value = Stop(city="Paris", id="x")
    value.tags.append("new")
    value.extras["new"] = 1
    encoded = encode(value)
    assert encoded.json == {
        "city": "Paris",
        "id": "x",
        "tags": ["new"],
        "extras": {"new": 1},
    }
    assert encoded.types == {
        "": f"{HERE}:Stop",
        "/tags": "?",
        "/extras": "?",
    }
    assert encoded.volatile == ()
    assert through_json(value) == value


def test_replayed_models_do_not_share_their_defaults():
    """A default that is filled in is the model's own."""
    first, second = (through_json(Stop(city="Paris")) for _ in range(2))
    first.tags.append("new")
    assert second.tags == []
    assert Stop(city="x").tags == []


class Scored(pydantic.BaseModel):
    """A model with a default that is neither empty nor constant."""

    scores: list[float] = [0.5]


def test_a_default_that_may_have_been_changed_is_written():
    """A list with something in it is written even where nobody set it."""
    value = Scored()
    assert encode(value) == ({"scores": [0.5]}, {"": f"{HERE}:Scored", "/scores": "?"}, ())
    assert through_json(value) == value


def test_a_field_that_is_new_in_the_class_gets_its_default():
    """A cassette from before has nothing to say about it."""
    first, second = (decode({}, {"": f"{HERE}:Scored"}) for _ in range(2))
    first.scores.append(1.0)
    assert second.scores == Scored().scores == [0.5]


def test_the_fields_come_back_in_their_order():
    """The text of a model, which agents put into prompts, is the same to the letter."""
    value = Stop(city="Paris", id="x")
    value.tags.append("new")
    assert repr(through_json(value)) == repr(value)


def test_private_attributes_come_back():
    """What equality looks at and no field tells is kept beside the fields."""
    value = Private(city="Paris")
    value._seen = 3
    value._log.append("seen")
    value._later = "set"
    encoded = encode(value)
    assert encoded.json == {
        "city": "Paris",
        "_seen": 3,
        "_log": ["seen"],
        "_id": value._id,
        "_later": "set",
    }
    assert encoded.volatile == ("/_id",)
    assert through_json(value) == value


def test_private_attributes_with_their_defaults_are_left_out():
    """They come back from the class."""
    value = Private(city="Paris")
    assert encode(value).json == {"city": "Paris", "_id": value._id}
    assert through_json(value) == value
    assert not hasattr(through_json(value), "_later")


def test_private_attributes_of_pydantic_1_come_back():
    """They stand in slots there."""
    value = changed(Old(city="Paris"), _seen=3)
    assert encode(value).json == {"city": "Paris", "_seen": 3}
    assert through_json(value)._seen == 3
    assert through_json(Old(city="Paris"))._seen == 0
    assert not hasattr(through_json(value), "_later")


def test_no_validator_is_called():
    """What was valid live is valid in replay, and what was not comes back all the same."""
    value = Checked(city="Paris")
    Checked.calls.clear()
    assert through_json(value) == value
    assert Checked.calls == []


class Remembering(pydantic.BaseModel):
    """A model that remembers what it worked out."""

    city: str

    @functools.cached_property
    def worked_out(self) -> int:
        """Take some time."""
        return 1


def test_attributes_that_are_no_fields_come_back():
    """An SDK notes the id of the request on the model, past its fields."""
    value = Strict(city="Paris")
    vars(value).update(_request_id="req_1", note=(1,))
    encoded = encode(value)
    assert encoded.json == {"city": "Paris", "_request_id": "req_1", "note": [1]}
    assert encoded.types == {"": f"{HERE}:Strict", "/note": ".tuple"}
    assert encoded.volatile == ("/_request_id", "/note")
    assert vars(through_json(value)) == vars(value)


def test_an_attribute_beside_a_private_one_of_the_same_name_comes_back():
    """Where a model was constructed past pydantic, the same name can stand in two places."""
    value = Private.model_construct(city="Paris")
    vars(value)["_seen"] = 5
    assert encode(value).types["/_seen"] == "."
    assert vars(through_json(value)) == vars(value)


def test_what_is_only_cached_is_left_out():
    """A cached property is worked out again."""
    value = Remembering(city="Paris")
    assert value.worked_out == 1
    assert encode(value).json == {"city": "Paris"}


def test_extra_data_that_hides_an_attribute_is_no_data():
    """What could not be told apart is not written."""
    value = Open(city="Paris")
    value.__pydantic_extra__["city"] = "Rome"
    assert encode(value).json == f"<{HERE}.Open>"
    value = Private(city="Paris")
    vars(value)["_seen"] = 1
    value._seen = 2
    assert encode(value).json == f"<{HERE}.Private>"


class Deleting(pydantic.BaseModel):
    """A model from which fields are deleted, and set again, as SDKs do."""

    city: str = "Rome"
    nights: typing.Optional[int] = None
    guests: typing.Optional[int] = None


def test_a_field_that_was_deleted_stays_away():
    """The class gives its default no more, and the order of the rest is kept."""
    value = Deleting(city="Paris", guests=2)
    del value.guests, value.city
    value.city = "Oslo"
    back = through_json(value)
    assert back == value
    assert list(vars(back)) == list(vars(value)) == ["nights", "city"]
    assert back.model_dump_json() == value.model_dump_json()
    assert encode(value).types == {"": f"={HERE}:Deleting", "/nights": "?"}


def test_a_secret_is_never_shown():
    """A SecretStr is told by its class, and the model around it comes back."""

    class Login(pydantic.BaseModel):
        user: str
        password: pydantic.SecretStr

    Login.__qualname__ = "Login"
    encoded = encode(Login(user="me", password="hunter22222"))
    assert "hunter" not in repr(encoded)
    assert encoded.json == {"user": "me", "password": "<pydantic.types.SecretStr>"}


class Kind(pydantic.BaseModel):
    """An argument for a generic model."""

    name: str = "kind"


ARGUMENTS = {
    "a class": (Page[int], "int"),
    "a model": (Page[Kind], f"{HERE}:Kind"),
    "a generic model": (Page[Page[int]], f"{HERE}:Page[int]"),
    "a list": (Page[typing.List[int]], "typing:List[int]"),
    "an optional": (Page[typing.Optional[str]], "typing:Union[str, None]"),
    "literals": (Page[typing.Literal["a", -1]], "typing:Literal['a', -1]"),
    "anything": (Page[typing.Any], "typing:Any"),
    "a dict of tuples": (
        Page[typing.Dict[str, typing.Tuple[int, ...]]],
        "typing:Dict[str, typing:Tuple[int, ...]]",
    ),
    "a list of the language": (Page[list[int]], "list[int]"),
    "a type variable": (Page[UNNAMED], None),
    "a callable": (Page[typing.Callable[[int], int]], None),
    "a date": (Page[dt.date], "datetime:date"),
    "nothing": (Page[None], "None"),
}
if sys.version_info >= (3, 10):
    ARGUMENTS["a union of the language"] = (Page[int | str], "types:UnionType[int, str]")


@pytest.mark.parametrize(("cls", "arguments"), ARGUMENTS.values(), ids=ARGUMENTS)
def test_a_generic_model_comes_back_with_its_arguments(cls, arguments):
    """A class that can't be imported by its name is made of its origin and arguments."""
    value = cls(items=(1,))
    if arguments is None:
        assert unreplayable(encode(value).types) == [("", f"{HERE}:{cls.__qualname__}")]
    else:
        assert encode(value).types == {"": f"{HERE}:Page[{arguments}]", "/items": "tuple"}
        assert type(through_json(value)) is cls
        assert through_json(value) == value


class NoData:
    """A class that belongs to no family."""


FORGED = {
    "no model": "builtins:list[int]",
    "a class of no data": f"{HERE}:Page[{HERE}:NoData]",
    "a function": f"{HERE}:Page[builtins:eval]",
    "a form that is not known": f"{HERE}:Page[typing:Callable[int]]",
    "a union of words": f"{HERE}:Page[types:UnionType['a', 'b']]",
    "no end": f"{HERE}:Page[int",
    "no beginning": f"{HERE}:Page[]",
    "too much": f"{HERE}:Page[int]int",
    "strange signs": f"{HERE}:Page[int;int]",
    "two arguments": f"{HERE}:Page[int, int]",
    "a model that takes none": f"{HERE}:Kind[int]",
    "a literal": "'Page'[int]",
    "very deep": f"{HERE}:Page[" + "list[" * 5_000,
}


@pytest.mark.parametrize("name", FORGED.values(), ids=FORGED)
def test_a_forged_generic_name_is_a_placeholder(name):
    """Nothing is made but models of classes of data."""
    value = decode({"items": 1}, {"": name})
    with pytest.raises(UnreplayableValue):
        value.items()


class Linked(pydantic.BaseModel):
    """A model with URLs."""

    page: pydantic.AnyUrl
    image: pydantic.HttpUrl
    hosts: pydantic.PostgresDsn


def test_the_urls_of_pydantic_come_back():
    """They are classes of their own, as MCP uses them."""
    value = Linked(page="app://x/y", image="https://x/y?z=1", hosts="postgres://u@a:1,b:2/db")
    encoded = encode(value)
    assert encoded.json == {
        "page": "app://x/y",
        "image": "https://x/y?z=1",
        "hosts": "postgres://u@a:1,b:2/db",
    }
    assert unreplayable(encoded.types) == []
    back = through_json(value)
    assert back == value
    assert repr(back) == repr(value)
    core = pydantic_core.Url("https://x/")
    assert through_json(core) == core


COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-5",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": '{"name": "x"}', "reasoning": "why"},
        }
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    "provider": {"name": "other"},
}

SDK = {
    "chat completion": openai.types.chat.ChatCompletion.construct(**COMPLETION),
    "validated chat completion": openai.types.chat.ChatCompletion.model_validate(COMPLETION),
    "chunk": openai.types.chat.ChatCompletionChunk.construct(
        id="x",
        choices=[{"index": 0, "delta": {"content": "a", "reasoning_content": "b"}}],
        object="chat.completion.chunk",
    ),
    "embedding": openai.types.CreateEmbeddingResponse.construct(
        data=[{"embedding": [0.1, 0.2], "index": 0, "object": "embedding"}],
        model="m",
        object="list",
        usage={"prompt_tokens": 1, "total_tokens": 1},
    ),
    "parsed chat completion": parse_chat_completion(
        response_format=Kind,
        input_tools=openai.NOT_GIVEN,
        chat_completion=openai.types.chat.ChatCompletion.construct(**COMPLETION),
    ),
    "message": anthropic.types.Message.construct(
        id="msg_1",
        type="message",
        role="assistant",
        model="claude",
        content=[
            {"type": "text", "text": "hi"},
            {"type": "tool_use", "id": "t", "name": "f", "input": {"a": [1]}},
        ],
        stop_reason="end_turn",
        usage={"input_tokens": 1, "output_tokens": 2},
    ),
}


@pytest.mark.parametrize("value", SDK.values(), ids=SDK)
def test_a_model_of_an_sdk_comes_back_as_it_was(value):
    """Same type all the way down, same fields set, same extra data, same text."""
    back = through_json(value)
    assert back == value
    assert type(back) is type(value)
    assert repr(back) == repr(value)
    assert back.model_dump_json(warnings=False) == value.model_dump_json(warnings=False)
    assert back.model_fields_set == value.model_fields_set
    assert unreplayable(encode(value).types) == []


def test_the_request_id_that_openai_notes_comes_back():
    """It stands beside the fields and is no part of the data."""
    value = openai.types.chat.ChatCompletion.construct(**COMPLETION)
    value._request_id = "req_1"
    assert through_json(value)._request_id == "req_1"
    assert "_request_id" not in through_json(value).model_extra


def test_a_copied_model_comes_back():
    """A copy is a model like any other."""
    value = copy.deepcopy(SDK["parsed chat completion"])
    assert through_json(value) == value


CHANGED = {
    "a field that is gone": ({"city": "Paris", "gone": 1}, f"{HERE}:Strict"),
    "another kind of JSON": (["Paris"], f"{HERE}:Strict"),
}


@pytest.mark.parametrize(("on_tape", "name"), CHANGED.values(), ids=CHANGED)
def test_a_model_that_has_changed_gives_a_placeholder(on_tape, name):
    """What does not fit any more is not squeezed in."""
    with pytest.raises(UnreplayableValue, match="record it again"):
        decode(on_tape, {"": name}).city  # noqa: B018 - looking is what is tested


def test_a_model_that_was_never_finished_is_no_data():
    """An object past its constructor has no state to write."""
    assert encode(Strict.__new__(Strict)).json == f"<{HERE}.Strict>"


def test_a_redacted_field_comes_back_unvalidated():
    """The placeholder of a redaction stands whatever the type of the field."""
    value = decode(
        {"city": "Paris", "tags": "****"}, {"": f"{HERE}:Stop", "/tags": "tuple", "/city": "bytes"}
    )
    assert value.tags == "****"
