"""intercept: what it takes, what it keeps of the original, and what it costs outside a session."""

from __future__ import annotations

import asyncio
import functools
import inspect
import math
import operator
import pickle
from unittest.mock import MagicMock

import pytest

from agentcassette import DivergenceError, intercept, record, replay


def plain(prompt, /, *more, temperature=0.5, **options):
    """Say something."""
    return (prompt, more, temperature, options)


async def coroutine(prompt, temperature=0.5):
    """Say something later."""
    return (prompt, temperature)


def generator(prompt, count=2):
    """Say it bit by bit."""
    for _ in range(count):
        yield prompt


async def async_generator(prompt, count=2):
    """Say it bit by bit, later."""
    for _ in range(count):
        yield prompt


class Model:
    """A model with a key that is nobody's business."""

    def __init__(self, key="secret-of-the-client"):
        self.key = key

    def ask(self, prompt):
        """Ask the model."""
        return f"{prompt}!"

    async def ask_later(self, prompt):
        """Ask the model, later."""
        return f"{prompt}!"


class Callable:
    """A callable object."""

    def __call__(self, prompt):
        """Say something."""
        return f"{prompt}!"


class AsyncCallable:
    """A callable object that is awaited."""

    async def __call__(self, prompt):
        """Say something later."""
        return f"{prompt}!"


class SlottedCallable:
    """A callable object that takes no attributes."""

    __slots__ = ()

    def __call__(self, prompt):
        """Say something."""
        return f"{prompt}!"


decorated = intercept(plain)


def taped(path, call):
    """Record one call, and give the only step."""
    with record(path) as recorder:
        call()
    (step,) = recorder.steps
    return step


class TestWhatIsKeptOfTheOriginal:
    """The wrapper is the original to everybody who looks at it."""

    @pytest.mark.parametrize(
        "fn",
        [plain, coroutine, generator, async_generator, Model().ask, Model().ask_later],
        ids=lambda fn: fn.__name__,
    )
    def test_name_docstring_and_signature(self, fn):
        """Frameworks make tool descriptions from them."""
        wrapper = intercept(fn)

        assert wrapper.__name__ == fn.__name__
        assert wrapper.__qualname__ == fn.__qualname__
        assert wrapper.__doc__ == fn.__doc__
        assert wrapper.__module__ == __name__
        assert inspect.signature(wrapper) == inspect.signature(fn)

    @pytest.mark.parametrize(
        "fn",
        [plain, coroutine, generator, async_generator, Model().ask, Model().ask_later],
        ids=lambda fn: fn.__name__,
    )
    @pytest.mark.parametrize(
        "is_kind",
        [inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction],
        ids=lambda is_kind: is_kind.__name__,
    )
    def test_the_kind_of_function(self, fn, is_kind):
        """Frameworks await what is a coroutine function, and iterate over generators."""
        assert is_kind(intercept(fn)) == is_kind(fn)

    def test_an_object_with_an_async_call_is_a_coroutine_function(self):
        """Frameworks that ask only about functions are better served than by the object."""
        assert inspect.iscoroutinefunction(intercept(AsyncCallable()))

    @pytest.mark.parametrize(
        "fn", [Callable(), SlottedCallable()], ids=lambda fn: type(fn).__name__
    )
    def test_a_callable_object_is_named_after_its_class(self, fn):
        """It has no name of its own."""
        wrapper = intercept(fn)

        assert wrapper.__name__ == type(fn).__name__
        assert wrapper.__doc__ == type(fn).__doc__
        assert list(inspect.signature(wrapper).parameters) == ["prompt"]

    def test_a_partial_is_named_after_its_function(self):
        """A partial has no name, and a docstring that is about partials."""
        wrapper = intercept(functools.partial(plain, "hello", temperature=1.0))

        assert wrapper.__name__ == "plain"
        assert wrapper.__doc__ == "Say something."
        assert "prompt" not in inspect.signature(wrapper).parameters

    def test_it_is_marked(self):
        """Whoever wraps callables must be able to tell which are wrapped."""
        assert intercept(plain).__agentcassette_intercepted__ is True
        assert not hasattr(plain, "__agentcassette_intercepted__")

    def test_it_can_be_pickled_by_its_name(self):
        """Process pools send functions by their names."""
        assert pickle.loads(pickle.dumps(Decorated.ask)) is Decorated.ask

    def test_the_original_can_be_reached(self):
        """`inspect.unwrap` leads to it."""
        assert inspect.unwrap(intercept(plain)) is plain


