"""What a call says again is written once: where references are chosen, and that nothing is lost."""

from __future__ import annotations

import copy
import json
from collections import OrderedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcassette import Cassette
from agentcassette._referring import referring

LONG = "The quick brown fox jumps over the lazy dog. " * 30


def message(number, length=300):
    """Give a message of about so many characters that no other one is."""
    return {"role": "user", "content": f"{number} " + "x" * length}


def call(*args, name="ask", types=None, **kwargs):
    """Give a step."""
    step = {"name": name, "arguments": {"args": [*args], "kwargs": kwargs}}
    return {**step, "types": types} if types else step


def written(*steps):
    """Give the arguments of a cassette's steps as they stand in its file, and its version."""
    document = referring(Cassette(copy.deepcopy(steps), typed=True).to_dict())
    return document["version"], [step["arguments"] for step in document["steps"]]


def kwargs_of_last(*steps):
    """Give those of the last step alone."""
    return written(*steps)[1][-1]["kwargs"]


HISTORY = [message(number) for number in range(10)]


def test_a_history_that_grows_is_written_as_what_is_new_in_it():
    """And so its file grows with what was said, not with its square."""
    version, arguments = written(*[call(messages=HISTORY[:end]) for end in (4, 6, 7)])

    assert version == 2
    assert [one["kwargs"]["messages"] for one in arguments] == [
        HISTORY[:4],
        [{"$items": [1, 0, 4]}, *HISTORY[4:6]],
        [{"$items": [1, 0, 6]}, HISTORY[6]],
    ]


CHANGED = {
    "cut off at its start": (HISTORY[4:], [{"$items": [1, 4, 10]}]),
    "cut off at its end": (HISTORY[:5], [{"$items": [1, 0, 5]}]),
    "edited in the middle": (
        [*HISTORY[:4], message("new"), *HISTORY[5:]],
        [{"$items": [1, 0, 4]}, message("new"), {"$items": [1, 5, 10]}],
    ),
    "with its first message kept and others lost": (
        [message("system"), *HISTORY[5:], message("new")],
        [message("system"), {"$items": [1, 5, 10]}, message("new")],
    ),
    "in another order": (
        [*HISTORY[5:], *HISTORY[:5]],
        [{"$items": [1, 5, 10]}, {"$items": [1, 0, 5]}],
    ),
    "repeated": ([*HISTORY, *HISTORY], [{"$items": [1, 0, 10]}, {"$items": [1, 0, 10]}]),
    "all new": ([message("a"), message("b")], [message("a"), message("b")]),
    "with a run too short for a reference": (
        [message("a"), *HISTORY[3:5], message("b")],
        [message("a"), *HISTORY[3:5], message("b")],
    ),
}


@pytest.mark.parametrize(("now", "as_written"), CHANGED.values(), ids=CHANGED)
def test_a_history_that_changes_is_written_as_what_is_new_in_it(now, as_written):
    """Only what is worth it is referred to: about 1 KB."""
    assert kwargs_of_last(call(messages=HISTORY), call(messages=now))["messages"] == as_written


def test_a_message_that_repeats_goes_on_where_the_run_before_ended():
    """Not at its first place: so a run is as long as it can be."""
    rounds = [message("again"), message(1, 900), message("again"), message(2, 900)]
    now = [*rounds[:2], message("new"), *rounds[2:]]

    assert kwargs_of_last(call(m=rounds), call(m=now))["m"] == [
        {"$items": [1, 0, 2]},
        message("new"),
        {"$items": [1, 2, 4]},
    ]


def test_a_long_value_that_stays_is_written_once():
    """Tools, a system prompt; among positional arguments, and deep in others."""
    tools = [{"type": "function", "description": LONG}]
    first = call(LONG, {"deep": {"n": [1], "down": LONG}}, tools=tools, prompt=LONG, short="s")
    second = call(LONG, {"deep": {"n": [2], "down": LONG}}, tools=tools, prompt=LONG, short="s")

    assert written(first, second)[1][1] == {
        "args": [{"$items": [1, 0, 1]}, {"deep": {"n": [2], "down": {"$same": 1}}}],
        "kwargs": {"tools": {"$same": 1}, "prompt": {"$same": 1}, "short": "s"},
    }


