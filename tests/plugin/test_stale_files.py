"""Where stale cassettes are looked for, and how much of a project a run is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentcassette import Cassette
from pytest_agentcassette._coverage import Argument, Scope, gap, matches, modules
from pytest_agentcassette._inventory import Inventory, load, name_pattern
from pytest_agentcassette._ledger import Stale
from pytest_agentcassette._location import folder_of_tests
from pytest_agentcassette._searching import Facts, Search
from pytest_agentcassette._stocktaking import delete
from pytest_agentcassette._survey import Survey

ROOT = Path("/project")


def scope(*arguments, goals=(ROOT,), root=ROOT):
    """A run of pytest with some arguments."""
    paths = [
        Argument(root / text.partition("::")[0], is_whole="::" not in text) for text in arguments
    ]
    return Scope(root, tuple(paths), goals, norecursedirs=(".*", "build"))


@pytest.mark.parametrize(
    ("path", "patterns", "expected"),
    [
        ("sub/test_it.py", ["test_*.py"], True),
        ("sub/it_test.py", ["test_*.py"], False),
        ("sub/test_it.py", ["sub/test_*.py"], True),
        ("sub/test_it.py", ["other/test_*.py"], False),
        ("sub/test_it.py", ["/project/*.py"], True),
        ("sub/test_it.py", ["/other/*.py"], False),
        ("sub/test_it.py", [], False),
    ],
)
def test_patterns(path, patterns, expected):
    """They are matched as pytest matches those of its ini file."""
    assert matches(ROOT / path, patterns) is expected


def test_modules_that_were_collected_as_a_whole():
    """Those that an argument covers, and nothing was wrong with."""
    survey = Survey(
        tests=("a.py::test_a", "b.py::test_b", "c/d.py::test_d"),
        collectors={"a.py": "", "e.py": "was skipped", "c": "", "c/d.py": "", "f.py": ""},
    )

    found = modules(survey, scope("a.py", "e.py", "b.py::test_b", "c", "f.py::test_f"))

    assert found == {
        "a.py": "",
        "b.py": "was reached by a node id",
        "c": "",
        "c/d.py": "",
        "e.py": "was skipped",
        "f.py": "was reached by a node id",
    }


@pytest.mark.parametrize(
    ("run", "survey", "ignored", "expected"),
    [
        (scope("."), Survey(), [], ""),
        (scope("a.py::test_a"), Survey(), [], "the run was not about the whole project"),
        (scope("."), Survey(obstacle="--lf"), [], "--lf"),
        (
            scope("."),
            Survey(collectors={"a.py": "", "b.py": "was skipped"}),
            [],
            "b.py was skipped",
        ),
        (scope("."), Survey(), ["sub", "docs"], "sub was ignored"),
        (scope("a", "b", goals=(ROOT / "a", ROOT / "b/c")), Survey(), [], ""),
        (
            scope("a", goals=(ROOT / "a", ROOT / "b")),
            Survey(),
            [],
            "the run was not about the whole project: b is missing",
        ),
    ],
)
def test_what_is_missing_of_a_whole_run(run, survey, ignored, expected):
    """An empty text for nothing."""
    assert gap(survey, run, ignored) == expected


def touch(folder, *names):
    """Make empty files."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")