class Decorated:
    """A class whose methods are all intercepted."""

    @intercept
    def ask(self, prompt):
        """Take a receiver."""
        return prompt

    @staticmethod
    @intercept
    def static_inside(prompt):
        """Take none."""
        return prompt

    @intercept
    @staticmethod
    def static_outside(prompt):
        """Take none."""
        return prompt

    @classmethod
    @intercept
    def class_inside(cls, prompt):
        """Take the class."""
        return prompt

    @intercept
    @classmethod
    def class_outside(cls, prompt):
        """Take the class."""
        return prompt

    @intercept
    async def later(self, prompt):
        """Take a receiver."""
        return prompt

    @intercept
    def __call__(self, prompt):
        """Take a receiver."""
        return prompt

    class Nested:
        """A class in a class."""

        @intercept
        def ask(self, prompt):
            """Take a receiver."""
            return prompt


class TestReceivers:
    """`self` and `cls` are no arguments: clients differ from run to run, and hold keys."""

    @pytest.mark.parametrize(
        "call",
        [
            Decorated().ask,
            functools.partial(Decorated.ask, Decorated()),
            Decorated().static_inside,
            Decorated.static_inside,
            Decorated().static_outside,
            Decorated.static_outside,
            Decorated().class_inside,
            Decorated.class_inside,
            Decorated().class_outside,
            Decorated.class_outside,
            Decorated(),
            Decorated.Nested().ask,
            intercept(Model().ask),
            intercept(functools.partial(Model.ask, Model())),
            intercept(functools.partial(Model().ask)),
            lambda prompt: asyncio.run(Decorated().later(prompt)),
        ],
        ids=[
            "method",
            "method of the class",
            "staticmethod(intercept)",
            "staticmethod(intercept) of the class",
            "intercept(staticmethod)",
            "intercept(staticmethod) of the class",
            "classmethod(intercept)",
            "classmethod(intercept) of the class",
            "intercept(classmethod)",
            "intercept(classmethod) of the class",
            "__call__",
            "nested class",
            "bound method",
            "partial over a method of the class",
            "partial over a bound method",
            "async method",
        ],
    )
    def test_they_are_left_out(self, tmp_path, call):
        """Whatever way the method is reached."""
        step = taped(tmp_path / "tape.json", lambda: call("hello"))

        assert step["arguments"] == {"args": ["hello"], "kwargs": {}}

    def test_of_a_class_in_a_function(self, tmp_path):
        """Tests define their classes where they need them."""

        class Local:
            @intercept
            def ask(self, prompt):
                return prompt

        step = taped(tmp_path / "tape.json", lambda: Local().ask("hello"))

        assert step["arguments"]["args"] == ["hello"]

    def test_a_function_in_a_method_has_none(self, tmp_path):
        """A parameter that is called `self` is an argument where there is no class."""

        @intercept
        def ask(self):
            return self

        step = taped(tmp_path / "tape.json", lambda: ask("hello"))

        assert step["arguments"]["args"] == ["hello"]

    def test_a_method_without_the_usual_name_has_none(self, tmp_path):
        """A static function that was put into a class takes all of its arguments."""
        step = taped(tmp_path / "tape.json", lambda: intercept(Decorated.__dict__["ask"])("it", 1))
        static = taped(
            tmp_path / "other.json", lambda: intercept(_StaticInDisguise.__dict__["ask"])("it", 1)
        )

        assert step["arguments"]["args"] == [1]
        assert static["arguments"]["args"] == ["it", 1]

    def test_a_method_is_the_same_call_by_name(self, tmp_path):
        """The parameters of a method are counted without the receiver."""
        with record(tmp_path / "tape.json"):
            Decorated().ask("hello")
        with replay(tmp_path / "tape.json", strict=True):
            assert Decorated().ask(prompt="hello") == "hello"


class _StaticInDisguise:
    def ask(this, prompt):  # noqa: N805 - the point of the test
        return prompt