def test_numbers_beside_a_history_are_in_nobodys_way():
    """It may be the second argument of a call whose first one is a number, or nothing."""
    for first in (3, None):
        (_, last) = written(call(first, HISTORY[:5]), call(first, HISTORY[:6]))[1]

        assert last["args"] == [first, [{"$items": [1, 0, 5]}, HISTORY[5]]]


def test_small_cassettes_stay_as_they_are():
    """In version 1, which any reader of the format takes."""
    steps = [call(messages=[message(at, 20) for at in range(end)]) for end in (3, 5, 7)]
    document = Cassette(steps).to_dict()

    assert referring(document) is document


def test_a_step_of_another_name_is_not_looked_at():
    """It may have other parameters; and what two agents say lies apart."""
    assert kwargs_of_last(call(m=HISTORY), call(m=HISTORY, name="tell"))["m"] == HISTORY


def test_agents_that_take_turns_refer_to_their_own_steps():
    """The list that has the most of one is taken, and of several the latest."""
    ours, theirs = HISTORY, [message(f"their {number}") for number in range(10)]
    same_start = [HISTORY[0], HISTORY[1], HISTORY[2], HISTORY[3]]
    steps = [
        call(m=[*same_start, *ours[4:7]]),
        call(m=[*same_start, *theirs[:4]]),
        call(m=[*same_start, *ours[4:8]]),
        call(m=[*same_start, *theirs[:5]]),
    ]

    version, arguments = written(*steps)

    assert [one["kwargs"]["m"] for one in arguments[2:]] == [
        [{"$items": [2, 0, 7]}, ours[7]],
        [{"$items": [2, 0, 8]}, theirs[4]],
    ]
    assert version == 2


def test_one_inserted_step_leaves_the_later_ones_as_they_are():
    """As steps are counted backwards."""
    steps = [call(m=HISTORY[:end]) for end in (4, 6, 8)]
    before = written(*steps)[1]
    after = written(call(m=[message("other")]), *steps)[1]

    assert after[1:] == before


EXACT = {
    "one, and one as a float": (1, 1.0),
    "one, and true": (1, True),
    "nothing, and false": (None, False),
    "keys in another order": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
}


@pytest.mark.parametrize(("before", "now"), EXACT.values(), ids=EXACT)
def test_only_the_same_to_the_letter_is_referred_to(before, now):
    """What is equal to Python need not be the same in a file."""
    first, second = call(m=[LONG, before]), call(m=[LONG, now])

    last = kwargs_of_last(first, second)["m"]

    assert json.dumps(last) == json.dumps([{"$items": [1, 0, 1]}, now])


def test_types_of_what_is_referred_to_are_not_repeated():
    """They come with it; and where they differ, it is not the same."""
    types = {"/arguments/kwargs/m/0": "app:A", "/arguments/kwargs/m/1/content": "tuple"}
    more = {**types, "/arguments/kwargs/m/2": "app:B", "/result": "tuple"}
    others = {**types, "/arguments/kwargs/m/0": "app:C"}
    big = [message(at, 1_200) for at in range(3)]
    steps = [
        {**call(m=big[:2], types=types), "result": []},
        {**call(m=big, types=more), "result": []},
        call(m=big[:2], types=types),
        call(m=big[:2], types=others),
    ]

    document = referring(Cassette(steps, typed=True).to_dict())

    assert [step.get("types") for step in document["steps"]] == [
        types,
        {"/arguments/kwargs/m/2": "app:B", "/result": "tuple"},
        None,
        {"/arguments/kwargs/m/0": "app:C"},
    ]
    assert document["steps"][3]["arguments"]["kwargs"]["m"] == [
        {"role": "user", "content": {"$same": 1}},
        {"$items": [1, 1, 2]},
    ]
    assert Cassette.from_dict(document).same_content(Cassette(steps, typed=True))


