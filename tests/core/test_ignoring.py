"""What is not compared: how paths and shapes are written, and what they take out."""

from __future__ import annotations

import copy
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcassette._ignoring import IGNORED, Ignore, compile_ignores

ID = "123e4567-e89b-12d3-a456-426614174000"


def call(*args: Any, **kwargs: Any) -> dict[str, Any]:
    """Make the arguments of a call."""
    return {"args": [*args], "kwargs": kwargs}


def pruned(arguments: dict[str, Any], *specs: str, parameters: tuple[str | None, ...] = ()) -> Any:
    """Give the arguments without what the specs name."""
    return compile_ignores(specs).apply(arguments, {}, parameters=parameters)[0]


PATHS = {
    "key": ("kwargs.request_id", call(request_id=1, q=2), call(q=2)),
    "key below a key": ("kwargs.a.b", call(a={"b": 1, "c": 2}, b=3), call(a={"c": 2}, b=3)),
    "key that is not there": ("kwargs.a.b.c", call(a=1), call(a=1)),
    "key below a list": ("kwargs.a.b", call(a=[{"b": 1}]), call(a=[{"b": 1}])),
    "place": ("args[0]", call(1, 2), call(IGNORED, 2)),
    "place that is not there": ("args[5]", call(1, 2), call(1, 2)),
    "place in a list": ("kwargs.a[1]", call(a=[1, 2, 3]), call(a=[1, IGNORED, 3])),
    "place is no key": ("kwargs.a[1]", call(a={"1": 2}), call(a={"1": 2})),
    "every item": (
        "kwargs.messages[*].id",
        call(messages=[{"id": 1, "x": 2}, {"id": 3}]),
        call(messages=[{"x": 2}, {}]),
    ),
    "every key": ("kwargs.*.id", call(a={"id": 1, "x": 2}, b=[1]), call(a={"x": 2}, b=[1])),
    "every key, in brackets": ("kwargs[*].id", call(a={"id": 1}), call(a={})),
    "items themselves": ("kwargs.a[*]", call(a=[1, 2], b=3), call(a=[IGNORED, IGNORED], b=3)),
    "any depth": (
        "**.created_at",
        call({"created_at": 1, "x": [{"created_at": 2, "y": 3}]}, created_at=4, z=5),
        call({"x": [{"y": 3}]}, z=5),
    ),
    "any depth below a key": (
        "kwargs.a.**.id",
        call(a={"id": 1, "b": [{"id": 2}]}, id=3),
        call(a={"b": [{}]}, id=3),
    ),
    "any depth is none too": ("kwargs.**.id", call(id=1, x=2), call(x=2)),
    "any depth and more": (
        "**.meta.id",
        call(a={"meta": {"id": 1, "meta": {"id": 2}}, "id": 3}),
        call(a={"meta": {"meta": {}}, "id": 3}),
    ),
    "any depth, in brackets": (
        "**[0]",
        call(1, 2, a=[3, [4]]),
        call(IGNORED, 2, a=[IGNORED, [IGNORED]]),
    ),
    "any depth twice": ("**.**.id", call(a={"id": 1}), call(a={})),
    "any depth twice, further on": ("kwargs.a.**.**.id", call(a={"id": 1}), call(a={})),
    "everything below a key": ("kwargs.a.**.*", call(a={"b": [1]}, c=2), call(a={}, c=2)),
    "quoted key": ('kwargs["x.y"]', call(x={"y": 2}, **{"x.y": 1}), call(x={"y": 2})),
    "quoted star": ('kwargs["*"]', call(x=2, **{"*": 1}), call(x=2)),
    "quoted quote": (r'kwargs["a\"b\\"]', call(**{'a"b\\': 1}), call()),
    "empty key": ('kwargs[""]', call(**{"": 1}), call()),
    "odd key without quotes": ("kwargs.x-request-id", call(**{"x-request-id": 1}), call()),
    "all keywords": ("kwargs", call(1, a=2), call(1)),
    "all positions": ("args", call(1, a=2), call(a=2)),
    "both": ("*.a", call(1, a=2, b=3), call(1, b=3)),
    "everything": ("*", call(1, a=2), call()),
}