class TestWhatItTakes:
    """Everything that can be called, but classes."""

    def test_options(self, tmp_path):
        """Name and kind are what the step is called by."""

        @intercept(name="ask_model", kind="llm")
        def ask(prompt):
            return prompt

        step = taped(tmp_path / "tape.json", lambda: ask("hello"))

        assert (step["name"], step["type"]) == ("ask_model", "llm")

    def test_empty_parentheses(self, tmp_path):
        """Decorators are written with and without."""

        @intercept()
        def ask(prompt):
            return prompt

        assert taped(tmp_path / "tape.json", lambda: ask("hello"))["type"] == "call"

    @pytest.mark.parametrize(
        ("fn", "args", "name"),
        [
            (math.gcd, (12, 8), "gcd"),
            (operator.itemgetter("a"), ({"a": 1},), "itemgetter"),
            (dict.fromkeys, (["a"], 1), "fromkeys"),
            ("text".upper, (), "upper"),
            (min, (1, 2), "min"),
            (Callable(), ("hello",), "Callable"),
            (functools.partial(Callable(), "hello"), (), "Callable"),
            (functools.partial(functools.partial(plain, "a"), "b"), ("c",), "plain"),
        ],
        ids=[
            "builtin",
            "object of C",
            "class method of C",
            "method of C",
            "builtin without a signature",
            "callable object",
            "partial over a callable object",
            "partial over a partial",
        ],
    )
    def test_other_callables(self, tmp_path, fn, args, name):
        """What is recorded comes back."""
        live = fn(*args)
        with record(tmp_path / "tape.json") as recorder:
            assert intercept(fn)(*args) == live
        with replay(tmp_path / "tape.json", strict=True):
            assert intercept(fn)(*args) == live

        assert [step["name"] for step in recorder.steps] == [name]

    def test_an_object_whose_call_is_awaited(self, tmp_path):
        """A coroutine function is also one that hides in an object."""
        ask = intercept(AsyncCallable())
        with record(tmp_path / "tape.json"):
            assert asyncio.run(ask("hello")) == "hello!"
        with replay(tmp_path / "tape.json", strict=True):
            assert asyncio.run(ask("hello")) == "hello!"

    def test_a_callable_that_tells_no_signature(self, tmp_path):
        """The places of its arguments are all that is known of them."""

        class Shy:
            __signature__ = "none of your business"

            def __call__(self, prompt):
                return prompt

        with record(tmp_path / "tape.json"):
            intercept(Shy())("hello")
        with replay(tmp_path / "tape.json", strict=True):
            assert intercept(Shy())("hello") == "hello"

    @pytest.mark.parametrize(
        "thing",
        [Model, int, 5, "text", property(plain), functools.partialmethod(plain)],
        ids=["class", "builtin class", "number", "text", "property", "partialmethod"],
    )
    def test_nothing_else(self, thing):
        """The error says what was given."""
        with pytest.raises(TypeError, match="intercept takes a function or another callable"):
            intercept(thing)

    @pytest.mark.parametrize("spec", ["kwargs.[", "<nonsense>", ""], ids=repr)
    @pytest.mark.parametrize("as_decorator", [True, False])
    def test_no_malformed_path(self, spec, as_decorator):
        """A mistake is told where it was made, not at the first call."""
        with pytest.raises(ValueError, match="ignore"):
            intercept(ignore=spec) if as_decorator else intercept(plain, ignore=[spec])

    @pytest.mark.parametrize("ignore", ["kwargs.request_id", ["kwargs.request_id"]])
    def test_paths_that_are_not_compared(self, tmp_path, ignore):
        """One path needs no list."""

        @intercept(ignore=ignore)
        def ask(prompt, *, request_id):
            return prompt

        with record(tmp_path / "tape.json"):
            ask("hello", request_id=1)
        with replay(tmp_path / "tape.json", strict=True):
            assert ask("hello", request_id=2) == "hello"


class TestTwice:
    """Wrapping what is wrapped changes nothing: no call is taped twice."""

    def test_is_the_same_object(self):
        """The first name and kind stay."""
        assert intercept(decorated, name="other") is decorated

    def test_a_bound_method_of_an_intercepted_function(self):
        """It is intercepted through its class."""
        ask = Decorated().ask

        assert intercept(ask) is ask

    @pytest.mark.parametrize(
        "partial",
        [functools.partial(decorated, "a"), functools.partial(Decorated().ask, "a")],
        ids=["function", "method"],
    )
    def test_a_partial_over_it(self, tmp_path, partial):
        """Its calls are taped by the callable inside of it."""
        again = intercept(partial)
        with record(tmp_path / "tape.json") as recorder:
            again()

        assert again is partial
        assert len(recorder.steps) == 1

    def test_a_mock_is_not_wrapped_yet(self, tmp_path):
        """It has every attribute that it is asked for."""
        ask = intercept(MagicMock(return_value="hello"))

        assert taped(tmp_path / "tape.json", ask)["result"] == "hello"