class TestFolders:
    """Cheap, and nowhere where pytest would not look for tests."""

    def test_beside_modules_and_below_arguments(self, tmp_path):
        """The folders named `cassettes`, whatever is in them."""
        wanted = [
            "below/cassettes/a.json",
            "below/deeper/cassettes/deeper/b.json",
            "cassettes/c.json",
        ]
        touch(
            tmp_path,
            *wanted,
            "below/a.json",
            "below/cassettes/a.yaml",
            "below/.git/cassettes/x.json",
            "below/build/cassettes/x.json",
            "below/node_modules/cassettes/x.json",
            "below/env/pyvenv.cfg",
            "below/env/cassettes/x.json",
            "beside/cassettes/x.json",
        )
        inventory = Inventory(scope("below", "beside::test", root=tmp_path))

        found = map(Path, inventory.cassettes([tmp_path / "test_it.py"], None))

        assert [path.relative_to(tmp_path).as_posix() for path in found] == wanted

    def test_one_folder_for_all(self, tmp_path):
        """Then no other is looked at."""
        touch(tmp_path, "tapes/sub/a.json", "tapes/b.json", "cassettes/c.json")
        inventory = Inventory(scope(".", root=tmp_path))

        found = map(Path, inventory.cassettes([tmp_path / "test_it.py"], "tapes"))

        assert [path.name for path in found] == ["b.json", "a.json"]

    def test_folder_by_folder(self, tmp_path):
        """A folder whose name goes on from that of another comes after all of that."""
        files = ["a/sub/x.json", "a/y.json", "a-b/x.json"]
        touch(tmp_path, *(f"tapes/{file}" for file in files))

        found = Inventory(scope(".", root=tmp_path)).cassettes([], "tapes")

        assert [Path(one).relative_to(tmp_path / "tapes").as_posix() for one in found] == files

    def test_links_are_not_followed(self, tmp_path):
        """What they lead to may be somebody else's."""
        touch(tmp_path, "elsewhere/a.json", "below/x")
        (tmp_path / "below/cassettes").symlink_to(tmp_path / "elsewhere")
        (tmp_path / "cassettes").symlink_to(tmp_path / "elsewhere")
        inventory = Inventory(scope("below", root=tmp_path))

        assert inventory.cassettes([tmp_path / "test_it.py"], None) == []

    @pytest.mark.parametrize(
        ("home", "cassette_dir", "expected"),
        [
            ("sub/cassettes", None, "sub"),
            ("sub/cassettes/more", None, None),
            ("tapes/sub", "tapes", "sub"),
            ("tapes", "tapes", "."),
            ("sub/cassettes", "tapes", None),
        ],
    )
    def test_whose_cassettes_a_folder_has(self, home, cassette_dir, expected):
        """The way back from the place of a cassette."""
        folder = folder_of_tests(ROOT / home, root=ROOT, cassette_dir=cassette_dir)

        assert folder == (None if expected is None else ROOT / expected)

    @pytest.mark.parametrize(
        ("cassette_dir", "expected"),
        [(None, False), (".", False), ("tapes", False), ("../tapes", True), ("/tapes", True)],
    )
    def test_a_folder_outside_of_the_project(self, cassette_dir, expected):
        """What lies there may be another project's."""
        assert Inventory(scope(".")).is_outside(cassette_dir) is expected

    def test_what_may_have_tests(self, tmp_path):
        """Nothing else counts when it is ignored."""
        touch(tmp_path, "docs/conf.py", "sub/deep/test_a.py", "build/test_b.py", "test_c.py")
        inventory = Inventory(scope(".", root=tmp_path))

        names = ["docs", "docs/conf.py", "sub", "build", "test_c.py", "test_gone.py", "test_x.txt"]
        assert [name for name in names if inventory.has_tests(tmp_path / name)] == [
            "sub",
            "test_c.py",
            "test_gone.py",
        ]


class TestMentions:
    """A module that mentions a cassette may have a test that uses it."""

    @pytest.mark.parametrize(
        ("file", "text", "expected"),
        [
            ("test_plan.json", "def test_plan(): ...", True),
            ("test_plan.json", "def test_planning(): ...", False),
            ("test_plan[1-a.b].json", "def test_plan(): ...", True),
            ("TestA.TestB.test_plan.json", "def test_plan(): ...", True),
            ("TestA.TestB.test_plan.json", "class TestA: ...", False),
            ("test_plan-0123abcd.json", "def test_planning_of_a_trip(): ...", True),
            ("[].json", "def test_plan(): ...", False),
        ],
    )
    def test_the_function_that_a_file_is_named_after(self, tmp_path, file, text, expected):
        """Its start has to do where the name was cut off."""
        (tmp_path / "test_it.py").write_text(text)
        (tmp_path / "tools.py").write_text(text)
        inventory = Inventory(scope(".", root=tmp_path))

        found = inventory.modules_of(tmp_path, name_pattern(tmp_path / file))

        assert found == (["test_it.py"] if expected else [])

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("replay('cassettes/trip.json')", True),
            ('replay(HERE / "trip.json")', True),
            ('NAMES = ["trip"]', True),
            ("def trip(): ...", False),
            ("replay('roundtrip.json')", False),
            ("replay('trip.json.gz')", False),
        ],
    )
    def test_the_name_of_a_file(self, tmp_path, text, expected):
        """In whatever file of Python."""
        (tmp_path / "tools.py").write_text(text)
        inventory = Inventory(scope(".", root=tmp_path))

        found = inventory.mentions(tmp_path / "cassettes/trip.json")

        assert found == (["tools.py"] if expected else [])

    def test_a_file_that_can_not_be_read_mentions_nothing(self, tmp_path):
        """It is a link to nowhere, say."""
        (tmp_path / "test_it.py").symlink_to(tmp_path / "nowhere")
        inventory = Inventory(scope(".", root=tmp_path))

        assert inventory.mentions(tmp_path / "trip.json") == []


def test_what_is_no_cassette(tmp_path):
    """Nor is what can't be read."""
    touch(tmp_path, "empty.json", "folder.json/x")

    names = ["empty.json", "folder.json", "gone.json", "x" * 300]
    assert [name for name in names if load(tmp_path / name)] == []


