"""A question to all who implement a hook: their answers, and whose it is where one can't be."""

from __future__ import annotations

import os
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

import pluggy
import pytest

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Question", "is_implemented"]

# Where the frames are that lead from pytest to an implementation.
_BETWEEN = tuple(str(Path(file).parent) + os.sep for file in (pluggy.__file__, __file__))

# What an implementation may raise; what pytest takes for an outcome of a test is no `Exception`.
_RAISED = (Exception, pytest.fail.Exception, pytest.skip.Exception)


def is_implemented(config: pytest.Config, hook: str) -> bool:
    """Whether anybody implements a hook: it costs less to know than to ask."""
    return bool(getattr(config.hook, hook).get_hookimpls())


class Question(NamedTuple):
    """A hook that somebody implements, and whom to ask.

    Attributes:
        hook: The name of the hook.
        relay: The hooks as they are implemented for a test, or for all of them.
        config: The configuration of the run.
        test: The id of the test that it is about, if it is about one.
        first: Whether the first answer counts, and no other one is asked for.
    """

    hook: str
    relay: Any
    config: pytest.Config
    test: str = ""
    first: bool = False

    def ask(self, check: Callable[[Any], Any] | None = None, **arguments: Any) -> list[Any]:
        """Ask the implementations, and check their answers.

        Args:
            check: Gives what an answer comes to; raises `TypeError` or `ValueError` where the
                answer can't be. Without it there are no answers.
            arguments: What the implementations are given.

        Returns:
            What the answers come to.

        Raises:
            pytest.UsageError: An answer can't be, or an implementation raises.
        """
        caller = getattr(self.relay, self.hook)
        answers = self._call(caller, arguments)
        if check is None:
            return []
        try:
            return [check(answer) for answer in answers]
        except (TypeError, ValueError) as error:
            whose = " or ".join(self._givers(caller, check, arguments))
            raise self._wrong(f" of {whose}: {error}") from None

    def _call(self, caller: Any, arguments: dict[str, Any]) -> list[Any]:
        try:
            answer = caller(**arguments)
        except (pytest.UsageError, pytest.exit.Exception):
            raise  # whoever raises these means them
        except _RAISED as error:
            frames = _frames_of_others(error.__traceback__)
            whose = ""
            if frames is not None:
                whose = f" of {self._shown(frames.tb_frame.f_code.co_filename)}"
            told = traceback.format_exception(type(error), error, frames)
            what = f"{whose} raised {type(error).__name__}:\n{''.join(told).rstrip()}"
            raise self._wrong(what) from None
        if self.first:
            return [] if answer is None else [answer]
        return list(answer)

    def _givers(
        self, caller: Any, check: Callable[[Any], Any], arguments: dict[str, Any]
    ) -> list[str]:
        """Whose answer it is that can't be: each is asked once more, on its own."""
        implementations = caller.get_hookimpls()
        everybody = [one.plugin for one in getattr(self.config.hook, self.hook).get_hookimpls()]
        for one in reversed(implementations):
            others = [plugin for plugin in everybody if plugin is not one.plugin]
            alone = self.config.pluginmanager.subset_hook_caller(self.hook, others)
            try:
                for answer in self._call(alone, arguments):
                    check(answer)
            except (TypeError, ValueError):
                return [self._named(one)]
        return [self._named(one) for one in implementations]  # what they make of each other's

    def _wrong(self, what: str) -> pytest.UsageError:
        place = f"{self.test}: " if self.test else ""
        return pytest.UsageError(f"{place}{self.hook}{what}")

    def _named(self, implementation: Any) -> str:
        file = getattr(implementation.plugin, "__file__", None)
        if file is not None and Path(file).name == "conftest.py":
            return self._shown(file)
        if implementation.plugin_name == str(id(implementation.plugin)):  # it has no name
            return f"the plugin {type(implementation.plugin).__qualname__}"
        return f"the plugin {implementation.plugin_name}"

    def _shown(self, file: str) -> str:
        root = self.config.rootpath
        return Path(file).relative_to(root).as_posix() if root in Path(file).parents else file


def _frames_of_others(frames: TracebackType | None) -> TracebackType | None:
    """The frames of an exception from the implementation on."""
    while frames is not None and frames.tb_frame.f_code.co_filename.startswith(_BETWEEN):
        frames = frames.tb_next
    return frames