class TestPartials:
    """The arguments that a partial adds are arguments: a changed model must not go unnoticed."""

    def test_they_are_on_tape(self, tmp_path):
        """A call through a partial is the call that is made."""
        ask = intercept(functools.partial(plain, "hello", temperature=1.0, top=3))

        step = taped(tmp_path / "tape.json", lambda: ask("you", top=5))

        assert step["arguments"] == {
            "args": ["hello", "you"],
            "kwargs": {"temperature": 1.0, "top": 5},
        }

    def test_a_change_of_one_is_drift(self, tmp_path):
        """Nobody else would notice."""
        with record(tmp_path / "tape.json"):
            intercept(functools.partial(with_model, model="small"))("hello")
        session = replay(tmp_path / "tape.json", strict=True)
        with pytest.raises(DivergenceError, match="differs at model"), session:
            intercept(functools.partial(with_model, model="large"))("hello")

    def test_it_is_the_same_call_without_the_partial(self, tmp_path):
        """How a call is put together is the agent's own business."""
        with record(tmp_path / "tape.json"):
            intercept(functools.partial(with_model, model="small"))("hello")
        with replay(tmp_path / "tape.json", strict=True):
            assert intercept(with_model)("hello", "small") == ("hello", "small")

    @pytest.mark.parametrize("fn", [coroutine, async_generator], ids=lambda fn: fn.__name__)
    def test_over_what_is_awaited(self, tmp_path, fn):
        """A partial over a coroutine function is awaited like it."""
        ask = intercept(functools.partial(fn, "hello"))

        async def agent():
            return await ask() if fn is coroutine else [item async for item in ask()]

        with record(tmp_path / "tape.json"):
            live = asyncio.run(agent())
        with replay(tmp_path / "tape.json", strict=True):
            assert asyncio.run(agent()) == live


def with_model(prompt, model):
    """Tell what was asked."""
    return (prompt, model)


class TestOutsideOfASession:
    """An intercepted callable is the original."""

    def test_a_function(self):
        """Positional, keyword and collected arguments arrive, and the result comes back."""
        assert intercept(plain)(1, 2, temperature=0, x=3) == (1, (2,), 0, {"x": 3})

    def test_the_result_is_the_very_same_object(self):
        """Nothing is copied."""
        result = object()

        assert intercept(lambda: result)() is result

    def test_a_coroutine_function(self):
        """It is awaited."""
        assert asyncio.run(intercept(coroutine)("a")) == ("a", 0.5)

    def test_a_generator_is_driven_from_outside(self):
        """What is sent and thrown into it arrives, and what it returns comes back."""

        @intercept
        def talk():
            heard = []
            try:
                heard.append((yield 1))
                heard.append((yield 2))
            except KeyError as error:
                heard.append(error.args)
            return heard

        talking = talk()
        assert next(talking) == 1
        assert talking.send("a") == 2
        with pytest.raises(StopIteration) as stop:
            talking.throw(KeyError("b"))
        assert stop.value.value == ["a", ("b",)]

    def test_an_async_generator_is_driven_from_outside(self):
        """What is sent and thrown into it arrives."""
        heard = []

        @intercept
        async def talk():
            heard.append((yield 1))
            try:
                yield 2
            except KeyError as error:
                yield error.args

        async def agent():
            talking = talk()
            return [
                await talking.__anext__(),
                await talking.asend("a"),
                await talking.athrow(KeyError("b")),
                [item async for item in talking],
            ]

        assert asyncio.run(agent()) == [1, 2, ("b",), []]
        assert heard == ["a"]

    def test_an_async_generator_is_closed(self):
        """Its clean-up runs when the agent closes it, not some time later."""
        closed = []

        @intercept
        async def talk():
            try:
                yield 1
            finally:
                closed.append(True)

        async def agent():
            talking = talk()
            await talking.__anext__()
            await talking.aclose()
            return list(closed)

        assert asyncio.run(agent()) == [True]

    @pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), SystemExit(3)])
    def test_exceptions(self, error):
        """They come through as they are."""

        @intercept
        def fail():
            raise error

        with pytest.raises(type(error)) as raised:
            fail()
        assert raised.value is error

    @pytest.mark.parametrize(
        ("fn", "finish"),
        [
            (coroutine, asyncio.run),
            (generator, list),
        ],
        ids=["coroutine", "generator"],
    )
    def test_what_was_called_before_a_session_opened(self, tmp_path, fn, finish):
        """A coroutine or generator runs, and is taped, where it is awaited or read."""
        early = intercept(fn)("hello")
        with record(tmp_path / "tape.json") as recorder:
            finish(early)

        assert [step["arguments"]["args"] for step in recorder.steps] == [["hello"]]

    def test_an_intercepted_method_of_an_object_is_looked_up_as_one(self):
        """Wrapping the bound method of one object leaves the others alone."""
        one, other = Model(), Model()
        one.ask = intercept(one.ask)

        assert one.ask("a") == other.ask("a") == "a!"
        assert not hasattr(other.ask, "__agentcassette_intercepted__")
