"""intercepting: which callables are wrapped by their name, for how long, and what comes after."""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading
import types
import warnings
from unittest import mock

import httpx
import pytest
import requests

from agentcassette import TargetNotFound, intercepting, record, replay

SOURCE = '''
import functools
import itertools

from agentcassette import intercept

count = itertools.count()


def ask(prompt, temperature=0.5):
    """Ask."""
    return [prompt, temperature, next(count)]


async def ask_later(prompt):
    return [prompt, next(count)]


def stream(prompt):
    yield prompt
    yield next(count)


class Client:
    limit = 3
    table = {}

    def __init__(self, key="k"):
        self.key = key

    def ask(this, prompt, temperature=0.5):
        return [prompt, temperature, next(count)]

    async def ask_later(self, prompt):
        return [prompt, next(count)]

    async def stream(self, prompt):
        yield prompt
        yield next(count)

    @staticmethod
    def version(major):
        return [major, next(count)]

    @classmethod
    def make(kind, name):
        return [kind.__name__, name, next(count)]

    @property
    def size(self):
        return 1

    ask_loud = functools.partialmethod(ask, temperature=1.0)
    ask_once = functools.lru_cache(ask)

    @intercept(name="known", kind="tool")
    def known(self, prompt):
        return next(count)


class Caller:
    def __call__(self, prompt):
        return [prompt, next(count)]


class Meta(type):
    def create(cls, prompt):
        return [cls.__name__, prompt, next(count)]


class Child(Client, metaclass=Meta):
    call = Caller()
    build = dict

    def ask_twice(self, prompt):
        return [self.ask(prompt), self.ask(prompt)]


class Loud(Client):
    def ask(self, prompt, temperature=0.5):
        return ["loud", *super().ask(prompt + "!", temperature)]


class Closed:
    __slots__ = ()

    def ask(self, prompt):
        return prompt


client = Client()
closed = Closed()
call = Caller()
'''


@pytest.fixture
def library(monkeypatch):
    """Give the module of a library, fresh for each test."""
    module = types.ModuleType("some_library")
    monkeypatch.setitem(sys.modules, "some_library", module)
    exec(SOURCE, vars(module))
    return module


def proven(tmp_path, targets, run):
    """Record a function and replay it; give what it gave both times, and the steps."""

    def told():
        found = run()
        return asyncio.run(found) if inspect.iscoroutine(found) else found

    path = tmp_path / "cassette.json"
    with intercepting(*targets), record(path) as recorder:
        live = told()
    with intercepting(*targets), replay(path, strict=True) as player:
        again = told()
    assert player.remaining == 0
    assert again == live
    return live, recorder.steps


# --- what is wrapped ------------------------------------------------------------------------


async def collected(stream):
    """Return what an async iterator gives."""
    return [item async for item in stream]


RUNS = {
    "a function": ("ask=llm", lambda it: it.ask("a", 1.0), {"prompt": "a", "temperature": 1.0}),
    "a coroutine function": ("ask_later", lambda it: it.ask_later("a"), {"prompt": "a"}),
    "a generator function": ("stream", lambda it: list(it.stream("a")), {"prompt": "a"}),
    "a method": ("Client.ask", lambda it: it.Client().ask("a"), {"prompt": "a"}),
    "an async method": ("Client.ask_later", lambda it: it.Client().ask_later("a"), {"prompt": "a"}),
    "an async generator": (
        "Client.stream",
        lambda it: collected(it.Client().stream("a")),
        {"prompt": "a"},
    ),
    "a static method": ("Client.version", lambda it: it.Client().version(1), {"major": 1}),
    "a class method": ("Client.make", lambda it: it.Child.make("a"), {"name": "a"}),
    "a cached method": ("Client.ask_once", lambda it: it.client.ask_once("a"), {"prompt": "a"}),
    "an inherited method": ("Child.ask", lambda it: it.Child().ask("a"), {"prompt": "a"}),
    "a method of an object": ("client.ask", lambda it: it.client.ask("a"), {"prompt": "a"}),
    "a callable object": ("call", lambda it: it.call("a"), {"prompt": "a"}),
    "one in a class": ("Child.call", lambda it: it.Child().call("a"), {"prompt": "a"}),
    "a metaclass's": ("Child.create", lambda it: it.Child.create("a"), {"prompt": "a"}),
}


