"""The seam: what happens when an intercepted callable is called.

Outside of a session a wrapper reads one variable and calls the original, unless somebody watches.
Inside, it asks the session what becomes of the call, and hands the outcome on; what that takes is
imported by the first such call.
"""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, Callable, TypeVar, cast, overload

from agentcassette._active import OPEN
from agentcassette._relaying import Relay
from agentcassette._seam import ORIGINAL, Seam, Target

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["dress", "intercept", "is_intercepted", "wrap"]

Function = TypeVar("Function", bound=Callable[..., Any])
MARK = "__agentcassette_intercepted__"


@overload
def intercept(
    fn: Function, *, name: str | None = ..., kind: str = ..., ignore: str | Iterable[str] = ...
) -> Function: ...
@overload
def intercept(
    fn: None = ..., *, name: str | None = ..., kind: str = ..., ignore: str | Iterable[str] = ...
) -> Callable[[Function], Function]: ...
def intercept(
    fn: Any = None,
    *,
    name: str | None = None,
    kind: str = "call",
    ignore: str | Iterable[str] = (),
) -> Any:
    """Mark a callable as recordable.

    In a session its calls are taped, or answered from the tape. Outside of one the wrapper calls
    the original, at next to no cost. Wrapping twice changes nothing.

    It takes functions, ``async def`` functions, generator functions of both kinds, bound methods,
    ``functools.partial``, callable objects, and functions that return an awaitable or an iterator.
    The receiver of a method (``self``, ``cls``) is no argument: it is neither kept nor compared.
    What a partial adds to a call is one: a call through it is the call that is made.

    Args:
        fn: The callable; without it a decorator is returned.
        name: The name of its steps; its ``__name__`` if none is given.
        kind: A label of its steps, such as "llm" or "tool".
        ignore: What of its arguments is not compared: paths (``kwargs.messages[*].id``) and the
            shapes ``<uuid>`` and ``<datetime>``.

    Returns:
        A callable with the name, the docstring, the signature and the type of the original.

    Raises:
        TypeError: ``fn`` is no callable, or it is a class.
        ValueError: An ``ignore`` is no path and no shape.
    """
    specs = (ignore,) if isinstance(ignore, str) else tuple(ignore)
    if specs:
        from agentcassette._ignoring import compile_ignores

        compile_ignores(specs)  # which raises for a malformed one, here and not at the first call
    if fn is None:
        return functools.partial(intercept, name=name, kind=kind, ignore=specs)
    if isinstance(fn, (staticmethod, classmethod)):
        return type(fn)(intercept(fn.__func__, name=name, kind=kind, ignore=specs))
    if isinstance(fn, type) or not callable(fn):
        message = f"intercept takes a function or another callable that is no class, not {fn!r}"
        raise TypeError(message)
    return wrap(fn, name=name, kind=kind, ignore=specs)


def wrap(
    fn: Callable[..., Any],
    *,
    name: str | None,
    kind: str,
    ignore: tuple[str, ...] = (),
    receives: bool | None = None,
    active: Any = OPEN,
) -> Any:
    """Make the wrapper of a callable, unless it is one.

    Args:
        fn: The callable, no class.
        name: The name of its steps; its ``__name__`` if none is given.
        kind: The kind of its steps.
        ignore: What of its arguments is not compared.
        receives: Whether its first argument is the receiver of a method; None where only its name
            and that of its first parameter tell.
        active: What is true as long as calls belong to a session; where it is not, the wrapper
            calls the original.
    """
    fn = getattr(fn, ORIGINAL, fn)
    core, args, kwargs = _unfold(fn)
    if is_intercepted(core):
        return fn
    if receives is None:
        receives = _is_method(core)
    seam = _seam(core, name=name, kind=kind, ignore=ignore, receives=receives)
    target = Target(fn, seam, _is_async(fn), receives, args, kwargs)
    return dress(_made_for(fn)(fn, target, active), fn, core, seam.name)


