"""The files that no test of a run claims, and what is to be thought of each of them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_agentcassette._claims import is_defined, key
from pytest_agentcassette._coverage import gap, modules
from pytest_agentcassette._inventory import Inventory, exists, load, name_pattern
from pytest_agentcassette._location import NameParts, folder_of_tests, locate
from pytest_agentcassette._stale import Found, Known, Verdict, judge, taker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agentcassette import Cassette
    from pytest_agentcassette._coverage import Scope
    from pytest_agentcassette._ledger import Record
    from pytest_agentcassette._survey import Survey

__all__ = ["Facts", "Search"]


@dataclass(frozen=True)
class Facts:
    """What is known when all tests have run.

    Attributes:
        scope: What the run was about.
        cassette_dir: The folder below which all cassettes lie, or None.
        survey: What was collected.
        records: What the tests did with their cassettes.
        passed: The ids of the tests that passed.
        ended: The ids of the tests that came to any end.
        lost_workers: How many workers of pytest-xdist were lost.
        prune: Whether what is unclaimed is to be deleted.
    """

    scope: Scope
    cassette_dir: str | None
    survey: Survey
    records: Sequence[Record]
    passed: frozenset[str]
    ended: frozenset[str]
    lost_workers: int
    prune: bool = False


class Search:
    """Goes through the files that no test claims.

    Args:
        facts: What is known of the run.

    Attributes:
        inventory: Where it looks.
        known: What the files are judged by.
    """

    def __init__(self, facts: Facts) -> None:
        scope, survey = facts.scope, facts.survey
        self.inventory = Inventory(scope)
        self._facts = facts
        self._claims = [
            scope.root / path
            for path in [*survey.claims.values(), *(record.path for record in facts.records)]
        ]
        tests = frozenset(survey.tests)
        ignored = [path for path in survey.ignored if self.inventory.has_tests(scope.root / path)]
        self.known = Known(
            tests=tests,
            claimants=frozenset(_plain(test, tests) for test in survey.claims),
            passed=frozenset(_plain(test, tests) for test in facts.passed),
            empty=frozenset(survey.empty),
            modules={} if survey.obstacle else modules(survey, scope),
            obstacle=survey.obstacle,
            gap=gap(survey, scope, ignored),
            lost_workers=facts.lost_workers,
        )
        self._askers: dict[str, list[str]] | None = None

    def verdicts(self) -> Iterator[tuple[Path, str | None, Verdict]]:
        """Judge each cassette that no test claims; gives its file, its owner and the verdict."""
        root = self._facts.scope.root
        survey = self._facts.survey
        names = {*survey.collectors, *(test.partition("::")[0] for test in survey.tests)}
        files = [root / name for name in names if name.endswith(".py")]
        cassettes = self.inventory.cassettes(files, self._facts.cassette_dir)
        for path in self._unclaimed(cassettes):
            folder = folder_of_tests(path.parent, root=root, cassette_dir=self._facts.cassette_dir)
            doubt = self._doubt_by_name(path, folder)
            if doubt:  # and the file need not be read
                yield path, None, Verdict(doubt=doubt)
                continue
            cassette = load(path)
            if cassette is not None:
                verdict = judge(self._found(path, cassette, folder), self.known)
                if verdict.stale and self._facts.prune:
                    verdict = self._once_more(path, verdict)
                yield path, cassette.test, verdict

    def left_over(self) -> str:
        """Why not all tests have run, or an empty text."""
        tests = self.known.tests
        left = len(tests - {_plain(test, tests) for test in self._facts.ended})
        return f"{left:,} of {len(tests):,} tests did not run" if left else ""

    def _unclaimed(self, paths: Sequence[Path]) -> list[Path]:
        claimed = set(map(key, self._claims))
        rest = [path for path in paths if key(path) not in claimed]
        if rest:  # they may be claimed by another name
            claimed = {key(_real(path)) for path in self._claims}
        return [path for path in rest if key(_real(path)) not in claimed]

    def _doubt_by_name(self, path: Path, folder: Path | None) -> str:
        """Why a test that was not collected may use a cassette, told by its name alone."""
        if folder is None:
            return ""
        return taker(self.inventory.modules_of(folder, name_pattern(path)), self.known.modules)

    def _once_more(self, path: Path, verdict: Verdict) -> Verdict:
        """Look for a last reason not to delete a cassette: something may use it by its name."""
        mentions = self.inventory.mentions(path)
        return Verdict(doubt=f"{mentions[0]} mentions {path.name}") if mentions else verdict

    def _found(self, path: Path, cassette: Cassette, folder: Path | None) -> Found:
        askers = self._askers_of(path)
        if cassette.test is None:
            mentions = [] if self.known.gap else self.inventory.mentions(path)
            return Found(path.name, mentions=mentions, askers=askers)
        root = self._facts.scope.root
        kept, _, names = cassette.test.partition("::")
        if folder is None:
            return Found(path.name, cassette.test, module="elsewhere", askers=askers)
        file = folder / kept.rpartition("/")[2]
        owner, module = f"{self.inventory.shown(file)}::{names}", "there"
        if not exists(file):
            owner, module = cassette.test, "elsewhere" if exists(root / kept) else "gone"
        owner = _plain(owner, self.known.tests)
        return Found(
            path.name,
            owner,
            module=module,
            is_written=self._is_written(owner),
            mentions=self.inventory.modules_of(folder, rf"\b{_function(names)}\b"),
            askers=askers,
        )

    def _is_written(self, owner: str) -> bool:
        """Whether a test may be written down that was not collected."""
        root, tests = self._facts.scope.root, self.known.tests
        if owner in tests:
            return True
        home = owner.partition("[")[0].rpartition("::")[0]
        if "::" in home and not any(test.startswith(f"{home}::") for test in tests):
            return is_defined(home, root)  # its class, which may inherit it
        return is_defined(owner, root)

    def _askers_of(self, path: Path) -> list[str]:
        """The tests whose cassette a file would be if they asked for one while they run."""
        if self._askers is None:
            self._askers = {}
            for test in self.known.tests - self.known.claimants:
                for place in self._places(test):
                    self._askers.setdefault(key(place), []).append(test)
        return self._askers.get(key(path), [])

    def _places(self, test: str) -> list[Path]:
        root = self._facts.scope.root
        file, _, rest = test.partition("::")
        names, bracket, parameters = rest.partition("[")
        *classes, function = names.split("::")
        location = locate(
            NameParts(classes, function, bracket + parameters),
            folder=(root / file).parent,
            root=root,
            cassette_dir=self._facts.cassette_dir,
        )
        return [one for one in (location.path, location.fallback) if one is not None]


def _function(names: str) -> str:
    return re.escape(names.partition("[")[0].rpartition("::")[2])


def _plain(test: str, tests: frozenset[str]) -> str:
    """The id of a test without the group that pytest-xdist may have put behind it."""
    file, colons, names = test.partition("::")
    while file + colons + names not in tests and "@" in names:
        names = names.rpartition("@")[0]
    return file + colons + names


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))
