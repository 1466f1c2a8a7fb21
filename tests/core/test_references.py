"""References: a cassette of version 2 loads as if every value stood in it, or is refused."""

from __future__ import annotations

import json
import sys

import pytest

from agentcassette import Cassette, CassetteFormatError
from agentcassette._references import ReferenceFault, Resolver

MESSAGES = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}, "bye"]


def call(types=None, **kwargs):
    """Give a step with these arguments."""
    step = {"name": "ask", "arguments": {"args": [], "kwargs": kwargs}}
    return {**step, "types": types} if types else step


def loaded(*steps):
    """Give the keyword arguments of a cassette's steps, and their types."""
    cassette = Cassette.from_dict({"version": 2, "steps": list(steps)})
    return [(step["arguments"]["kwargs"], step.get("types", {})) for step in cassette.steps]


STANDS_FOR = {
    "the same value": ({"m": {"$same": 1}}, {"m": MESSAGES}),
    "items from the start": ({"m": [{"$items": [1, 0, 2]}]}, {"m": MESSAGES[:2]}),
    "items from the middle": ({"m": [{"$items": [1, 1, 3]}]}, {"m": MESSAGES[1:]}),
    "no items": ({"m": [{"$items": [1, 2, 2]}]}, {"m": []}),
    "items between others": (
        {"m": ["first", {"$items": [1, 1, 2]}, "then", {"$items": [1, 2, 3]}, "last"]},
        {"m": ["first", MESSAGES[1], "then", MESSAGES[2], "last"]},
    ),
    "the same item twice": (
        {"m": [{"$items": [1, 2, 3]}, {"$items": [1, 2, 3]}]},
        {"m": ["bye", "bye"]},
    ),
    "a value within an item at the same place": (
        {"m": [{"role": "system", "content": {"$same": 1}}]},
        {"m": [{"role": "system", "content": "hi"}]},
    ),
    "a value in an item behind others": (
        {"m": [{"$items": [1, 0, 1]}, {"role": "user", "content": {"$same": 1}}]},
        {"m": [MESSAGES[0], {"role": "user", "content": "hello"}]},
    ),
    "all keyword arguments": ({"$same": 1}, {"m": MESSAGES}),
    "itself, where it looks like a reference": (
        {"m": {"$literal": {"$same": 1, "x": [{"$items": [1, 0, 1]}]}}},
        {"m": {"$same": 1, "x": [{"$items": [1, 0, 1]}]}},
    ),
    "itself, in a list": ({"m": [{"$literal": {"$literal": 2}}]}, {"m": [{"$literal": 2}]}),
}


@pytest.mark.parametrize(("written", "whole"), STANDS_FOR.values(), ids=STANDS_FOR)
def test_a_reference_stands_for_what_an_earlier_step_has(written, whole):
    """Whoever asks for the steps sees whole values."""
    second = {"name": "ask", "arguments": {"args": [], "kwargs": written}}

    assert loaded(call(m=MESSAGES), second)[1] == (whole, {})


def test_steps_are_counted_backwards():
    """What is referred to may itself have been written as a reference."""
    steps = [call(m=[1, 2]), call(m=[{"$items": [1, 0, 2]}, 3]), call(m=[{"$items": [1, 1, 3]}])]

    assert [kwargs["m"] for kwargs, _ in loaded(*steps)] == [[1, 2], [1, 2, 3], [2, 3]]
    assert loaded(*steps, call(m={"$same": 2}))[3][0] == {"m": [1, 2, 3]}


def test_what_is_referred_to_is_shared():
    """A history takes no more memory than its file."""
    first, second, third = loaded(
        call(m=MESSAGES), call(m=[{"$items": [1, 0, 1]}]), call(m=[{"$items": [1, 0, 1]}, 4])
    )

    assert first[0]["m"][0] is second[0]["m"][0] is third[0]["m"][0]


def test_types_come_with_values():
    """Those below a place with a value, those below an item with the item, wherever that comes."""
    types = {
        "/arguments/kwargs/m/0": "app:Message",
        "/arguments/kwargs/m/1/content": "tuple",
        "/arguments/kwargs/m/10": "bytes",
        "/arguments/kwargs/t": "set",
        "/arguments/kwargs/tt": "set",
        "/result": "tuple",
    }
    first = {**call(types, m=[*range(11)], t=[1], tt=[2]), "result": []}
    second = call(
        {"/arguments/kwargs/m/0": "complex"}, m=["new", {"$items": [1, 0, 2]}], t={"$same": 1}
    )

    assert loaded(first, second)[1][1] == {
        "/arguments/kwargs/m/0": "complex",
        "/arguments/kwargs/m/1": "app:Message",
        "/arguments/kwargs/m/2/content": "tuple",
        "/arguments/kwargs/t": "set",
    }