class TestTheSearch:
    """What odd files in the folders of cassettes lead to."""

    def verdicts(self, root, *, claims=(), tests=(), modules=("test_it.py",)):
        """What is said of each file that nobody claims, by its name."""
        survey = Survey(
            tests=tests,
            claims={str(number): claim for number, claim in enumerate(claims)},
            collectors=dict.fromkeys(modules, ""),
        )
        facts = Facts(
            scope=scope(".", goals=(root,), root=root),
            cassette_dir=None,
            survey=survey,
            records=[],
            passed=frozenset(),
            ended=frozenset(),
            lost_workers=0,
        )
        return {path.name: verdict for path, _, verdict in Search(facts).verdicts()}

    def save(self, path, owner):
        """Write a cassette of some test."""
        Cassette([], test=owner).save(path)

    @pytest.mark.parametrize(
        "owner",
        [
            "",
            "::",
            "test_it.py",
            "/nowhere/test_x.py::test_old",
            "x" * 5000,
            "\ud800.py::t",
            "../a::b",
        ],
    )
    def test_odd_owners(self, tmp_path, owner):
        """They are no reason to stumble."""
        touch(tmp_path, "test_it.py")
        self.save(tmp_path / "cassettes/test_old.json", owner)

        (verdict,) = self.verdicts(tmp_path).values()

        assert verdict.stale or verdict.doubt

    def test_a_file_in_the_folder_of_other_tests(self, tmp_path):
        """Its own keep theirs elsewhere: somebody has put it there."""
        touch(tmp_path, "test_it.py", "sub/test_sub.py")
        self.save(tmp_path / "cassettes/test_old.json", "sub/test_sub.py::test_old")
        self.save(tmp_path / "cassettes/deep/test_older.json", "test_it.py::test_older")

        verdicts = self.verdicts(tmp_path)

        assert verdicts["test_old.json"].doubt == (
            "sub/test_sub.py::test_old does not keep its cassette in cassettes/test_old.json"
        )
        assert verdicts["test_older.json"].doubt == (
            "cassettes/deep is no folder of cassettes unless somebody chooses it"
        )

    def test_a_folder_that_was_moved_with_its_cassettes(self, tmp_path):
        """Their ids tell of the old folder."""
        touch(tmp_path, "new/test_it.py")
        self.save(tmp_path / "new/cassettes/test_old.json", "old/test_it.py::test_old")

        verdicts = self.verdicts(tmp_path, modules=["new/test_it.py"])

        assert verdicts["test_old.json"].stale == "new/test_it.py::test_old is gone"

    def test_a_file_that_is_claimed_by_another_name(self, tmp_path):
        """By way of a link, say."""
        touch(tmp_path, "test_it.py")
        self.save(tmp_path / "cassettes/test_old.json", "test_it.py::test_old")
        (tmp_path / "link").symlink_to(tmp_path / "cassettes")

        assert self.verdicts(tmp_path, claims=["link/test_old.json"]) == {}
        assert len(self.verdicts(tmp_path, claims=["link/test_new.json"])) == 1

    def test_a_file_that_is_a_link(self, tmp_path):
        """What it leads to may be anybody's."""
        touch(tmp_path, "test_it.py")
        self.save(tmp_path / "elsewhere/test_old.json", "test_it.py::test_old")
        self.save(tmp_path / "cassettes/test_older.json", "test_it.py::test_older")
        (tmp_path / "cassettes/test_old.json").symlink_to(tmp_path / "elsewhere/test_old.json")

        assert [*self.verdicts(tmp_path)] == ["test_older.json"]

    def test_a_method_that_its_class_may_inherit(self, tmp_path):
        """If pytest collected nothing of that class, it may be told to call classes otherwise."""
        (tmp_path / "test_it.py").write_text("class TestIt(Base): ...")
        self.save(tmp_path / "cassettes/TestIt.test_old.json", "test_it.py::TestIt::test_old")

        nothing = self.verdicts(tmp_path)
        others = self.verdicts(tmp_path, tests=["test_it.py::TestIt::test_new"])

        assert nothing["TestIt.test_old.json"].doubt
        assert others["TestIt.test_old.json"].stale == "test_it.py::TestIt::test_old is gone"

    def test_a_folder_with_an_at_sign(self, tmp_path):
        """It is no group of pytest-xdist."""
        touch(tmp_path, "a@b/test_it.py")
        self.save(tmp_path / "a@b/cassettes/test_old.json", "a@b/test_it.py::test_old@group")

        verdicts = self.verdicts(tmp_path, modules=["a@b/test_it.py"])

        assert verdicts["test_old.json"].stale == "a@b/test_it.py::test_old is gone"


def test_a_file_that_is_gone_when_it_is_to_be_deleted(tmp_path):
    """That is told, and no error of ours."""
    touch(tmp_path, "cassettes/a.json")
    stale = [Stale("unclaimed", f"cassettes/{name}.json") for name in "ab"]

    deleted = list(delete(stale, tmp_path))

    assert deleted == [(stale[0], ""), (stale[1], "No such file or directory")]
