"""The files that tell of a run: written once, where the reports of all tests arrive."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from functools import cache
from typing import TYPE_CHECKING

import pytest

from pytest_agentcassette._destination import obstacle, same, write
from pytest_agentcassette._options import HTML_OPTION, JSON_OPTION

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_agentcassette._ledger import Ledger

__all__ = ["Publisher", "files_asked_for"]


def files_asked_for(config: pytest.Config) -> dict[str, Path]:
    """The files that the command line asks for, by the option.

    Raises:
        pytest.UsageError: One of them can't be written, or both are one.
    """
    files: dict[str, Path] = {}
    for option in (JSON_OPTION, HTML_OPTION):
        said = config.getoption(option)
        if said is None:
            continue
        path = config.invocation_params.dir / said
        is_folder = not said or said.endswith(("/", os.sep))
        problem = f"{path} is a folder" if is_folder else obstacle(path)
        if problem:
            message = f"{option}={said}: it takes the path of a file to write, and {problem}"
            raise pytest.UsageError(message)
        for other, taken in files.items():
            if same(path, taken):
                raise pytest.UsageError(
                    f"{other} and {option} name one file, {path}, which can hold one report only:"
                    " give each a file of its own"
                )
        files[option] = path
    return files


class Publisher:
    """Writes the files at the end of a run, and says where they are.

    A run that came to no test has nothing to tell, and leaves the files of the last one.

    Args:
        config: The configuration of the run.
        ledger: What the tests did.
        files: The files to write, by the option that asks for them.
    """

    def __init__(self, config: pytest.Config, ledger: Ledger, files: dict[str, Path]) -> None:
        self._config = config
        self._ledger = ledger
        self._files = files
        self._stopped = ""
        self._written: list[Path] = []
        self._left: list[Path] = []
        self._problems: list[str] = []

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Take note of what stopped the run: a person, a test, `-x` under pytest-xdist."""
        self._stopped = str(excinfo.value) or excinfo.typename

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Take note that the run broke down."""
        self._stopped = f"internal error: {excinfo.typename}"

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the files, as long as a failure can fail the run."""
        if not self._ledger.ended:  # `--setup-only` brings no test to an end
            self._left = [*self._files.values()]
            return
        from pytest_agentcassette._document import document, read_steps
        from pytest_agentcassette._page import page

        root = self._config.rootpath
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        stopped = self._stopped or str(session.shouldfail or session.shouldstop or "")
        # A page has to have the same steps once more.
        read = cache(read_steps) if HTML_OPTION in self._files else read_steps
        whole = document(
            self._ledger, root=root, created_at=now, stopped=stopped or None, read=read
        )
        texts = {
            JSON_OPTION: lambda: json.dumps(whole, indent=1, ensure_ascii=False) + "\n",
            HTML_OPTION: lambda: page(whole, lambda path: read(root / path).steps),
        }
        for option, path in self._files.items():
            try:
                # LF, also on Windows
                write(path, texts[option]().encode("utf-8", "backslashreplace"))
                self._written.append(path)
            except OSError as error:
                reason = error.strerror or error
                self._problems.append(f"{option}: {path} can't be written: {reason}")
                if session.exitstatus == pytest.ExitCode.OK:
                    session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where the files are."""
        if self._config.getoption("verbose") >= 0:
            for path in self._written:
                terminalreporter.write_line(f"cassette report: {path}")
            for path in self._left:
                line = f"no cassette report: no test ran, so {path} is left as it is"
                terminalreporter.write_line(line)
        for problem in self._problems:
            terminalreporter.write_line(problem, red=True)