def test_what_looks_like_a_reference_is_written_as_what_it_is():
    """Where there are references; a file without any has no need to."""
    own = {"x": [{"$same": 1}, {"$literal": {"$items": [1, 2, 3]}}], "y": {"$items": []}, "z": 1}
    alone = written(call(own=own))
    version, arguments = written(call(own=own, m=LONG), call(own=own, m=LONG, **{"$same": 4}))

    assert alone == (1, [{"args": [], "kwargs": {"own": own}}])
    assert version == 1  # all of the second one's would have to be literal
    assert arguments[0]["kwargs"]["own"] == own
    literal = {
        "x": [{"$literal": {"$same": 1}}, {"$literal": own["x"][1]}],
        "y": {"$literal": {"$items": []}},
        "z": 1,
    }
    assert written(call(own=own, m=LONG), call(own=own, m=LONG)) == (
        2,
        [
            {"args": [], "kwargs": {"own": literal, "m": LONG}},
            {"args": [], "kwargs": {"own": literal, "m": {"$same": 1}}},
        ],
    )


def test_a_deep_value_is_written_whole():
    """However deep: to look into it would take more frames than Python has."""
    deep = LONG
    for _ in range(350):
        deep = [deep]
    document = Cassette([call(m=LONG, d=deep), call(m=LONG, d=[deep])]).to_dict()

    again = Cassette.from_dict(json.loads(json.dumps(referring(document))))

    assert referring(document)["version"] == 2
    assert again.steps[1]["arguments"]["kwargs"]["d"] == [deep]


class Message(dict):
    """A message whose text does not tell it from another one."""

    def __repr__(self):
        """Fail: somebody's class may."""
        raise RuntimeError("no text")


class Text(str):
    """A text of a class of its own."""

    __slots__ = ()

    def __repr__(self):
        """Hide it."""
        return "Text(...)"


ODD = {
    "dicts of a class of their own": (Message(content=LONG), Message(content=LONG + "!")),
    "texts of a class of their own": (Text(LONG), Text(LONG + "!")),
    "ordered dicts": (OrderedDict(a=LONG, b=1), OrderedDict(b=1, a=LONG)),
    "a tuple that looks like a reference": (LONG, ({"$same": 1}, {"$literal": 2})),
    "a text that looks like one": (LONG, "$same and {'$items': [1, 2, 3]}"),
}


@pytest.mark.parametrize(("before", "now"), ODD.values(), ids=ODD)
def test_values_of_odd_types_are_what_json_makes_of_them(before, now, tmp_path):
    """Whoever makes steps by hand may put them there."""
    file, again = tmp_path / "tape.json", tmp_path / "again.json"
    steps = [call(m=[before]), call(m=[now]), call(m=[before, now])]
    cassette = Cassette(steps)

    cassette.save(file)
    loaded = Cassette.load(file)
    loaded.save(again)

    assert [step["arguments"] for step in loaded.steps] == json.loads(
        json.dumps([step["arguments"] for step in steps])
    )
    assert loaded.same_content(cassette)
    assert again.read_bytes() == file.read_bytes()


def test_what_json_has_no_form_for_is_refused():
    """As ever, and whatever stands beside it."""
    with pytest.raises(ValueError, match="Out of range float"):
        referring(Cassette([call(m=OrderedDict(a=float("nan")))]).to_dict())


def test_steps_that_somebody_broke_are_left_to_whoever_reads_them():
    """To write a file has never been where that is found out."""
    cassette = Cassette([call(m=LONG), call(m=LONG), call(m=LONG)])
    del cassette.steps[0]["name"]
    cassette.steps[1]["arguments"] = None
    cassette.steps[2]["types"] = None

    assert [*map(str, referring(cassette.to_dict())["steps"])] == [*map(str, cassette.steps)]


def test_vectors_are_written_as_they_are():
    """They are no histories, and to look at each number would take a while."""
    vector = [*range(1_000)]
    grown = [*vector, 1]

    assert kwargs_of_last(call(v=vector), call(v=grown))["v"] == grown
    assert kwargs_of_last(call(v=vector), call(v=[*vector, LONG]), call(v=[1, LONG]))["v"] == [
        1,
        {"$items": [1, 1_000, 1_001]},
    ]
    assert kwargs_of_last(call(v=vector), call(v=vector))["v"] == {"$same": 1}