def test_version_1_has_no_references():
    """A key of the user's own that looks like one is what it is."""
    kwargs = {"m": {"$same": 1}, "n": [{"$items": [1, 0, 1]}], "o": {"$literal": 1}}
    cassette = Cassette.from_dict({"version": 1, "steps": [call(**kwargs)]})

    assert cassette.steps[0]["arguments"]["kwargs"] == kwargs


def test_values_are_whole_in_version_1():
    """So any reader of that version takes what `to_dict` gives, and nothing is taken for another.

    The attribute says what was read.
    """
    cassette = Cassette.from_dict({"version": 2, "steps": [call(m=1), call(m={"$same": 1})]})

    assert cassette.version == 2
    assert cassette.to_dict()["version"] == 1
    assert cassette.to_dict()["steps"][1]["arguments"]["kwargs"] == {"m": 1}


LEADS_NOWHERE = {
    "before the first step": ({"m": {"$same": 2}}, '"$same": 2 leads to no earlier step'),
    "to the step itself": ({"m": {"$same": 0}}, '"$same": 0 leads to no earlier step'),
    "to a later step": ({"m": {"$same": -1}}, '"$same": -1 leads to no earlier step'),
    "by a text": ({"m": {"$same": "1"}}, '"$same": 1 leads to no earlier step'),
    "by true": ({"m": {"$same": True}}, '"$same": True leads to no earlier step'),
    "to a place that is not there": (
        {"n": {"$same": 1}},
        '"$same": 1 leads to step 0, which has no /arguments/kwargs/n',
    ),
    "to a place in a text": (
        {"m": [0, 0, [{"$same": 1}]]},
        '"$same": 1 leads to step 0, which has no /arguments/kwargs/m/2/0',
    ),
    "to a place behind a list": (
        {"m": [0, 0, 0, {"$same": 1}]},
        '"$same": 1 leads to step 0, which has no /arguments/kwargs/m/3',
    ),
    "to a key of a list": (
        {"m": {"key": {"$same": 1}}},
        '"$same": 1 leads to step 0, which has no /arguments/kwargs/m/key',
    ),
    "to too many items": (
        {"m": [{"$items": [1, 0, 4]}]},
        '"$items": [1, 0, 4] leads to no such items of /arguments/kwargs/m there',
    ),
    "to items the wrong way round": (
        {"m": [{"$items": [1, 2, 1]}]},
        '"$items": [1, 2, 1] leads to no such items of /arguments/kwargs/m there',
    ),
    "to items of a text": (
        {"m": [0, 0, [{"$items": [1, 0, 1]}]]},
        '"$items": [1, 0, 1] leads to no such items of /arguments/kwargs/m/2 there',
    ),
    "by two counts": ({"m": [{"$items": [1, 0]}]}, '"$items": [1, 0] does not have three counts'),
    "by one count": ({"m": [{"$items": 1}]}, '"$items": 1 does not have three counts'),
    "by a negative count": (
        {"m": [{"$items": [1, -1, 1]}]},
        '"$items": [1, -1, 1] does not have three counts',
    ),
    "as no item of a list": (
        {"m": {"$items": [1, 0, 1]}},
        '"$items": [1, 0, 1] is no item of a list',
    ),
    "beside another key": (
        {"m": {"$same": 1, "x": 2}},
        'an object with the key "$same" has other keys, too',
    ),
    "beside another reference": (
        {"m": {"$items": [1, 0, 1], "$literal": 1}},
        'an object with the key "$literal" has other keys, too',
    ),
    "beside another key, in a list": (
        {"m": [{"$items": [1, 0, 1], "x": 1}]},
        'an object with the key "$items" has other keys, too',
    ),
}


@pytest.mark.parametrize(("written", "problem"), LEADS_NOWHERE.values(), ids=LEADS_NOWHERE)
def test_a_reference_that_leads_nowhere_is_told(written, problem, tmp_path):
    """With the line of its step, as whatever else is wrong in a file."""
    file = tmp_path / "tape.json"
    steps = f"{json.dumps(call(m=MESSAGES))},\n{json.dumps(call(**written))}"
    file.write_text(f'{{"version": 2, "steps": [\n{steps}\n]}}')

    with pytest.raises(CassetteFormatError) as error:
        Cassette.load(file)

    assert str(error.value) == f"{file}:3: step 1: {problem}"