@pytest.mark.parametrize(("target", "run", "arguments"), RUNS.values(), ids=RUNS)
def test_a_callable_is_taped_and_played_where_it_stands(tmp_path, library, target, run, arguments):
    """Whatever is written in a module or a class can be named, and its receiver is no argument."""
    _, [step] = proven(tmp_path, [f"some_library:{target}"], lambda: run(library))

    path, _, kind = target.partition("=")
    assert (step["name"], step["type"]) == (path, kind or "call")
    assert {**step["arguments"]["kwargs"], **dict(zip(arguments, step["arguments"]["args"]))} == (
        arguments
    )


def test_a_method_keeps_its_looks(library):
    """Frameworks read the signature and the docstring of what they are given."""
    original = library.ask
    with intercepting("some_library:ask"):
        assert library.ask is not original
        assert (library.ask.__name__, library.ask.__doc__) == ("ask", "Ask.")
        assert inspect.signature(library.ask) == inspect.signature(original)


def test_only_the_named_class_is_wrapped(tmp_path, library):
    """A class below which the method is defined is not asked for."""
    with intercepting("some_library:Child.ask"), record(tmp_path / "a.json") as recorder:
        library.Client().ask("a")
        library.Child().ask_twice("b")

    assert [step["name"] for step in recorder.steps] == ["Child.ask", "Child.ask"]


def test_what_a_subclass_hands_up_is_wrapped_too(tmp_path, library):
    """A call of a method that is overridden is a step, and the one of `super()` is its child."""
    targets = ["some_library:Client.ask", "some_library:Loud.ask"]
    _, steps = proven(tmp_path, targets, lambda: library.Loud().ask("a"))

    assert [(step["name"], step.get("parent")) for step in steps] == [
        ("Loud.ask", None),
        ("Client.ask", 0),
    ]


def test_a_mock_in_the_place_of_a_callable_is_called(tmp_path, library):
    """A test that replaces a part of a library has replaced it, and sees its calls taped."""
    with mock.patch.object(library.Client, "ask") as stub:
        stub.return_value = "stub"
        with intercepting("some_library:Client.ask"), record(tmp_path / "a.json") as recorder:
            assert library.Client().ask("a") == "stub"
        assert library.Client.ask is stub

    assert [step["arguments"]["args"] for step in recorder.steps] == [["a"]]


def test_what_is_intercepted_already_stays_as_it_is(tmp_path, library):
    """Its owner gave it a name and a kind."""
    known = library.Client.known
    with intercepting("some_library:Client.known=llm"), record(tmp_path / "a.json") as recorder:
        assert library.Client.known is known
        library.Client().known("a")

    assert library.Client.known is known
    assert [(step["name"], step["type"]) for step in recorder.steps] == [("known", "tool")]


# --- for how long ---------------------------------------------------------------------------

EVERYTHING = (
    "some_library:ask",
    "some_library:client.ask",
    "some_library:Client.ask",
    "some_library:Client.version",
    "some_library:Client.make",
    "some_library:Child.ask",
)


def kept(library):
    """Return what the module, its classes and its object have themselves."""
    return [dict(vars(one)) for one in (library, library.Client, library.Child, library.client)]


def test_the_originals_stand_there_again(library):
    """Nothing is left behind, and nothing that was inherited is the class's own now."""
    before = kept(library)

    with intercepting(*EVERYTHING):
        assert kept(library) != before

    assert kept(library) == before


def test_the_originals_stand_there_again_after_an_exception(library):
    """A test that fails leaves nothing behind either."""
    before = kept(library)

    with pytest.raises(OSError, match="end"), intercepting(*EVERYTHING):
        raise OSError("end")

    assert kept(library) == before


def test_what_is_not_there_leaves_nothing_behind(library):
    """The targets before the one that does not exist are put back."""
    before = kept(library)

    with pytest.raises(TargetNotFound), intercepting("some_library:nothing", *EVERYTHING):
        pass

    assert kept(library) == before


def test_a_block_can_be_used_again_and_inside_of_itself(tmp_path, library):
    """The last one to leave puts the original back."""
    original = library.ask
    block = intercepting("some_library:ask")

    with block:
        with block, record(tmp_path / "a.json") as recorder:
            library.ask("a")
        assert library.ask is not original
    assert library.ask is original
    with block:
        assert library.ask is not original

    assert library.ask is original
    assert len(recorder.steps) == 1


def test_blocks_that_overlap_in_threads(library):
    """Whoever ends first takes nothing away from the other."""
    original = library.ask
    entered, left = threading.Event(), threading.Event()

    def other():
        with intercepting("some_library:ask"):
            entered.set()
            left.wait(5)

    thread = threading.Thread(target=other)
    with intercepting("some_library:ask"):
        thread.start()
        assert entered.wait(5)
    assert library.ask is not original
    left.set()
    thread.join()

    assert library.ask is original


