"""A cassette is data: what reading it may do, and what stands for what it can't restore."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import importlib
import inspect
import operator
import os
import pickle
import sys
import textwrap
from typing import Any

import pytest

from agentcassette import UnreplayableValue
from agentcassette._values import decode, decode_error, encode, unreplayable

HERE = __name__
ran: list[str] = []


class Trap:
    """A class that tells when anything of it runs, and belongs to no family."""

    def __new__(cls, *args, **kwargs):
        """Tell."""
        ran.append("__new__")
        return super().__new__(cls)

    def __init__(self, *args: object, **kwargs: object) -> None:
        ran.append("__init__")

    def __setstate__(self, state: object) -> None:
        ran.append("__setstate__")


class TrapError(Exception):
    """An exception whose constructors tell that they ran."""

    def __new__(cls, *args):
        """Tell."""
        ran.append("__new__")
        return super().__new__(cls, *args)

    def __init__(self, *args: object) -> None:
        ran.append("__init__")


class Holder:
    """A class with a class inside."""

    @dataclasses.dataclass
    class Inner:
        """It can be found."""

        city: str = "Paris"

    @property
    def shown(self) -> None:
        """Tell that it was looked at."""
        ran.append("property")


FORGED = {
    "a function": "os:system",
    "a class that starts programs": "subprocess:Popen",
    "a function of the language": "builtins:eval",
    "the same without its module": "eval",
    "a class of the language": "type",
    "the class of functions": "types:FunctionType",
    "a module": "os:path",
    "an attribute of a function": "os:system.__call__",
    "a property": f"{HERE}:Holder.shown.fget",
    "nothing of a class": f"{HERE}:Holder.Gone",
    "a class in no family": f"{HERE}:Trap",
    "a module that is not imported": "antigravity:Anything",
    "a package in a package": "xml.dom.minidom.nowhere:X",
    "no name": ":",
    "no class": "os:",
    "strange signs": "os\x00:system",
    "a path": "../../etc:passwd",
    "parentheses": "(((",
    "brackets": "[[[",
    "a mark alone": "!",
    "what a recording says of a cycle": "!list",
}


@pytest.mark.parametrize("name", FORGED.values(), ids=FORGED)
@pytest.mark.parametrize(
    "on_tape",
    [None, "rm -rf", ["rm"], {"args": ["rm"], "x": 1}],
    ids=["null", "str", "list", "dict"],
)
def test_a_forged_name_runs_nothing_and_imports_nothing(name, on_tape):
    """Whatever a cassette names, it gives a placeholder."""
    encode(Holder())  # what knows the families of classes is imported by the first value of one
    ran.clear()
    before = set(sys.modules)
    value = decode(on_tape, {"": name}, package="tests")
    assert ran == []
    assert set(sys.modules) == before
    with pytest.raises(UnreplayableValue):
        value.anything()


def test_an_exception_is_made_without_its_constructors():
    """Its class is a family's, but no code of it runs."""
    encoded = encode(TrapError("bad"))
    ran.clear()
    back = decode(encoded.json, encoded.types)
    assert (type(back), back.args, ran) == (TrapError, ("bad",), [])


def test_a_class_in_a_class_is_found():
    """The path of a class leads through classes."""
    value = Holder.Inner("Rome")
    encoded = encode(value)
    assert encoded.types == {"": f"{HERE}:Holder.Inner"}
    assert decode(encoded.json, encoded.types) == value


