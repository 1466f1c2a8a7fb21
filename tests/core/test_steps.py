"""The values of a step: read from tape, as they were, and without their secrets."""

from __future__ import annotations

import copy

import pytest

from agentcassette import UnreplayableValue
from agentcassette._redaction import Redactor
from agentcassette._steps import read, redacted, types_in

STEP = {
    "index": 4,
    "name": "f",
    "arguments": {"args": [[1, 2], {"x": [3]}], "kwargs": {"resulting": [4]}},
    "result": [[5], "lock"],
    "error": {"type": "ValueError", "message": "no"},
    "stream": {"form": "generator", "returned": [6]},
    "types": {
        "/arguments/args/0": "tuple",
        "/arguments/args/1/x": "set",
        "/arguments/kwargs/resulting": "frozenset",
        "/result": "tuple",
        "/result/1": "!_thread:lock",
        "/resulting": "tuple",
        "/error": "ValueError",
        "/stream/returned": "tuple",
    },
}
TYPES = {
    "arguments": {"/args/0": "tuple", "/args/1/x": "set", "/kwargs/resulting": "frozenset"},
    "result": {"": "tuple", "/1": "!_thread:lock"},
    "error": {"": "ValueError"},
    "stream": {"/returned": "tuple"},
}


@pytest.mark.parametrize(("field", "types"), TYPES.items(), ids=TYPES)
def test_the_types_of_a_field_are_told_from_the_field(field, types):
    """A field whose name only begins like it is another."""
    assert types_in(STEP, field) == types


def test_a_step_without_types_has_none():
    """Most of what models say is JSON."""
    assert types_in({"result": [1]}, "result") == {}


def test_every_field_is_read_with_its_types():
    """Each value is fresh: what the agent does to it changes nothing on tape."""
    step = {**STEP, "result": [[5]], "types": {**STEP["types"]}}
    del step["types"]["/result/1"]

    assert read(step, "arguments") == {
        "args": [(1, 2), {"x": {3}}],
        "kwargs": {"resulting": frozenset({4})},
    }
    assert read(step, "result") == ([5],)
    assert read(step, "stream") == {"form": "generator", "returned": (6,)}
    read(step, "result")[0].append("changed")
    assert step["result"] == [[5]]


def test_an_error_is_read_as_an_exception():
    """It can be raised."""
    error = read(STEP, "error")

    assert type(error) is ValueError
    assert error.args == ("no",)


def test_an_error_that_can_not_be_read_can_be_raised_all_the_same():
    """Another writer may note it in a form of its own."""
    error = read({"index": 4, "error": {"type": "OddError", "message": "no"}}, "error")

    with pytest.raises(UnreplayableValue) as caught:
        raise error

    assert (caught.value.step_index, caught.value.type_name) == (4, "OddError")


def test_what_can_not_be_read_names_the_step():
    """It raises when it is used, and the user has to find it in the file."""
    lock = read(STEP, "result")[1]

    with pytest.raises(UnreplayableValue) as caught:
        lock.acquire()

    assert caught.value.step_index == 4
    assert caught.value.type_name == "_thread:lock"


def test_a_class_is_looked_up_in_the_package_of_the_callable(tmp_path, monkeypatch):
    """Where it is not imported yet, as the agent did not get that far."""
    (tmp_path / "app_of_steps").mkdir()
    (tmp_path / "app_of_steps" / "__init__.py").write_text("")
    (tmp_path / "app_of_steps" / "plans.py").write_text(
        "from dataclasses import dataclass\n@dataclass\nclass Plan:\n    goal: str\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    step = {
        "index": 0,
        "result": {"goal": "x"},
        "types": {"/result": "app_of_steps.plans:Plan"},
    }

    with pytest.raises(UnreplayableValue, match="app_of_steps"):
        _ = read(step, "result").goal
    plan = read(step, "result", package="app_of_steps")

    assert type(plan).__name__ == "Plan"
    assert plan.goal == "x"


# What of a step is there, and the same without what is secret.
SECRETS = {
    "nothing": ({}, {}),
    "no secret": ({"result": {"a": 1}, "types": {"/result": "m:A"}},) * 2,
    "arguments": (
        {"arguments": {"args": [{"key": 1}], "kwargs": {"key": 2, "a": 3}}},
        {"arguments": {"args": [{"key": "****"}], "kwargs": {"key": "****", "a": 3}}},
    ),
    "a result": ({"result": {"key": None}}, {"result": {"key": "****"}}),
    "an error": ({"error": {"args": [{"key": 1}]}}, {"error": {"args": [{"key": "****"}]}}),
    "what a stream returned": (
        {"stream": {"form": "generator", "returned": {"key": 1}}},
        {"stream": {"form": "generator", "returned": {"key": "****"}}},
    ),
    "a stream that returned nothing": ({"stream": {"left": True}}, {"stream": {"left": True}}),
    "types of what is secret": (
        {"result": {"key": [1], "b": [2]}, "types": {"/result/key": "tuple", "/result/b": "set"}},
        {"result": {"key": "****", "b": [2]}, "types": {"/result/b": "set"}},
    ),
    "the only types": (
        {"result": {"key": [1]}, "types": {"/result/key": "tuple"}},
        {"result": {"key": "****"}},
    ),
}


@pytest.mark.parametrize(("step", "without_secrets"), SECRETS.values(), ids=SECRETS)
def test_a_step_is_redacted_wherever_it_has_values(step, without_secrets):
    """Also a step that is not complete, and the given one stays as it is."""
    kept = copy.deepcopy(step)

    assert redacted(step, Redactor(["key"], environ={})) == without_secrets
    assert step == kept


@pytest.mark.parametrize(
    "key", ["arguments", "args", "kwargs", "result", "error", "stream", "returned", "types"]
)
def test_the_fields_of_a_step_are_no_keys_of_its_values(key):
    """A step whose arguments were taken for a secret could not be replayed."""
    step = {**STEP, "result": [{key: "secret"}]}

    assert redacted(step, Redactor([key], environ={})) == {**STEP, "result": [{key: "****"}]}