def test_a_mock_inside_of_a_block(library):
    """It takes the place of the wrapper, and gives it back."""
    original = library.ask
    with intercepting("some_library:ask"):
        wrapper = library.ask
        with mock.patch.object(library, "ask") as stub:
            assert library.ask is stub
        assert library.ask is wrapper

    assert library.ask is original


def test_a_mock_that_stays_longer_than_a_block(tmp_path, library):
    """It is left alone; the wrapper that it puts back at last does nothing on its own."""
    original = library.Client.ask
    replaced = mock.patch.object(library.Client, "ask")
    block = intercepting("some_library:Client.ask")
    with block:
        stub = replaced.start()
    assert library.Client.ask is stub
    replaced.stop()

    with record(tmp_path / "a.json") as recorder:
        assert library.Client().ask("a")[:2] == ["a", 0.5]
    assert recorder.steps == []
    with block, record(tmp_path / "b.json") as recorder:
        library.Client().ask("a")
    assert len(recorder.steps) == 1
    assert inspect.unwrap(library.Client.ask) is original


def test_a_mock_that_ends_inside_of_a_block(library):
    """The original that it puts back stays."""
    original, inherited = library.ask, dict(vars(library.Child))
    replaced = mock.patch.object(library, "ask")
    replaced_in_class = mock.patch.object(library.Child, "ask")
    replaced.start()
    replaced_in_class.start()
    with intercepting("some_library:ask", "some_library:Child.ask"):
        replaced.stop()
        replaced_in_class.stop()
        assert library.ask is original

    assert library.ask is original
    assert dict(vars(library.Child)) == inherited


def test_who_keeps_a_wrapper_takes_part_where_its_callable_is_named(tmp_path, library):
    """A client that keeps a bound method is neither taped unasked nor run in a replay."""
    client = library.Client()
    with intercepting("some_library:Client.ask"):
        kept = client.ask

    with record(tmp_path / "a.json") as recorder:
        kept("a")
    assert recorder.steps == []
    with intercepting("some_library:Client.ask"), record(tmp_path / "b.json") as recorder:
        live = kept("a")
    with intercepting("some_library:Client.ask"), replay(tmp_path / "b.json", strict=True):
        assert kept("a") == live


def test_the_kind_that_is_named_last_holds(tmp_path, library):
    """What a project says of all tests, a test may say more closely."""
    targets = ["some_library:ask=llm", "some_library:ask", "some_library:ask=tool"]
    with intercepting(*targets), record(tmp_path / "a.json") as recorder:
        library.ask("a")

    assert [step["type"] for step in recorder.steps] == ["tool"]


# --- copies ---------------------------------------------------------------------------------


def test_a_copy_of_a_function_is_told_of(monkeypatch, library):
    """Whoever imported the function itself goes on to call the original: that would be unseen."""
    for name in ("agent", "other_agent"):
        module = types.ModuleType(name)
        module.ask = library.ask
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setitem(sys.modules, "no module at all", object())

    with pytest.warns(UserWarning, match="not for agent") as told, intercepting("some_library:ask"):
        pass
    [warning] = told
    assert str(warning.message) == (
        "some_library:ask is intercepted, but not for agent (and 1 more), which has imported it"
        " from its module: name agent:ask as well"
    )
    assert warning.filename == __file__

    targets = ("some_library:ask", "agent:ask", "other_agent:ask", "some_library:Client.ask")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with intercepting(*targets):
            assert sys.modules["agent"].ask is not library.ask


def test_a_copy_of_what_is_intercepted_already_is_nothing_to_tell_of(monkeypatch, library):
    """It is the same wrapper, and takes part."""
    agent = types.ModuleType("agent")
    agent.known = library.known = library.Client.known
    monkeypatch.setitem(sys.modules, "agent", agent)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with intercepting("some_library:known"):
            pass


# --- what is not there ----------------------------------------------------------------------

MISSING = {
    "some_libary:ask": "there is no module 'some_libary'",
    "json.decodr:JSONDecoder.decode": "json has no module 'decodr' (did you mean 'decoder'?)",
    "jsom:dumps": "there is no module 'jsom' (did you mean 'json'?)",
    "json.decoder.x:y": "json.decoder has no module 'x'",
    "some_library:asks": "some_library has no 'asks' (did you mean 'ask'?)",
    "some_library:Clint.ask": "some_library has no 'Clint' (did you mean 'Client'?)",
    "some_library:Client.aks": "some_library:Client has no 'aks' (did you mean 'ask'?)",
    "some_library:client.key.x": "some_library:client.key has no 'x'",
    "some_library:Client": "it is a class: name a method of it, as in some_library:Client.method",
    "some_library:Child.build": (
        "it is a class: name a method of it, as in some_library:Child.build.method"
    ),
    "some_library:Client.limit": "it is no callable, but of type int",
    "some_library:Client.size": "it is no callable, but of type property",
    "some_library:Client.ask_loud": "it is a partialmethod: name the method that it calls",
    "some_library:closed.ask": "nothing can be put in its place",
    "builtins:str.upper": "nothing can be put in its place",
}