@pytest.mark.parametrize(("spec", "arguments", "expected"), PATHS.values(), ids=PATHS)
def test_a_path_takes_out_what_it_leads_to(spec, arguments, expected):
    """Keys are left out, items of lists are marked, and everything else stays."""
    before = copy.deepcopy(arguments)
    assert pruned(arguments, spec) == expected
    assert arguments == before


POSITIONAL = {
    "by its place": ("args[0]", call(a=1, b=2), call(b=2)),
    "below its place": ("args[1].id", call(a=1, b={"id": 1}), call(a=1, b={})),
    "by its name": ("kwargs.a", call(a=1, b=2), call(b=2)),
    "without a name": ("args[2]", call("c", "rest", a=1, b=2), call(IGNORED, "rest", a=1, b=2)),
    "beyond the names": ("args[3]", call("c", "rest", a=1, b=2), call("c", IGNORED, a=1, b=2)),
    "each of them": (
        "args[*].id",
        call({"id": 1}, a={"id": 2}, b={}, other={"id": 3}),
        call({}, a={}, b={}, other={"id": 3}),
    ),
    "each as a whole": ("args[*]", call(1, a=2, other=3), call(IGNORED, other=3)),
    "all of them": ("args", call(1, a=2, b=3, other=4), call(other=4)),
    "at any depth": (
        "args.**.id",
        call([{"id": 1}], a=[{"id": 2}], other={"id": 3}),
        call([{}], a=[{}], other={"id": 3}),
    ),
}


@pytest.mark.parametrize(("spec", "arguments", "expected"), POSITIONAL.values(), ids=POSITIONAL)
def test_a_place_is_the_parameter_of_that_place(spec, arguments, expected):
    """Arguments stand under their parameters' names, and `args` still means positional ones."""
    assert pruned(arguments, spec, parameters=("a", "b", None)) == expected


SHAPES = {
    "a uuid": ("<uuid>", ID, "<uuid>"),
    "an upper-case uuid": ("<uuid>", ID.upper(), "<uuid>"),
    "a uuid in a text": ("<uuid>", f"run-{ID}, urn:uuid:{ID}.", "run-<uuid>, urn:uuid:<uuid>."),
    "a uuid after an underscore": ("<uuid>", f"msg_{ID}", "msg_<uuid>"),
    "a uuid without hyphens may be a hash": ("<uuid>", uuid.UUID(ID).hex, uuid.UUID(ID).hex),
    "a part of something longer": ("<uuid>", f"a{ID}", f"a{ID}"),
    "utc": ("<datetime>", "2026-06-30T12:00:00Z", "<datetime>"),
    "offset": ("<datetime>", "2026-06-30T12:00:00.123456+02:00", "<datetime>"),
    "short offset": ("<datetime>", "2026-06-30T12:00:00,5-0430", "<datetime>"),
    "no zone": ("<datetime>", "2026-06-30T12:00:00", "<datetime>"),
    "no seconds": ("<datetime>", "2026-06-30T12:00", "<datetime>"),
    "as str(datetime)": ("<datetime>", "2026-06-30 12:00:00.5+00:00", "<datetime>"),
    "lower case": ("<datetime>", "2026-06-30t12:00:00z", "<datetime>"),
    "basic form": ("<datetime>", "20260630T120000Z", "<datetime>"),
    "in a prompt": (
        "<datetime>",
        "Now it is 2026-06-30 12:00 (UTC), since 2026-06-30T11:59:59Z.",
        "Now it is <datetime> (UTC), since <datetime>.",
    ),
    "a date": ("<datetime>", "2026-06-30", "2026-06-30"),
    "a time": ("<datetime>", "12:00:00", "12:00:00"),
    "no such month": ("<datetime>", "2026-13-30T12:00:00", "2026-13-30T12:00:00"),
    "no such hour": ("<datetime>", "2026-06-30T25:00:00", "2026-06-30T25:00:00"),
    "digits before it": ("<datetime>", "12026-06-30T12:00:00", "12026-06-30T12:00:00"),
}