# -- where a class may be found ----------------------------------------------------------------


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Give a package on the path, of which only the top is imported."""
    root = tmp_path / "someagent"
    (root / "deep").mkdir(parents=True)
    model = """
        import dataclasses

        @dataclasses.dataclass
        class Trip:
            city: str
    """
    for name in ("__init__", "models", "deep/__init__", "deep/models", "__main__"):
        (root / f"{name}.py").write_text(textwrap.dedent(model), encoding="utf-8")
    (root / "broken.py").write_text("raise SystemError", encoding="utf-8")
    (tmp_path / "other.py").write_text("raise SystemError", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("someagent")
    yield "someagent"
    for name in [name for name in sys.modules if name.partition(".")[0] == "someagent"]:
        del sys.modules[name]


@pytest.mark.parametrize("module", ["someagent", "someagent.models", "someagent.deep.models"])
def test_a_submodule_of_the_callables_package_is_imported(package, module):
    """The agent that is tested will import its own modules sooner or later."""
    value = decode({"city": "Paris"}, {"": f"{module}:Trip"}, package=package)
    assert value == sys.modules[module].Trip("Paris")


@pytest.mark.parametrize(
    ("module", "named"),
    [
        pytest.param("someagent.models", None, id="no package is named"),
        pytest.param("someagent.models", "some", id="another package is named"),
        pytest.param("someagent.__main__", "someagent", id="a program"),
        pytest.param("someagent.broken", "someagent", id="a module that fails"),
        pytest.param("someagent.gone", "someagent", id="a module that is gone"),
        pytest.param("someagent.deep..models", "someagent", id="no module name"),
        pytest.param("other", "someagent", id="another module"),
    ],
)
def test_no_other_module_is_imported(package, module, named):
    """The remedy names the import that is missing."""
    value = decode({"city": "Paris"}, {"": f"{module}:Trip"}, step_index=4, package=named)
    with pytest.raises(UnreplayableValue) as caught:
        value.city  # noqa: B018 - looking is what is tested
    assert caught.value.step_index == 4
    assert caught.value.type_name == f"{module}:Trip"
    assert f"`import {module}`" in caught.value.remedy
    assert module not in sys.modules


def test_what_is_in_sys_modules_need_not_be_a_module(monkeypatch):
    """Some libraries put other things there, and None stands for what must not be imported."""
    monkeypatch.setitem(sys.modules, "strange", None)
    monkeypatch.setitem(sys.modules, "stranger", Trap)
    for name in ("strange:X", "stranger:__new__"):
        assert repr(decode({}, {"": name})) == f"<unreplayable {name}>"


# -- placeholders ------------------------------------------------------------------------------


def lost() -> Any:
    """Give a placeholder."""
    return decode("<app.Client>", {"": "!app:Client"}, step_index=3)


async def wait_for(value: Any) -> None:
    """Wait for the value."""
    await value


async def enter(value: Any) -> None:
    """Enter the value."""
    async with value:
        pass


async def go_through(value: Any) -> None:
    """Go through the value."""
    async for _ in value:
        pass


def run(function: Any) -> Any:
    """Give a function that runs a coroutine function to its end."""
    return lambda value: asyncio.run(function(value))


def set_attribute(value: Any) -> None:
    """Set an attribute."""
    value.name = 1


def delete_attribute(value: Any) -> None:
    """Delete an attribute."""
    del value.name


def enter_and_leave(value: Any) -> None:
    """Enter the value."""
    with value:
        pass


USES = {
    "an attribute": lambda value: value.name,
    "a private attribute": lambda value: value._lost,
    "hasattr": lambda value: hasattr(value, "name"),
    "its __dict__": vars,
    "setting an attribute": set_attribute,
    "deleting an attribute": delete_attribute,
    "an item": lambda value: value[0],
    "setting an item": lambda value: operator.setitem(value, 0, 1),
    "deleting an item": lambda value: operator.delitem(value, 0),
    "a call": lambda value: value(1, b=2),
    "iteration": iter,
    "next": next,
    "reversed": reversed,
    "unpacking": lambda value: [*value],
    "len": len,
    "in": lambda value: 1 in value,
    "str": str,
    "format": lambda value: f"{value}",
    "bytes": bytes,
    "bool": bool,
    "==": lambda value: value == 1,
    "!=": lambda value: value != 1,
    "== from the right": lambda value: 1 == value,  # noqa: SIM300 - it is what is tested
    "<": lambda value: value < 1,
    ">=": lambda value: value >= 1,
    "+": lambda value: value + 1,
    "+ from the right": lambda value: 1 + value,
    "+=": lambda value: operator.iadd(value, 1),
    "- from the right": lambda value: 1 - value,
    "negation": operator.neg,
    "int": int,
    "float": float,
    "an index": lambda value: [1][value],
    "round": round,
    "divmod": lambda value: divmod(value, 1),
    "a path": os.fspath,
    "dir": dir,
    "pickling": pickle.dumps,
    "isinstance of it": lambda value: isinstance(1, value),
    "with": enter_and_leave,
    "await": run(wait_for),
    "async with": run(enter),
    "async for": run(go_through),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_placeholder_raises_when_it_is_used(use):
    """Whatever looks into it is told the step, the type and the remedy."""
    with pytest.raises(UnreplayableValue) as caught:
        use(lost())
    assert (caught.value.step_index, caught.value.type_name) == (3, "app:Client")
    assert "agentcassette.register_type" in caught.value.remedy


def test_a_placeholder_may_be_handed_on():
    """Keeping, copying, showing and asking for its class are no uses."""
    value = lost()
    assert repr(value) == "<unreplayable app:Client of step 3>"
    assert copy.copy(value) is value
    assert copy.deepcopy([value])[0] is value
    assert len({value, value}) == 1
    assert not isinstance(value, str)
    assert not inspect.isclass(value)


def test_a_placeholder_counts_as_what_was_recorded():
    """Handed to the next call, it is the same argument that it was live."""
    types = {"": "!app:Client", "/a": "tuple", "/b": "?datetime"}
    on_tape = {"a": [1], "b": "2026-06-30T00:00:00"}
    value = decode(on_tape, types)
    again = encode({"client": value})
    assert again.json == {"client": on_tape}
    assert again.json["client"] is not on_tape
    assert again.types == {f"/client{pointer}": name for pointer, name in types.items()}


def test_an_unreplayable_exception_survives_pickling():
    """It has to travel from a worker of pytest-xdist to its controller."""
    error = decode_error({"type": "X"}, {"": "!app:X"}, step_index=3)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.step_index, again.type_name) == (str(error), 3, "app:X")


def test_the_smallest_place_is_lost():
    """What stands around a placeholder is whole."""
    value = decode(
        {"client": "<app.Client>", "pair": [1, 2]}, {"/client": "!app:Client", "/pair": "tuple"}
    )
    assert value["pair"] == (1, 2)
    assert repr(value["client"]) == "<unreplayable app:Client>"


def test_unreplayable_places_are_listed():
    """The recorder can warn of each."""
    types = {"": "tuple", "/0": "!app:Client", "/1": "?!app:Secret", "/2": "datetime"}
    assert unreplayable(types) == [("/0", "app:Client"), ("/1", "app:Secret")]


# -- edited cassettes --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on_tape", "types", "value"),
    [
        pytest.param("****", {"": "datetime"}, "****", id="a value"),
        pytest.param({"a": "****"}, {"/a": "tuple"}, {"a": "****"}, id="a part"),
        pytest.param("/****/x", {"": "UUID"}, "/****/x", id="a piece of a text"),
        pytest.param("a ****", {"": "bytes"}, b"a ****", id="a piece of bytes"),
        pytest.param("****", {"": "!app:Client"}, "****", id="what was lost anyway"),
    ],
)
def test_what_was_redacted_comes_back_as_the_placeholder(on_tape, types, value):
    """Unvalidated, whatever its type says."""
    assert decode(on_tape, types) == value


@pytest.mark.parametrize(
    "types",
    [
        pytest.param({"/9": "tuple"}, id="no such item"),
        pytest.param({"/a": "tuple"}, id="a key in a list"),
        pytest.param({"/0/b/c": "tuple"}, id="below nothing"),
        pytest.param({"a": "tuple"}, id="no pointer"),
        pytest.param({"/0": None}, id="no name"),
        pytest.param({0: "tuple"}, id="no pointer at all"),
        pytest.param({"/0": ""}, id="an empty name"),
        pytest.param({"/0": "?"}, id="a mark without a model"),
    ],
)
def test_types_that_lead_nowhere_are_passed_over(types):
    """A map that was edited by hand does no harm."""
    assert decode([1, "a"], types) == [1, "a"]