def dress(
    wrapper: Any, fn: Callable[..., Any], core: Callable[..., Any], name: str
) -> Callable[..., Any]:
    """Give a wrapper the looks of its original, and the mark that it is one.

    Args:
        wrapper: The wrapper.
        fn: The original.
        core: What the original is a partial of, or the original.
        name: The name of the wrapper where the original has none.
    """
    wrapper.__name__ = wrapper.__qualname__ = name
    functools.update_wrapper(wrapper, core)
    wrapper.__wrapped__ = fn
    setattr(wrapper, MARK, True)
    return cast("Callable[..., Any]", wrapper)


def is_intercepted(fn: object) -> bool:
    """Whether a callable is a wrapper already; a mock, which has every attribute, is none."""
    return getattr(fn, MARK, False) is True


def _made_for(fn: Callable[..., Any]) -> Callable[[Callable[..., Any], Target, Any], Any]:
    """What makes a function of the same sort as the original."""
    if _is_async(fn):
        return _wrap_async
    if inspect.isasyncgenfunction(fn):
        return _wrap_async_generator
    if inspect.isgeneratorfunction(fn):
        return _wrap_generator
    return _wrap_function


def _wrap_function(fn: Callable[..., Any], target: Target, active: Any) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if not active:
            return fn(*args, **kwargs)
        __tracebackhide__ = True
        from agentcassette._calling import call

        return call(target, args, kwargs)

    return wrapper


def _wrap_async(fn: Callable[..., Any], target: Target, active: Any) -> Callable[..., Any]:
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        if not active:
            return await fn(*args, **kwargs)
        __tracebackhide__ = True
        from agentcassette._calling import call_in_task

        return await call_in_task(target, args, kwargs)

    return wrapper


def _wrap_generator(fn: Callable[..., Any], target: Target, active: Any) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if not active:
            return (yield from fn(*args, **kwargs))
        __tracebackhide__ = True
        from agentcassette._calling import call

        return (yield from call(target, args, kwargs))

    return wrapper


def _wrap_async_generator(
    fn: Callable[..., Any], target: Target, active: Any
) -> Callable[..., Any]:
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if active:
            from agentcassette._calling import call_in_task

            source = await call_in_task(target, args, kwargs)
        else:
            source = fn(*args, **kwargs)
        relay = Relay(source)
        while await relay.advance():
            try:
                relay.send((yield relay.item))
            except BaseException as thrown:  # noqa: BLE001 - the original gets it as it is
                await relay.throw(thrown)

    return wrapper


def _unfold(fn: Callable[..., Any]) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """A partial as the callable that it is of, and the arguments that it adds to each call."""
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}
    while isinstance(fn, functools.partial):
        args = fn.args + args
        kwargs = {**fn.keywords, **kwargs}
        fn = fn.func
    return fn, args, kwargs


def _seam(
    core: Callable[..., Any],
    *,
    name: str | None,
    kind: str,
    ignore: tuple[str, ...],
    receives: bool,
) -> Seam:
    return Seam(
        name=name or getattr(core, "__name__", None) or type(core).__name__,
        kind=kind,
        ignore=ignore,
        parameters=_positional_parameters(core)[receives:],
        package=str(getattr(core, "__module__", None) or "").partition(".")[0],
    )


def _is_async(fn: Callable[..., Any]) -> bool:
    """Whether a callable, or its method ``__call__``, is a coroutine function."""
    method = getattr(type(fn), "__call__", None)  # noqa: B004 - the method, not whether it is one
    return inspect.iscoroutinefunction(fn) or inspect.iscoroutinefunction(method)


def _is_method(fn: Callable[..., Any]) -> bool:
    """Whether the first argument of a function is the receiver of a method."""
    if not inspect.isfunction(fn):
        return False
    scope = fn.__qualname__.rpartition(".")[0]
    if not scope or scope.endswith("<locals>"):
        return False
    return _positional_parameters(fn)[:1] in (("self",), ("cls",), ("mcs",))


def _positional_parameters(fn: Callable[..., Any]) -> tuple[str | None, ...]:
    """The names of the parameters that positional arguments go to; None for a nameless one."""
    try:
        parameters = inspect.signature(fn).parameters.values()
    except (ValueError, TypeError):  # a builtin tells no signature: its arguments stay nameless
        return ()
    return tuple(
        parameter.name if parameter.kind is parameter.POSITIONAL_OR_KEYWORD else None
        for parameter in parameters
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    )