@pytest.mark.parametrize(("shape", "text", "expected"), SHAPES.values(), ids=SHAPES)
def test_a_shape_stands_for_every_text_that_looks_like_it(shape, text, expected):
    """Every occurrence is replaced by the name of the shape, within longer texts too."""
    assert pruned(call(text, a=[{"b": text}]), shape) == call(expected, a=[{"b": expected}])


def test_shapes_and_paths_go_together():
    """Each of several specs is applied."""
    arguments = call(
        {"id": 1, "at": "2026-06-30T12:00:00Z"}, text=f"{ID} 2026-06-30T12:00Z", x=None
    )
    expected = call({"at": "<datetime>"}, text="<uuid> <datetime>", x=None)
    assert pruned(arguments, "**.id", "<uuid>", "<datetime>") == expected


def test_two_calls_that_differ_in_what_is_ignored_are_equal():
    """A key that one side lacks is ignored as well as one that differs."""
    specs = ("kwargs.request_id", "kwargs.items[*].id")
    first = pruned(call(items=[{"id": 1, "n": 1}, {"n": 2}], request_id=1), *specs)
    assert first == pruned(call(items=[{"n": 1}, {"id": 3, "n": 2}]), *specs)


def test_types_of_what_is_taken_out_are_left_out():
    """The types at and below an ignored place go, and all others stay."""
    types = {
        "/args/0": "tuple",
        "/kwargs/when": "datetime:datetime",
        "/kwargs/when~1/x": "tuple",
        "/kwargs/a/1": "set",
        "/kwargs/a/1/0": "tuple",
        "/kwargs/a/10": "tuple",
    }
    ignore = compile_ignores(["kwargs.when", "kwargs.a[1]", 'kwargs["x/y"]'])
    arguments = call([1], when="2026", a=[1, [[]], *range(9)])
    assert ignore.apply(arguments, types)[1] == {
        "/args/0": "tuple",
        "/kwargs/when~1/x": "tuple",
        "/kwargs/a/10": "tuple",
    }


def test_a_type_stays_where_a_shape_is_replaced():
    """What a value is, is compared, though it is no longer told which one."""
    arguments = call(when="2026-06-30T12:00:00")
    types = {"/kwargs/when": "datetime:datetime"}
    pruned_arguments, pruned_types = compile_ignores(["<datetime>"]).apply(arguments, types)
    assert pruned_arguments == call(when="<datetime>")
    assert pruned_types == types


def test_nothing_to_ignore_costs_nothing():
    """Without specs the same objects come back."""
    arguments, types = call(1, a=2), {"/args/0": "x"}
    ignore = compile_ignores([])
    assert not ignore
    assert ignore.apply(arguments, types)[0] is arguments
    assert ignore.apply(arguments, types)[1] is types


def test_equal_specs_are_equal_rules():
    """Order and repetition make no difference, and rules can be keys of a dict."""
    first = compile_ignores(["args[0]", "<uuid>", "**.id", "<datetime>"])
    second = compile_ignores(iter(["<datetime>", "**.id", "<uuid>", "args[0]", "**.id"]))
    assert first == second
    assert hash(first) == hash(second)
    assert first != compile_ignores(["args[1]", "<uuid>", "**.id", "<datetime>"])


