"""The files that no test of a run claims, and what is to be thought of each of them."""

from __future__ import annotations

import os
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pytest_agentcassette._choices import Choices, plain
from pytest_agentcassette._claims import is_defined, key
from pytest_agentcassette._coverage import gap, modules
from pytest_agentcassette._inventory import Inventory, exists, is_link, load, name_pattern
from pytest_agentcassette._location import folder_of_tests
from pytest_agentcassette._stale import Found, Known, Verdict, judge, taker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agentcassette import Cassette
    from pytest_agentcassette._coverage import Scope
    from pytest_agentcassette._ledger import Record
    from pytest_agentcassette._survey import Survey

__all__ = ["Facts", "Search"]


class Facts(NamedTuple):
    """What is known when all tests have run.

    Attributes:
        scope: What the run was about.
        cassette_dir: The folder below which all cassettes lie, or None.
        survey: What was collected.
        records: What the tests did with their cassettes.
        passed: The ids of the tests that passed.
        ended: The ids of the tests that came to any end.
        lost_workers: How many workers of pytest-xdist were lost.
    """

    scope: Scope
    cassette_dir: str | None
    survey: Survey
    records: Sequence[Record]
    passed: frozenset[str]
    ended: frozenset[str]
    lost_workers: int


class Search:
    """Goes through the files that no test claims.

    Args:
        facts: What is known of the run.

    Attributes:
        inventory: Where it looks.
    """

    def __init__(self, facts: Facts) -> None:
        self.inventory = Inventory(facts.scope)
        self._facts = facts
        # As they are shown.
        self._claims = {*facts.survey.claims.values(), *(record.path for record in facts.records)}

    @cached_property
    def known(self) -> Known:
        """What the files are judged by."""
        facts, survey, tests = self._facts, self._facts.survey, self._choices.tests
        root, has_tests = facts.scope.root, self.inventory.has_tests
        ignored = [path for path in survey.ignored if has_tests(root / path)]
        return Known(
            tests=tests,
            claimants=self._choices.claimants,
            passed=frozenset(plain(test, tests) for test in facts.passed),
            empty=frozenset(survey.empty),
            modules={} if survey.obstacle else modules(survey, facts.scope),
            obstacle=survey.obstacle,
            gap=gap(survey, facts.scope, ignored),
            lost_workers=facts.lost_workers,
        )

    @cached_property
    def _choices(self) -> Choices:
        survey = self._facts.survey
        return Choices(
            frozenset(survey.tests),
            survey.claims,
            root=self._facts.scope.root,
            cassette_dir=self._facts.cassette_dir,
        )

    def verdicts(self) -> Iterator[tuple[Path, str | None, Verdict]]:
        """Judge each cassette that no test claims; gives its file, its owner and the verdict."""
        root = self._facts.scope.root
        survey = self._facts.survey
        names = {*survey.collectors, *(test.partition("::")[0] for test in survey.tests)}
        files = [root / name for name in names if name.endswith(".py")]
        cassettes = self.inventory.cassettes(files, self._facts.cassette_dir)
        for path in self._unclaimed(cassettes):
            folder = folder_of_tests(path.parent, root=root, cassette_dir=self._facts.cassette_dir)
            doubt = self._doubt_by_place(path, folder)
            if doubt or folder is None:  # and the file need not be read
                yield path, None, Verdict(doubt=doubt)
                continue
            cassette = load(path)
            if cassette is not None:
                found = self._found(path, cassette, folder)
                verdict = judge(found, self.known)
                if verdict.stale and cassette.test is not None:
                    verdict = self._last_doubt(path, cassette.test, found) or verdict
                yield path, cassette.test, verdict

    def gap(self) -> str:
        """Why the run is not a complete one, or an empty text."""
        if self.known.gap:
            return self.known.gap
        tests = self.known.tests
        left = len(tests - {plain(test, tests) for test in self._facts.ended})
        return f"{left:,} of {len(tests):,} tests did not run" if left else ""

    def _unclaimed(self, paths: Sequence[str]) -> list[Path]:
        """Those of the files that no test claims; a link is no cassette that lies there."""
        root, shown = self._facts.scope.root, self.inventory.shown
        claimed = set(map(key, self._claims))
        rest = [Path(path) for path in paths if key(shown(path)) not in claimed]
        rest = [path for path in rest if not is_link(path)]
        if rest:  # they may be claimed by another name
            claimed = {key(os.path.realpath(root / path)) for path in self._claims}
        homes = {home: os.path.realpath(home) for home in {path.parent for path in rest}}
        return [path for path in rest if key(Path(homes[path.parent], path.name)) not in claimed]

    def _doubt_by_place(self, path: Path, folder: Path | None) -> str:
        """Why a test may use a cassette that this run does not know of, told by its path alone."""
        if folder is None:
            home = self.inventory.shown(path.parent)
            return f"{home} is no folder of cassettes unless somebody chooses it"
        return taker(self.inventory.modules_of(folder, name_pattern(path)), self.known.modules)

    def _found(self, path: Path, cassette: Cassette, folder: Path) -> Found:
        name, users = self.inventory.shown(path), self._choices.users_of(path, cassette.test)
        if cassette.test is None:
            mentions = [] if self.known.gap or users else self.inventory.mentions(path)
            return Found(name, mentions=mentions, users=users, chooser=self._chooser)
        root = self._facts.scope.root
        kept, _, names = cassette.test.partition("::")
        file = folder / kept.rpartition("/")[2]
        owner, module = f"{self.inventory.shown(file)}::{names}", "there"
        if not exists(file):
            module = "elsewhere" if exists(root / kept) else "gone"
        if not self._choices.is_default(path, owner):
            module = "elsewhere"
        owner = plain(owner if module == "there" else cassette.test, self.known.tests)
        return Found(
            name,
            owner,
            module=module,
            is_written=self._is_written(owner),
            mentions=self.inventory.modules_of(folder, rf"\b{re.escape(_function(names))}\b"),
            users=users,
        )

    def _last_doubt(self, path: Path, kept: str, found: Found) -> Verdict | None:
        from pytest_agentcassette._doubting import last_doubt

        return last_doubt(
            found,
            kept,
            path,
            inventory=self.inventory,
            scope=self._facts.scope,
            is_mirrored=self._facts.cassette_dir is not None,
        )

    @cached_property
    def _chooser(self) -> str:
        """A test whose cassette has a name that somebody chose, and its module does not tell."""
        root = self._facts.scope.root
        for test, path in self._choices.chosen():
            if not self.inventory.is_named_in(root / test.partition("::")[0], path):
                return test
        return ""

    def _is_written(self, owner: str) -> bool:
        """Whether a test may be written down that was not collected."""
        root, tests = self._facts.scope.root, self.known.tests
        if owner in tests:
            return True
        module, _, names = owner.partition("::")
        if not module.endswith(".py"):  # some plugin's: whatever mentions it may define it
            return _function(names) in self.inventory.text(root / module)
        home = owner.partition("[")[0].rpartition("::")[0]
        if "::" in home and not any(test.startswith(f"{home}::") for test in tests):
            return is_defined(home, root)  # its class, which may inherit it
        return is_defined(owner, root)


def _function(names: str) -> str:
    return names.partition("[")[0].rpartition("::")[2]