def test_no_more_is_referred_to_than_may_be_read(monkeypatch):
    """What goes beyond that is written out."""
    steps = [call(messages=HISTORY[:end], prompt=LONG) for end in (8, 9, 10, 10)]
    plain = Cassette(steps)
    for name in ("_references", "_referring"):
        monkeypatch.setattr(f"agentcassette.{name}.MOST_VALUES", 50)

    document = referring(plain.to_dict())
    kwargs = [step["arguments"]["kwargs"] for step in document["steps"]]

    assert kwargs[1]["messages"][0] == {"$items": [1, 0, 8]}
    assert kwargs[2]["messages"] == HISTORY
    assert kwargs[3] == {"messages": HISTORY, "prompt": {"$same": 1}}
    assert Cassette.from_dict(document).same_content(plain)


def test_a_literal_value_may_be_as_deep_as_any():
    """That it is literal takes a level of its own."""
    deep = {"$same": 1}
    for _ in range(394):
        deep = [deep]
    cassette = Cassette([call(m=LONG, d=deep), call(m=LONG, d=deep)])

    document = referring(cassette.to_dict())

    assert document["version"] == 2
    assert Cassette.from_dict(document).steps == cassette.steps


def test_the_order_of_types_makes_no_other_content():
    """Those that come with references come last."""
    types = {f"/arguments/kwargs/m/{at}": "tuple" for at in range(3)}
    steps = [call(m=HISTORY[:3], types=types)]
    others = [call(m=HISTORY[:3], types=dict(reversed(types.items())))]

    assert Cassette(steps).same_content(Cassette(others))


SMALL = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(0, 2),
    st.sampled_from([0.0, 1.0, "", "a", "$same", "x" * 40]),
)
VALUES = st.recursive(
    SMALL,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "b/~", "$same", "$items", "$literal"]), inner),
    ),
    max_leaves=6,
)
TYPES = st.sampled_from([None, "tuple", "app:Message"])


@st.composite
def histories(draw):
    """Draw steps whose arguments are edited from one to the next."""
    steps = []
    messages = []
    for _ in range(draw(st.integers(1, 6))):
        how = draw(st.sampled_from(["grow", "cut", "edit", "stay"]))
        if how == "grow" or not messages:
            messages = [*messages, *draw(st.lists(st.tuples(VALUES, TYPES), max_size=3))]
        elif how == "cut":
            messages = messages[draw(st.integers(0, len(messages))) :]
        elif how == "edit":
            at = draw(st.integers(0, len(messages) - 1))
            messages = [*messages[:at], draw(st.tuples(VALUES, TYPES)), *messages[at + 1 :]]
        values = [value for value, _ in messages]
        types = {
            f"/arguments/{place}/{at}": name
            for place in ("args/0", "kwargs/m")
            for at, (_, name) in enumerate(messages)
            if name is not None
        }
        name = draw(st.sampled_from(["ask", "ask", "tell"]))
        steps.append(call(values, name=name, types=types, m=values, tools=draw(VALUES)))
    return copy.deepcopy(steps)


def exact(steps):
    """Tell steps apart to the letter; the order of types has no meaning."""
    return repr([{**step, "types": sorted(step.get("types", {}).items())} for step in steps])


@pytest.mark.parametrize("worth", [1, 30])
@given(steps=histories())
def test_nothing_is_lost(worth, steps):
    """What is read is what was written, to the letter; and to write it again changes nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("agentcassette._referring._WORTH", worth)
        document = Cassette(steps, typed=True).to_dict()
        before = exact(document["steps"])

        text = json.dumps(referring(document))
        again = Cassette.from_dict(json.loads(text)).to_dict()

        assert exact(document["steps"]) == before
        assert exact(again["steps"]) == before
        assert json.dumps(referring(again)) == text