UNSOUND = {
    "no step": ("text", " is no object"),
    "no arguments": ({"name": "ask"}, ' has no "arguments"'),
    "arguments that are none": ({"name": "ask", "arguments": []}, '"arguments" is no object'),
    "types that are none": ({**call(m={"$same": 1}), "types": ["x"]}, '"types" is no object'),
    "arguments of another form": (
        {"name": "ask", "arguments": {"args": {"$same": 1}, "kwargs": []}},
        '"arguments" is no object with "args"',
    ),
}


@pytest.mark.parametrize(("step", "problem"), UNSOUND.values(), ids=UNSOUND)
def test_a_step_that_is_none_is_refused_in_version_2_as_well(step, problem):
    """Before any later step may refer to it."""
    first = call({"/arguments/kwargs/m": "tuple"}, m=MESSAGES)

    with pytest.raises(CassetteFormatError) as error:
        Cassette.from_dict({"version": 2, "steps": [first, step, call(m={"$same": 1})]})

    assert f"step 1{'' if problem[0] == ' ' else ': '}{problem}" in str(error.value)


def nested(depth, value):
    """Put a value into so many lists."""
    for _ in range(depth):
        value = [value]
    return value


TOO_MUCH = {
    "lists that are doubled": [
        call(m=[0]),
        *[call(m=[{"$items": [1, 0, 2**at]}] * 2) for at in range(40)],
    ],
    "types that are doubled": [
        call({f"/arguments/kwargs/m/0/{at}": "T" for at in range(100)}, m=[0]),
        *[call(m=[{"$items": [1, 0, 2**at]}] * 2) for at in range(40)],
    ],
    "a tree whose branches are the same": [
        call(m=nested(12, 0)),
        *[call(m=nested(11 - at, [{"$items": [1, 0, 1]}] * 10)) for at in range(12)],
    ],
    "an object whose parts are the same": [
        call(m={"a": {"b": [0]}}),
        *[call(m={"a": {"b": [{"$items": [1, 0, 2**at]}] * 2}}) for at in range(20)],
        call(m={"$same": 1}),
    ],
}


@pytest.mark.parametrize("steps", TOO_MUCH.values(), ids=TOO_MUCH)
def test_references_that_stand_for_too_much_are_refused(steps, monkeypatch):
    """A few lines could stand for more than anybody can walk through."""
    monkeypatch.setattr("agentcassette._references.MOST_VALUES", 100_000)

    with pytest.raises(CassetteFormatError, match="the references up to here stand for too many"):
        Cassette.from_dict({"version": 2, "steps": steps})


def test_types_at_places_that_no_list_has_do_not_come_along():
    """Nor do they become types of places that it has."""
    types = {f"/arguments/kwargs/m/{at}": "tuple" for at in ("00", "\u0660", "9" * 5_000, "x", "7")}

    assert loaded(call(types, m=MESSAGES), call(m=[{"$items": [1, 0, 2]}]))[1][1] == {}


def test_a_value_that_is_too_deep_is_told():
    """However many frames are in use already."""

    def below(frames):
        if frames:
            return below(frames - 1)
        with pytest.raises(CassetteFormatError, match="step 0 is nested too deeply"):
            Cassette.from_dict({"version": 2, "steps": [call(m=nested(380, 0))]})
        return True

    assert below(sys.getrecursionlimit() - 300)


def test_numbers_that_nobody_writes_are_told():
    """Python writes none of so many digits."""
    for written in ({"$same": 10**5_000}, [{"$items": [10**5_000, 1]}]):
        with pytest.raises(CassetteFormatError, match=r'step 0: "\$(same|items)" '):
            Cassette.from_dict({"version": 2, "steps": [call(m=written)]})


def test_steps_that_were_loaded_can_be_put_into_another_cassette():
    """With the version that they came from: their values are whole."""
    own = {"$same": 1}
    steps = [call(m=own), call(m=[1])]
    one = Cassette.from_dict({"version": 2, "steps": [call(m={"$literal": own}), *steps[1:]]})

    other = Cassette(one.steps, version=one.version)

    assert other.version == 2
    assert other.steps == one.steps == Cassette(steps).steps


def test_a_fault_says_which_reference():
    """However long it is."""
    with pytest.raises(ReferenceFault) as error:
        Resolver().resolve(call(m={"$same": "x" * 1_000}))

    assert str(error.value) == f'"$same": {"x" * 40} leads to no earlier step'
