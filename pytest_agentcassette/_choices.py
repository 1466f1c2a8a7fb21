"""Which tests may have a cassette that they do not claim in this run: other runs may choose it.

A hook, a marker or the test itself may choose by the environment: a file for each model, say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_agentcassette._claims import key
from pytest_agentcassette._location import NameParts, locate, may_be_one

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["Choices", "plain"]


class Choices:
    """Knows which cassettes the tests of a run have, and which they may have in another one.

    Args:
        tests: The ids of the collected tests.
        claims: The file of the cassette of each test that is known to use one.
        root: The root folder of the project.
        cassette_dir: The folder below which all cassettes lie, or None.

    Attributes:
        tests: The ids of the collected tests.
        claimants: The ids of the tests that have claimed a cassette.
    """

    def __init__(
        self,
        tests: frozenset[str],
        claims: Mapping[str, str],
        *,
        root: Path,
        cassette_dir: str | None,
    ) -> None:
        self.tests = tests
        self._claims = {plain(test, tests): path for test, path in claims.items()}
        self._root = root
        self._cassette_dir = cassette_dir
        self._by_place: dict[str, list[str]] = {}
        self._by_name: dict[str, list[str]] = {}
        self.claimants = frozenset(self._claims)

    def is_default(self, path: Path, test: str) -> bool:
        """Whether a file is the cassette of a test unless somebody chooses another one."""
        return any(key(path) in self._places(one) for one in _ids(test))

    def users_of(self, path: Path, kept: str | None) -> list[str]:
        """Tell which tests may use a cassette in another run.

        Args:
            path: The file, which none of them claims.
            kept: The id of a test that it keeps, or None.

        Returns:
            The tests whose it is unless somebody chooses another one, or that have this id. With
            one folder for all cassettes, that is so too if the root folder was another one.
        """
        if not self._by_name:
            for test in self.tests:
                self._by_name.setdefault(_without_folder(test), []).append(test)
                places = self._places(test)
                claim = self._claims.get(test)
                if claim is None or key(self._root / claim) not in places:
                    for place in places:
                        self._by_place.setdefault(place, []).append(test)
        users = self._by_place.get(key(path), [])
        if kept is not None:
            kept = plain(kept, self.tests)
            alike = self._by_name.get(_without_folder(kept), [])
            users = [*users, *(test for test in alike if self._is_same(test, kept))]
        return users

    def chosen(self) -> Iterator[tuple[str, Path]]:
        """Tell which tests have another cassette than by default, and which."""
        for test, claim in self._claims.items():
            path = self._root / claim
            if not self.is_default(path, test):
                yield test, path

    def _is_same(self, test: str, kept: str) -> bool:
        return test == kept if self._cassette_dir is None else may_be_one(test, kept)

    def _places(self, test: str) -> set[str]:
        file, _, rest = test.partition("::")
        names, bracket, parameters = rest.partition("[")
        *classes, function = names.split("::")
        location = locate(
            NameParts(classes, function, bracket + parameters),
            folder=(self._root / file).parent,
            root=self._root,
            cassette_dir=self._cassette_dir,
        )
        return {key(one) for one in (location.path, location.fallback) if one is not None}


def plain(test: str, tests: frozenset[str]) -> str:
    """The id of a test without the group that pytest-xdist may have put behind it."""
    if test in tests:
        return test
    *longer, shortest = _ids(test)
    return next((one for one in longer if one in tests), shortest)


def _ids(test: str) -> Iterator[str]:
    """What the id of a test may be without such a group: an @ is also in parameters, in folders."""
    yield test
    file, colons, names = test.partition("::")
    while "@" in names.rpartition("]")[2]:
        names = names.rpartition("@")[0]
        yield file + colons + names


def _without_folder(test: str) -> str:
    file, colons, names = test.partition("::")
    return file.rpartition("/")[2] + colons + names