MALFORMED = {
    "nothing": ("", 0, "a key, an index or a * is expected"),
    "a bare key": ("request_id", 0, "a path begins with args, kwargs, * or **"),
    "a dot too many": ("kwargs..id", 6, "a key, an index or a * is expected"),
    "a dot at the start": (".kwargs", 0, "a key, an index or a * is expected"),
    "a dot at the end": ("kwargs.id.", 9, "a key, an index or a * is expected"),
    "a dot before a bracket": ("kwargs.[0]", 6, "a key, an index or a * is expected"),
    "no dot after a bracket": ("args[0]id", 7, "a key, an index or a * is expected"),
    "an open bracket": ("args[0", 4, "a key, an index or a * is expected"),
    "an empty bracket": ("args[]", 4, "a key, an index or a * is expected"),
    "a negative place": ("args[-1]", 4, "a key, an index or a * is expected"),
    "a key without quotes": ("kwargs[id]", 6, "a key, an index or a * is expected"),
    "an open quote": ('kwargs["id]', 6, "a key, an index or a * is expected"),
    "a blank": ("kwargs.user id", 11, "a key, an index or a * is expected"),
    "three stars": ("***.id", 2, "a key, an index or a * is expected"),
    "stars in a key": ("kwargs.x*", 8, "a key, an index or a * is expected"),
    "stars at the end": ("kwargs.**", 9, "a key is expected after **"),
    "stars alone": ("**", 2, "a key is expected after **"),
    "a key of args": ("args.prompt", 4, "args has places (args[0]), kwargs has keys"),
    "a place of kwargs": ("kwargs[0]", 6, "args has places (args[0]), kwargs has keys"),
    "an unknown shape": ("<date>", 0, "the shapes are <uuid> and <datetime>"),
}


@pytest.mark.parametrize(("spec", "position", "problem"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_spec_is_refused(spec, position, problem):
    """The error shows the spec, where it goes wrong, what is expected, and how it is written."""
    with pytest.raises(ValueError, match="can't read what to ignore") as caught:
        compile_ignores(["kwargs.id", spec])
    assert str(caught.value) == (
        f"can't read what to ignore in {spec!r} at position {position}: {problem};"
        " a path is written like kwargs.messages[*].id"
    )


def test_a_deep_value_is_pruned():
    """Depth is no fault, as deep as values may be."""
    value: Any = {"id": 1, "x": 2}
    expected: Any = {"x": 2}
    for _ in range(150):
        value, expected = [{"a": value}], [{"a": expected}]
    assert pruned(call(value), "**.id", "<uuid>") == call(expected)


def test_many_stars_take_no_longer_than_few():
    """The ways in which a path can lead to one place are not counted one by one."""
    value: Any = {"b": 1}
    for _ in range(60):
        value = {"a": value}
    spec = "**.a" * 8 + ".**.c"
    assert pruned(call(value), spec.replace("a**", "a.**")) == call(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("abc"), inner),
)


def without_a(value: Any) -> Any:
    """Leave out everything under the key `a`, in the plainest way."""
    if isinstance(value, dict):
        return {key: without_a(item) for key, item in value.items() if key != "a"}
    return [without_a(item) for item in value] if isinstance(value, list) else value


@given(st.lists(JSON), st.dictionaries(st.sampled_from("abc"), JSON))
def test_any_depth_is_any_depth(args, kwargs):
    """`**` reaches everything that there is, and nothing else."""
    arguments = {"args": args, "kwargs": kwargs}
    assert pruned(arguments, "**.a") == without_a(arguments)


@given(st.lists(JSON), st.dictionaries(st.sampled_from("abc"), JSON))
def test_ignoring_what_is_not_there_changes_nothing(args, kwargs):
    """A rule for other calls leaves this one alone."""
    arguments = {"args": args, "kwargs": kwargs}
    assert pruned(arguments, "**.other", "<uuid>", "args[999]") == arguments


@given(st.text())
def test_any_text_is_a_rule_or_refused(spec):
    """There is no spec that breaks the reader."""
    try:
        assert isinstance(compile_ignores([spec]), Ignore)
    except ValueError as error:
        assert repr(spec) in str(error)  # noqa: PT017 - either outcome will do
