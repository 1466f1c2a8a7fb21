"""What holds for every value, however it is put together.

``AGENTCASSETTE_EXAMPLES`` in the environment says how many examples each property is tried with.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import textwrap
import threading
import types
import typing
import uuid
from typing import Any
from unittest import mock

import attrs
import msgspec
import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentcassette import UnreplayableValue
from agentcassette._values import decode, decode_error, encode, encode_verified, unreplayable

HERE = __name__
EXAMPLES = settings(
    max_examples=int(os.environ.get("AGENTCASSETTE_EXAMPLES", "200")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    database=None,
)


class Colour(enum.Enum):
    """An enumeration."""

    RED = "red"
    PAIR = (1, 2)


class Right(enum.Flag):
    """Flags."""

    READ = 1
    WRITE = 2


class Tags(list):
    """A list of a class of its own."""


class Word(str):
    """A string of a class of its own."""

    __slots__ = ()


class Point(typing.NamedTuple):
    """A named tuple."""

    x: object
    y: object


@dataclasses.dataclass(frozen=True)
class Frozen:
    """A dataclass that can be hashed where what it holds can."""

    a: object
    b: object = None


@attrs.define
class Attrs:
    """An attrs class."""

    a: object


class Struct(msgspec.Struct):
    """A struct."""

    a: typing.Any
    b: typing.Any = None


class Model(pydantic.BaseModel):
    """A model."""

    model_config = pydantic.ConfigDict(extra="allow")
    a: typing.Any = None
    b: typing.Any = pydantic.Field(default_factory=lambda: [1])


class RefusedError(Exception):
    """An exception with attributes."""

    def __init__(self, *args, **attributes):
        super().__init__(*args)
        vars(self).update(attributes)


class NoData:
    """An object of no family."""


text = st.text(st.characters(exclude_categories=()), max_size=12) | st.sampled_from(
    ["****", "a/b", "~", "__class__", "NaN", "_a"]
)
keys = st.text(st.sampled_from("ab/~_0"), max_size=3)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**9), 2**9).map(lambda number: number << 2043)
    | st.floats(allow_nan=False)
    | text
)
hashable_leaves = (
    scalars
    | st.binary(max_size=8)
    | st.complex_numbers(allow_nan=False)
    | st.sampled_from([*Colour, Right.READ, Right.READ | Right.WRITE])
    | st.sampled_from([Word(), Word("word"), Word("****")])
    | st.dates()
    | st.datetimes(timezones=st.none() | st.timezones() | st.just(dt.timezone.utc))
    | st.times()
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.uuids()
    | st.builds(pathlib.PurePosixPath, st.text("ab/.", max_size=6))
    | st.builds(range, st.integers(-9, 9), st.integers(-9, 9), st.sampled_from([-2, 1, 3]))
)
hashables = st.recursive(
    hashable_leaves,
    lambda inner: (
        st.lists(inner, max_size=3).map(tuple)
        | st.frozensets(inner, max_size=3)
        | st.builds(Frozen, inner, inner)
        | st.builds(Point, inner, inner)
    ),
    max_leaves=4,
)


def attributes(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Give attributes that an object may have."""
    return st.dictionaries(st.sampled_from(["c", "d", "x_y"]), inner, max_size=2)


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Give values that hold others."""
    return (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.lists(inner, max_size=3).map(Tags)
        | st.lists(inner, max_size=3).map(lambda items: collections.deque(items, 5))
        | st.dictionaries(keys, inner, max_size=4)
        | st.dictionaries(keys, inner, max_size=3).map(collections.OrderedDict)
        | st.dictionaries(keys, inner, max_size=3).map(
            lambda items: collections.defaultdict(list, items)
        )
        | st.dictionaries(hashables, inner, max_size=3)
        | st.sets(hashables, max_size=4)
        | st.builds(Point, inner, inner)
        | st.builds(Frozen, inner, inner)
        | st.builds(Attrs, inner)
        | st.builds(Struct, inner, inner)
        | st.builds(lambda a, more: Model(a=a, **more), inner, attributes(inner))
        | st.builds(lambda more: types.SimpleNamespace(**more), attributes(inner))
    )


def named(strategy: st.SearchStrategy[Any], name: str) -> st.SearchStrategy[Any]:
    """Give the strategy with a short name: hypothesis warns of long ones."""

    @st.composite
    def draw(draw: Any) -> Any:
        return draw(strategy)

    draw.__name__ = name
    return draw()


values = named(
    st.recursive(hashables | st.binary(max_size=9).map(bytearray), containers, max_leaves=12),
    "values",
)

no_data = st.sampled_from(
    [
        NoData(),
        threading.Lock(),
        mock.MagicMock(),
        print,
        NoData,
        float("nan"),
        decimal.Decimal("sNaN"),
    ]
)
anything = st.recursive(
    hashables | no_data,
    lambda inner: (
        containers(inner)
        | st.sets(hashables | no_data.filter(lambda item: not isinstance(item, decimal.Decimal)))
        | st.builds(
            lambda args, more: RefusedError(*args, **more), st.lists(inner), attributes(inner)
        )
        | st.builds(Tags, st.lists(inner, max_size=2)).map(
            lambda tags: vars(tags).update(note=tags[:1]) or tags
        )
    ),
    max_leaves=12,
)


def through_json(value: object) -> Any:
    """Give what comes back of a value after its JSON went through a file."""
    encoded = encode(value)
    return decode(json.loads(json.dumps(encoded.json, allow_nan=False)), encoded.types)


@EXAMPLES
@given(values)
def test_what_comes_back_is_equal(value):
    """Replay gives what the call gave: equal, of the same type, all the way down."""
    encoded = encode(value)
    assert unreplayable(encoded.types) == []
    back = through_json(value)
    if "****" not in json.dumps(encoded.json):  # what is the placeholder comes back as a string
        assert back == value
        assert type(back) is type(value)
        assert encode(back) == encoded


@EXAMPLES
@given(values)
def test_what_comes_back_is_never_taken_for_lost(value):
    """The trial that each recorded value goes through raises no false alarm."""
    encoded = encode(value)
    if "****" not in json.dumps(encoded.json):  # what is the placeholder comes back as a string
        assert encode_verified(value) == encoded


@EXAMPLES
@given(anything)
def test_what_is_not_taken_for_lost_comes_back(value):
    """After the trial nothing is lost that was not told."""
    encoded = encode_verified(value)
    again = encode_verified(decode(encoded.json, encoded.types))
    if "****" not in json.dumps(encoded.json):
        assert (again.json, again.types) == (encoded.json, encoded.types)


@EXAMPLES
@given(anything)
def test_what_comes_back_is_written_the_same(value):
    """Also of what can't be restored: a placeholder counts as the value that was recorded."""
    encoded = encode(value)
    text = json.dumps(encoded.json, allow_nan=False)
    assert " at 0x" not in text
    again = encode(through_json(value))
    if "****" not in text:  # what is the placeholder comes back as a string
        assert (again.json, again.types) == (encoded.json, encoded.types)