@pytest.mark.parametrize(("target", "problem"), MISSING.items(), ids=MISSING)
def test_a_callable_that_is_not_there_is_named_with_what_is_nearest(library, target, problem):
    """Who mistypes a name is told which one there is."""
    with pytest.raises(TargetNotFound) as error, intercepting(target):
        pass

    told = error.value.problem
    assert error.value.target == target
    assert told == problem or told.startswith(f"{problem}: ")  # there Python says why


def test_a_module_that_fails_to_be_imported_says_why(tmp_path, monkeypatch):
    """A module that is there, and needs another one, is not called missing."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "needs_more.py").write_text("import not_there_at_all", "utf-8")
    (tmp_path / "broken.py").write_text("1 / 0", "utf-8")

    with pytest.raises(TargetNotFound) as error, intercepting("needs_more:ask"):
        pass
    assert error.value.problem == (
        "importing needs_more failed: No module named 'not_there_at_all'"
    )
    with pytest.raises(ZeroDivisionError), intercepting("broken:ask"):
        pass


MALFORMED = {
    "opnai": (
        "there is no preset 'opnai' (did you mean 'openai'?): there are anthropic, google-genai,"
        " httpx, langchain, litellm, mcp, openai, openai-agents, pydantic-ai, requests; any other"
        " callable is named as package.module:Class.method"
    ),
    "some_library:": (
        "'some_library:' is no target: it is written package.module:function or"
        " package.module:Class.method, with =kind behind it if its calls are of a kind"
    ),
}


@pytest.mark.parametrize(("target", "text"), MALFORMED.items(), ids=MALFORMED)
def test_a_name_that_is_none_is_refused_at_once(target, text):
    """A mistake that can be seen without an import is told before anything runs."""
    with pytest.raises(ValueError, match=r"there is no preset|is no target") as error:
        intercepting(target)

    assert str(error.value) == text


@pytest.mark.parametrize(
    "target", ["a", "a.b.C.d", ":a", "a:b=", "a:b:c", "a..b:c", "a: b", "a:b.", ""]
)
def test_other_malformed_names(target):
    """None of these can be taken for a target."""
    with pytest.raises(ValueError, match=r"there is no preset|is no target"):
        intercepting(target)


# --- presets --------------------------------------------------------------------------------


def test_a_preset_may_be_there_in_part(monkeypatch):
    """`httpx2` is what newer SDKs use, and older ones do not bring it."""
    monkeypatch.setitem(sys.modules, "httpx2", None)
    original = httpx.Client.send

    with intercepting("httpx"):
        assert httpx.Client.send is not original
    assert httpx.Client.send is original


def test_a_preset_of_which_nothing_is_there_is_refused(monkeypatch):
    """Who asks for an SDK that is not installed would else go on for real."""
    for name in ("httpx", "httpx2"):
        monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(TargetNotFound) as error, intercepting("httpx"):
        pass

    assert str(error.value) == (
        "'httpx' can't be intercepted: nothing that it stands for is there: there is no module"
        " 'httpx'; there is no module 'httpx2'"
    )


def test_a_kind_of_ones_own_beats_that_of_a_preset(tmp_path):
    """A preset gives way to what is named one by one, whatever comes first."""
    own, preset = "requests:Session.send=web", "requests"
    with mock.patch("requests.adapters.HTTPAdapter.send", side_effect=OSError("down")):
        for targets in ([preset, own], [own, preset]):
            with intercepting(*targets), record(tmp_path / "a.json") as recorder:
                with pytest.raises(OSError, match="down"):
                    requests.get("http://127.0.0.1")
                assert [step["type"] for step in recorder.steps] == ["web"]


def test_the_modules_of_an_sdk_may_know_its_functions(monkeypatch):
    """Only code outside of the SDK is told of: what the SDK imports from itself is its business."""
    sdk, inside, outside = (types.ModuleType(name) for name in ("litellm", "litellm.main", "agent"))
    for module in (sdk, inside, outside):
        module.completion = sdk.__dict__.get("completion", lambda **_: None)
        monkeypatch.setitem(sys.modules, module.__name__, module)

    with pytest.warns(UserWarning, match="not for agent,") as told, intercepting("litellm"):
        pass
    assert len(told) == 1
