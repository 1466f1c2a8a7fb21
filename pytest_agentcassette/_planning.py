"""Before a test runs: whether it uses a cassette, which file, and who else would use the same."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pytest_agentcassette._claims import Claim, clashes, key
from pytest_agentcassette._consulting import (
    PATH,
    additions,
    check_core,
    chosen_path,
    register_types,
)
from pytest_agentcassette._location import Location, NameParts, chosen, locate
from pytest_agentcassette._options import wants_file, wants_report
from pytest_agentcassette._run import RUN, Run
from pytest_agentcassette._settings import RunSettings, Settings, merge, read_run_settings

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

__all__ = ["Plan", "plan_all", "plan_of", "run_of"]


class Plan(NamedTuple):
    """What is settled about a test that uses a cassette.

    Attributes:
        test: The id of the test.
        settings: How it uses the cassette.
        location: Where the cassette lies.
    """

    test: str
    settings: Settings
    location: Location


_PLAN = pytest.StashKey[Plan]()

#: The settings of tests that are known, by the identity of their marks and by what hooks add to
#: them; with the marks, which have to stay alive for that.
_Known = dict[tuple[Any, ...], tuple[Settings, list[pytest.Mark]]]


def run_of(config: pytest.Config) -> Run:
    """What the plugin keeps in mind of this run.

    Raises:
        pytest.UsageError: The command line or the ini file says what can't be.
    """
    if RUN not in config.stash:
        run = Run(
            read_run_settings(config),
            pending_folder=_pending_folder(config),
            wants_report=wants_report(config),
            wants_file=wants_file(config),
        )
        register_types(config)
        config.stash[RUN] = run
    return config.stash[RUN]


def _pending_folder(config: pytest.Config) -> Path | None:
    """Where pending recordings are kept; None without a cache that can be written."""
    cache = getattr(config, "cache", None)  # -p no:cacheprovider leaves it out
    if cache is None:
        return None
    try:
        folder: Path = cache.mkdir("agentcassette-pending")
    except OSError:  # the project is mounted to be read only, for example
        return None
    return folder


def plan_all(tests: Sequence[tuple[pytest.Function, str]], collected: Sequence[str]) -> None:
    """Settle everything about the collected tests that use a cassette.

    Args:
        tests: These tests, each with its id; at least one.
        collected: The ids of all tests.

    Raises:
        pytest.UsageError: A marker is wrong, or tests would share a cassette by accident.
    """
    run = run_of(tests[0][0].config)
    run.collected = frozenset(collected)
    known: _Known = {}
    plans = [_plan(item, test, run, known) for item, test in tests]
    taken = {key(plan.location.path) for plan in plans}
    plans = [_inheriting(plan, taken) for plan in plans]
    for clash in clashes(Claim(plan.test, plan.location) for plan in plans):
        by_hook = any(plan.location.chosen for plan in plans if plan.test in clash.tests)
        raise pytest.UsageError(_shared(clash.path, clash.tests, by_hook=by_hook))
    run.owners = {
        key(plan.location.path): plan.test for plan in plans if not plan.location.explicit
    }
    run.claims = {plan.test: plan.location.path for plan in plans}
    for (item, _), plan in zip(tests, plans):
        item.stash[_PLAN] = plan


def plan_of(item: pytest.Function) -> Plan:
    """What is settled about a test; it is settled now if nothing at collection told of a cassette.

    Raises:
        pytest.UsageError: A marker is wrong, or the cassette is another test's.
    """
    if _PLAN not in item.stash:
        run = run_of(item.config)
        plan = _inheriting(_plan(item, item.nodeid, run, {}), run.owners)
        owner = run.owners.get(key(plan.location.path), plan.test)
        if owner != plan.test and not plan.location.explicit:
            tests, by_hook = (owner, plan.test), plan.location.chosen
            raise pytest.UsageError(_shared(plan.location.path, tests, by_hook=by_hook))
        run.claims[plan.test] = plan.location.path
        item.stash[_PLAN] = plan
    return item.stash[_PLAN]


def _plan(item: pytest.Function, test: str, run: Run, known: _Known) -> Plan:
    if getattr(item.function, "is_hypothesis_test", False):
        raise pytest.UsageError(
            f"{test}: Hypothesis runs a test many times, each time with other calls, and a cassette"
            " has the calls of one run: take the cassette away, or the @given"
        )
    settings = _settings(item, test, run.settings, known)
    function, bracket, rest = item.name.partition("[")
    location = locate(
        NameParts(_classes(item), function, bracket + rest),
        folder=_folder(item.path),
        root=item.config.rootpath,
        cassette_dir=run.settings.cassette_dir,
        path=settings.path,
    )
    if not location.explicit:
        file = chosen_path(item, test, location.path)
        location = location if file is None else chosen(item.path.parent, file)
    return Plan(test, settings, location)


def _classes(item: pytest.Function) -> list[str]:
    """The names of the classes that a test is a method of, the outermost first."""
    if isinstance(item.parent, pytest.Module):  # as most often
        return []
    return [node.name for node in item.listchain() if isinstance(node, pytest.Class)]


@lru_cache(maxsize=64)
def _folder(file: Path) -> Path:
    """The folder of a module; all tests of a module ask for it, and shall get the same."""
    return file.parent


def _settings(item: pytest.Function, test: str, run: RunSettings, known: _Known) -> Settings:
    marks = [*item.iter_markers("cassette")]
    added = additions(item, test)
    # All cases of a test, and most tests of a module, have the same marks.
    same = (*map(id, marks), added)
    if same not in known:
        said = run._replace(
            redact=(*run.redact, *added.redact), ignore=(*run.ignore, *added.ignore)
        )
        settings = merge(test, marks, said)
        _check(test, settings)
        if settings.intercept:
            _check_intercept(test, settings.intercept)
        known[same] = settings, marks
    return known[same][0]


def _inheriting(plan: Plan, taken: Container[str]) -> Plan:
    """The plan with the file of a method as earlier versions named it, where only that exists.

    A file that keeps the id of a test is no such file: it has the name that we gave it.
    """
    path, fallback = plan.location[:2]
    if fallback is None or key(fallback) in taken:
        return plan
    if Path(path).exists() or not Path(fallback).exists():
        return plan
    from agentcassette import Cassette, CassetteFormatError

    try:
        kept = Cassette.load(fallback).test
    except (CassetteFormatError, OSError):
        kept = None  # the test will say what is wrong with it
    if kept not in (None, plan.test):
        return plan
    return plan._replace(location=plan.location._replace(path=fallback))


def _check(test: str, settings: Settings) -> None:
    patterns = [one for one in settings.redact if not isinstance(one, str)]
    if not patterns and not settings.ignore:
        return  # and the core is not needed yet
    try:
        check_core(redact=patterns, ignore=settings.ignore)
    except (TypeError, ValueError) as error:
        raise pytest.UsageError(f"{test}: {error}") from None


def _check_intercept(test: str, intercept: Sequence[str]) -> None:
    from agentcassette import intercepting

    try:
        intercepting(*intercept)
    except ValueError as error:
        raise pytest.UsageError(f"{test}: intercept: {error}") from None


def _shared(path: str, tests: Sequence[str], *, by_hook: bool) -> str:
    if by_hook:
        return (
            f"{' and '.join(tests)} would share the cassette {path}, which {PATH} chose: let it"
            " choose another file for each test; tests that name one file themselves, with"
            ' @pytest.mark.cassette("FILE.json"), may share it'
        )
    return (
        f"{' and '.join(tests)} would share the cassette {path}, as the name of a module is no part"
        " of it: rename one of them, move its module to a folder of its own, or give it a file of"
        ' its own with @pytest.mark.cassette("FILE.json"), which all cases of a parametrized test'
        " would share"
    )