@EXAMPLES
@given(anything)
def test_recording_changes_nothing(value):
    """A value is the same after it was recorded, and gives the same again."""
    assert encode(value) == encode(value)


NAMES = st.sampled_from(
    [
        *("tuple", "set", "frozenset", "bytes", "bytes[base64]", "complex", "float", "int", "dict"),
        *("datetime", "datetime[zone=Europe/Berlin]", "datetime[TzInfo]", "date", "time", "range"),
        *("timedelta", "timezone", "Decimal", "Fraction", "UUID", "Path", "deque[x]", "ZoneInfo"),
        *("SimpleNamespace", "list", "str", "object", "type", "eval", "ValueError", "OSError"),
        *("ExceptionGroup", "UnicodeDecodeError", "BaseException", "collections:defaultdict[list]"),
        *(
            "collections:defaultdict[eval]",
            "collections:OrderedDict",
            "os:system",
            "httpx:Response",
        ),
        *("requests.models:Response", "subprocess:Popen", "openai:NotGiven", "openai:OpenAI"),
        *("pydantic_core._pydantic_core:ValidationError", "openai:RateLimitError", "!list"),
        *(
            f"{HERE}:{cls.__qualname__}"
            for cls in (Colour, Right, Tags, Word, Point, Frozen, Attrs)
        ),
        *(f"{HERE}:{cls.__qualname__}" for cls in (Struct, Model, RefusedError, NoData)),
        *(
            f"{HERE}:Tags(tuple)",
            f"{HERE}:Word[attributes]",
            f"{HERE}:Colour[name]",
            "?",
            ".",
            "+?",
        ),
        *(f"{HERE}:Model[int]", "not_imported:Anything", "antigravity:x", "x" * 500),
    ]
) | st.text(max_size=8)
PLAIN_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | text,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            keys | st.sampled_from(["a", "args", "attributes", "cause", "value", "status_code"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


def paths(json_value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Give the keys and indexes that lead to all places in a JSON value."""
    items: Any = ()
    if isinstance(json_value, dict):
        items = json_value.items()
    elif isinstance(json_value, list):
        items = enumerate(json_value)
    return [path, *(found for key, item in items for found in paths(item, (*path, key)))]


def with_item(json_value: Any, path: tuple[Any, ...], item: Any) -> Any:
    """Give the JSON value with something else at a place."""
    if not path:
        return item
    copied = json_value.copy()
    copied[path[0]] = with_item(copied[path[0]], path[1:], item)
    return copied


def pointer_of(path: tuple[Any, ...]) -> str:
    """Give the JSON pointer of a place."""
    return "".join(f"/{str(key).replace('~', '~0').replace('/', '~1')}" for key in path)


@EXAMPLES
@given(st.data())
def test_an_edited_cassette_is_read_without_harm(data):
    """Reading never raises and never imports, whatever was done to the file."""
    encoded = encode(data.draw(anything))
    on_tape, types_of = encoded.json, dict(encoded.types)
    for _ in range(data.draw(st.integers(1, 3))):
        places = paths(on_tape)
        if data.draw(st.booleans()):
            on_tape = with_item(on_tape, data.draw(st.sampled_from(places)), data.draw(PLAIN_JSON))
        else:
            known = sorted({*types_of, *map(pointer_of, places)})
            types_of[data.draw(st.sampled_from(known))] = data.draw(NAMES)
    before = set(sys.modules)
    value = decode(on_tape, types_of, package=HERE)
    error = decode_error(on_tape, types_of, step_index=1)
    assert set(sys.modules) == before
    assert isinstance(error, BaseException)
    encode(value)


@EXAMPLES
@given(anything)
def test_a_placeholder_is_never_looked_into_by_accident(value):
    """Restoring a value uses no placeholder inside it."""
    try:
        through_json(value)
    except UnreplayableValue as error:  # pragma: no cover - it is what must not happen
        pytest.fail(str(error))


def in_a_fresh_process(code: str, **environment: str) -> str:
    """Run code in a process of its own that imports nothing but the room."""
    root = pathlib.Path(sys.modules["agentcassette"].__file__).parent
    stand_in = f"""
        import sys, types
        package = types.ModuleType("agentcassette")
        package.__path__ = [{str(root)!r}]
        sys.modules["agentcassette"] = package
    """
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(stand_in) + textwrap.dedent(code)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_the_room_loads_nothing_that_it_may_not_need():
    """Importing it takes a few milliseconds, and no library but Python's own."""
    loaded = in_a_fresh_process(
        """
        before = set(sys.modules)
        import agentcassette._values
        print(*sorted(set(sys.modules) - before))
        """
    ).split()
    assert {"asyncio", "decimal", "uuid", "datetime", "fractions", "pydantic"}.isdisjoint(loaded)
    assert {"inspect", "dataclasses", "pathlib", "urllib", "http", "zoneinfo"}.isdisjoint(loaded)
    standard = getattr(sys, "stdlib_module_names", None)  # since Python 3.10
    others = {name.partition(".")[0] for name in loaded} - {"agentcassette"}
    assert standard is None or others <= standard


def test_the_order_of_a_set_does_not_depend_on_the_hash_seed():
    """Two runs write the same set the same way."""
    code = """
        from agentcassette._values import encode
        value = {("a", 1), "b", "c", None, 2.5, frozenset({"x", "y", "z"}), b"q"}
        print(encode([value, {"k": value}, set("abcdefg")]))
    """
    outputs = {in_a_fresh_process(code, PYTHONHASHSEED=seed) for seed in ("0", "1", "2", "3")}
    assert len(outputs) == 1
    assert hashlib.sha256(outputs.pop().encode()).hexdigest()


def test_a_value_that_grows_while_it_is_recorded_is_no_matter():
    """Another thread may change what is recorded; recording ends all the same."""
    value: dict[str, Any] = {str(number): [number] for number in range(100)}
    stop = threading.Event()

    def grow() -> None:
        number = 100
        while not stop.is_set():
            value[str(number)] = [number]
            value.pop(str(number - 100), None)
            number += 1

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        for _ in range(200):
            encode({"value": value, "uuid": uuid.UUID(int=1), "part": fractions.Fraction(1, 2)})
    finally:
        stop.set()
        thread.join()
