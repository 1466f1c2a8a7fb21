"""What each way of running pytest may say about cassettes that no test claims: nothing false."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from textwrap import dedent
from typing import Callable

import pytest

XDIST = ("-p", "xdist", "-n", "2")

CACHED = ("-p", "cacheprovider")

TESTS = """
    pytestmark = pytest.mark.cassette

    def test_first():
        ask("first")

    def test_old():
        ask("old")

    @pytest.mark.parametrize("case", [1, 2])
    def test_case(case):
        ask(f"case {case}")

    class TestAgent:
        def test_way(self):
            ask("method")

        def test_old_way(self):
            ask("old method")
    """

OTHER_TESTS = """
    @pytest.mark.cassette
    def test_other():
        ask("other")

    @pytest.mark.cassette("cassettes/named.json")
    def test_named():
        ask("by name")

    def test_asks(request):
        request.getfixturevalue("cassette")
        ask("asked")

    def test_plain():
        pass
    """

# What a run leaves behind it, for the tests to read: a summary may be worded in many ways.
WITNESS = """
    import json
    import pytest
    from pathlib import Path

    def pytest_configure(config):
        config.addinivalue_line("markers", "slow: a test that takes its time")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(session):
        from pytest_agentcassette._bookkeeping import LEDGER

        if not hasattr(session.config, "workerinput"):
            ledger = session.config.stash.get(LEDGER, None)  # no test came as far as to need one
            stale = [] if ledger is None else [tuple(one) for one in ledger.stale]
            Path(__file__).parent.with_name("stale.json").write_text(json.dumps(stale))
    """

DROPPING = """
@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items):
    items[:] = [item for item in items if "[1]" not in item.name]
    yield
"""

SHARDING = """
def pytest_collection_modifyitems(items):
    items[:] = items[:2]
"""

OLD = {"cassettes/test_old.json"}


def rename_old(project):
    """Give a test another name; its cassette stays behind."""
    project.edit("test_it.py", "def test_old():", "def test_new():")


def nothing(project):
    """Change nothing."""


@dataclass(frozen=True)
class Row:
    """A way of running pytest, and what is judged then.

    Attributes:
        change: What has changed since the cassettes were recorded.
        args: The arguments of the run.
        stale: The files that are judged unclaimed.
        doubt: What the summary says of those that are not judged, or None for nothing.
        workers: Whether it is tried without workers and with two.
    """

    change: Callable[[object], None] = rename_old
    args: tuple[str, ...] = ()
    stale: set[str] = field(default_factory=set)
    doubt: str | None = None
    workers: tuple[bool, ...] = (False, True)


def fail(project):
    """Make a test fail."""
    project.edit("test_it.py", "def test_first():", "def test_first():\n    assert 0")


def rename_and_fail(project):
    """Give a test another name, and make another one fail."""
    rename_old(project)
    fail(project)


def failed_before(change):
    """Let a test fail in an earlier run."""

    def fail_before(project):
        change(project)
        project.run(*CACHED)

    return fail_before


def at_the_top(line, name="test_it.py"):
    """Put a line at the top of a module, beside what changed."""

    def change(project):
        rename_old(project)
        project.edit(name, "import pytest\n", f"import pytest\n{line}\n")

    return change


def replace(old, new, name="test_it.py"):
    """Change a module."""
    return lambda project: project.edit(name, old, new)


def remove_module(project):
    """Delete a module; its cassettes stay behind."""
    (project.path / "test_it.py").unlink()


def shard(project):
    """Drop items without telling pytest so."""
    rename_old(project)
    project.write("conftest.py", project.read("conftest.py") + SHARDING)


def drop(project):
    """Drop items before anybody else sees them."""
    project.write("conftest.py", project.read("conftest.py") + DROPPING)


ASKS = 'request.getfixturevalue("cassette")\n    ask("asked")'
DOES_NOT_ASK = "test_other.py::test_asks does not use cassettes/test_asks.json in this run"
ALL_OF_IT = {
    "cassettes/TestAgent.test_way.json",
    "cassettes/TestAgent.test_old_way.json",
    "cassettes/test_case[1].json",
    "cassettes/test_case[2].json",
    "cassettes/test_first.json",
    "cassettes/test_old.json",
}
BY_ID = "test_it.py was reached by a node id"

ROWS = {
    # Nothing is left over.
    "nothing changed": Row(nothing),
    "nothing changed, a node id": Row(nothing, ("test_it.py::test_first",)),
    "nothing changed, -k": Row(nothing, ("-k", "first")),
    "nothing changed, one module": Row(nothing, ("test_other.py",)),
    # A test was renamed.
    "plain": Row(stale=OLD),
    "-k": Row(args=("-k", "first"), stale=OLD),
    "-m": Row(args=("-m", "not slow and cassette"), stale=OLD),
    "--deselect": Row(args=("--deselect", "test_it.py::test_first"), stale=OLD),
    "a folder": Row(args=(".",), stale=OLD),
    "its module": Row(args=("test_it.py",), stale=OLD),
    "another module": Row(args=("test_other.py",), doubt="test_it.py was not collected"),
    "a node id": Row(args=("test_it.py::test_first",), doubt=BY_ID),
    "a node id of a case": Row(args=("test_it.py::test_case[1]",), doubt=BY_ID),
    "a node id of a class": Row(args=("test_it.py::TestAgent",), doubt=BY_ID),
    "a node id, and its module": Row(args=("test_it.py::test_first", "test_it.py"), stale=OLD),
    "--ignore": Row(args=("--ignore=test_it.py",), doubt="test_it.py was not collected"),
    "--ignore-glob": Row(args=("--ignore-glob=*_it.py",), doubt="test_it.py was not collected"),
    "--ignore of another": Row(args=("--ignore=test_other.py",), stale=OLD),
    "--lf, nothing known": Row(args=(*CACHED, "--lf"), stale=OLD),
    "--lf": Row(
        failed_before(rename_and_fail),
        (*CACHED, "--lf"),
        doubt="--lf skips tests that it does not collect",
    ),
    "--lf, nothing left over": Row(failed_before(fail), (*CACHED, "--lf")),
    "--ff": Row(args=(*CACHED, "--ff"), stale=OLD),
    "--sw": Row(rename_and_fail, (*CACHED, "-p", "stepwise", "--sw"), stale=OLD, workers=(False,)),
    "-x": Row(rename_and_fail, ("-x",), stale=OLD),
    "a failed test": Row(rename_and_fail, stale=OLD),
    "a sharding plugin": Row(shard, stale=OLD),
    "a plugin that drops items first": Row(drop),
    "a collection error": Row(at_the_top("1 / 0"), doubt="test_it.py could not be collected"),
    "-x, a collection error": Row(at_the_top("1 / 0"), ("-x",), workers=(False,)),
    "a collection error elsewhere": Row(at_the_top("1 / 0", "test_other.py"), stale=OLD),
    "a module-level skip": Row(
        at_the_top("pytest.skip('not here', allow_module_level=True)"),
        doubt="test_it.py was skipped as a whole",
    ),
    "importorskip": Row(
        at_the_top("pytest.importorskip('nowhere')"), doubt="test_it.py was skipped as a whole"
    ),
    "a module-level skip elsewhere": Row(
        at_the_top("pytest.importorskip('nowhere')", "test_other.py"), stale=OLD
    ),
    # Other things that leave cassettes behind.
    "a deleted module": Row(remove_module, stale=ALL_OF_IT),
    "a deleted module, -k": Row(remove_module, ("-k", "other"), stale=ALL_OF_IT),
    "a lost case": Row(replace("[1, 2]", "[1]"), stale={"cassettes/test_case[2].json"}),
    "a lost case, -k": Row(
        replace("[1, 2]", "[1]"), ("-k", "first"), stale={"cassettes/test_case[2].json"}
    ),
    "no parameter any more": Row(
        replace(
            '@pytest.mark.parametrize("case", [1, 2])\ndef test_case(case):',
            'def test_case(case="none"):',
        ),
        stale={"cassettes/test_case[1].json", "cassettes/test_case[2].json"},
    ),
    "no case at all": Row(replace("[1, 2]", "[]")),
    "a method": Row(
        replace("def test_old_way(self)", "def test_new_way(self)"),
        stale={"cassettes/TestAgent.test_old_way.json"},
    ),
    "a class": Row(
        replace("class TestAgent", "class TestBot"),
        stale={"cassettes/TestAgent.test_way.json", "cassettes/TestAgent.test_old_way.json"},
    ),
    "no marker any more": Row(
        replace("pytestmark =", "unused ="),
        doubt=(
            "test_it.py::TestAgent::test_old_way does not use"
            " cassettes/TestAgent.test_old_way.json in this run;"
            " test_it.py::TestAgent::test_way does not use cassettes/TestAgent.test_way.json"
            " in this run; test_it.py::test_case[1] does not use cassettes/test_case[1].json"
            " in this run; and 3 more"
        ),
    ),
    "no marker any more, -k": Row(replace("pytestmark =", "unused ="), ("-k", "other")),
    "a skipped test": Row(replace("def test_old():", "@pytest.mark.skip\ndef test_old():")),
    "a skip in a test": Row(replace('ask("old")', "pytest.skip()")),
    "a test that is not there today": Row(
        replace('def test_old():\n    ask("old")', "if 0:\n    def test_old():\n        ask()")
    ),
    "a moved test": Row(
        lambda project: (
            project.edit("test_it.py", "def test_old():", "def moved():"),
            project.edit("test_other.py", "def test_plain", "def test_old"),
        ),
        ("test_it.py",),
    ),
    # A test that asks for its cassette while it runs.
    "asking, run": Row(nothing, ("-k", "asks")),
    "asking, not run": Row(nothing, ("-k", "first")),
    "asking no more": Row(replace(ASKS, "pass", "test_other.py"), doubt=DOES_NOT_ASK),
    "asking no more, failed": Row(replace(ASKS, "assert 0", "test_other.py")),
    "asking no more, skipped": Row(replace(ASKS, "pytest.skip()", "test_other.py")),
    "asking no more, not run": Row(replace(ASKS, "pass", "test_other.py"), ("-k", "first")),
    # A file that tells of no test.
    "a path": Row(
        replace('("cassettes/named.json")', "", "test_other.py"),
        doubt="cassettes/named.json tells of no test",
    ),
    "a path, -k": Row(
        replace('("cassettes/named.json")', "", "test_other.py"),
        ("-k", "first"),
        doubt="cassettes/named.json tells of no test",
    ),
    "a path, part of the project": Row(
        replace('("cassettes/named.json")', "", "test_other.py"), ("test_other.py",)
    ),
    "another path": Row(
        replace("cassettes/named.json", "cassettes/renamed.json", "test_other.py"),
        doubt="cassettes/named.json tells of no test",
    ),
    "another path, which is not written down": Row(
        replace('"cassettes/named.json"', '"cassettes/%s.json" % ("b" * 7)', "test_other.py")
    ),
    "a path for a test that had none": Row(
        replace("def test_old():", '@pytest.mark.cassette("cassettes/a.json")\ndef test_old():')
    ),
    "a path that is mentioned": Row(
        lambda project: (
            project.edit("test_other.py", '("cassettes/named.json")', ""),
            project.write("tools.py", "NAME = 'cassettes/named'\n"),
        )
    ),
}


@pytest.fixture
def recorded(project):
    """A project with a cassette for each of its tests."""
    project.write("conftest.py", WITNESS)
    project.test(TESTS)
    project.test(OTHER_TESTS, name="test_other.py")
    project.run(passed=10)
    judged(project)
    return project


def judged(project, kind="unclaimed"):
    """The files that the last run has judged stale in one way."""
    file = project.path.with_name("stale.json")
    stale = json.loads(file.read_text())
    file.unlink()  # so that a run that judges nothing at all is found
    return {one[1] for one in stale if one[0] == kind}


@pytest.mark.parametrize(
    ("row", "workers"),
    [
        pytest.param(row, workers, id=f"{name}{' -n2' * workers}")
        for name, row in ROWS.items()
        for workers in row.workers
    ],
)
def test_what_is_judged_unclaimed(recorded, row, workers):
    """In doubt nothing is, and the summary says why if something probably is."""
    row.change(recorded)

    run = recorded.run(*(XDIST if workers else ()), *row.args)

    assert judged(recorded) == row.stale
    doubts = [line for line in run.lines if line.startswith("stale cassettes not judged: ")]
    assert doubts == ([] if row.doubt is None else [f"stale cassettes not judged: {row.doubt}"])


@pytest.mark.parametrize("workers", [(), XDIST], ids=["alone", "-n2"])
class TestOneFolderForAll:
    """With --cassette-dir that folder is looked at, and no other."""

    DIR = "--cassette-dir=tapes"

    @pytest.fixture
    def nested(self, recorded):
        """A project with a test in a folder, recorded into one folder for all."""
        recorded.test(TESTS, name="sub/test_sub.py")
        recorded.run(self.DIR, passed=16)
        judged(recorded)
        return recorded

    def test_all_of_it(self, nested, workers):
        """What lies there is told from the tests of all folders."""
        nested.edit("sub/test_sub.py", "test_old()", "test_new()")
        rename_old(nested)

        nested.run(*workers, self.DIR)

        assert judged(nested) == {"tapes/sub/test_old.json", "tapes/test_old.json"}

    def test_a_module_that_is_gone(self, nested, workers):
        """Its folder may be gone with it."""
        (nested.path / "sub/test_sub.py").unlink()
        (nested.path / "sub").rmdir()

        nested.run(*workers, self.DIR)

        assert {path.rpartition("/")[0] for path in judged(nested)} == {"tapes/sub"}

    def test_a_part_of_it(self, nested, workers):
        """What belongs to other folders is not judged."""
        rename_old(nested)

        run = nested.run(*workers, self.DIR, "sub")

        assert judged(nested) == set()
        assert "stale cassettes not judged: test_it.py was not collected" in run.lines

    def test_an_option_that_was_forgotten(self, nested, workers):
        """Cassettes that lie where the option would look are not taken for nobody's."""
        rename_old(nested)

        nested.run(*workers)

        assert judged(nested) == OLD


class TestLostWorkers:
    """What a worker of pytest-xdist took with it is not known."""

    CRASH = "def test_plain():\n    import os; os._exit(1)"

    def test_the_others_have_collected_everything_too(self, recorded):
        """So what nobody claims is known all the same."""
        rename_old(recorded)
        recorded.edit("test_other.py", "def test_plain():\n    pass", self.CRASH)

        recorded.run(*XDIST)

        assert judged(recorded) == OLD

    def test_a_test_may_have_asked_there(self, recorded):
        """It passed, but what it used may be lost with the worker."""
        recorded.edit("test_other.py", ASKS, "pass")
        recorded.edit("test_other.py", "def test_plain():\n    pass", self.CRASH)

        recorded.run(*XDIST)

        assert judged(recorded) == set()

    def test_all_of_them(self, recorded):
        """Then nothing is known."""
        rename_old(recorded)
        recorded.edit("test_other.py", "def test_plain():\n    pass", self.CRASH)

        run = recorded.run(*XDIST, "--max-worker-restart=0", "--dist=each", "--cassette-stale=fail")

        assert judged(recorded) == set()
        assert "stale cassettes not judged: the collection did not come to its end" in run.lines


def test_groups_of_workers_change_nothing(recorded):
    """pytest-xdist puts the group behind the id of a test."""
    rename_old(recorded)
    recorded.edit("test_other.py", ASKS, "pass")
    recorded.edit("test_other.py", "def test_asks", "@pytest.mark.xdist_group('a')\ndef test_asks")

    run = recorded.run(*XDIST, "--dist=loadgroup")

    assert judged(recorded) == OLD
    assert f"stale cassettes not judged: {DOES_NOT_ASK}" in run.lines


def test_a_narrower_root_folder_changes_nothing(recorded, monkeypatch):
    """The ids in the cassettes then start elsewhere."""
    recorded.test(TESTS, name="sub/test_sub.py")
    recorded.run("sub")
    judged(recorded)
    recorded.edit("sub/test_sub.py", "test_old()", "test_new()")
    recorded.write("sub/pytest.ini", "[pytest]\npythonpath = ..\n")
    monkeypatch.chdir(recorded.path / "sub")

    run = recorded.run("--cassette-stale=warn", "--record-mode=none")

    assert "cassettes/test_old.json: test_sub.py::test_old is gone" in run.lines
    assert run.text.count(" is gone") == 1


MODEL = 'import os\nMODEL = os.environ["MODEL"]\n'
HOOK = (
    f"{MODEL}\ndef pytest_agentcassette_path(item, path):\n"
    "    return None if 'more' in item.name else "
)

OTHER = "test_it.py::test_plan has another cassette in this run"


@dataclass(frozen=True)
class Choice:
    """A project that has other cassettes for each model, and what is said of those of the others.

    Attributes:
        hook: What its hook gives, if it has one.
        marker: The marker of its test.
        doubt: Why the cassettes of the other model are not judged, if the command line asks.
        args: The arguments of all its runs.
    """

    hook: str = ""
    marker: str = "pytest.mark.cassette"
    doubt: str = OTHER
    args: tuple[str, ...] = ()


CHOICES = {
    "a hook, a folder": Choice(
        "path.parent / MODEL / path.name",
        doubt="cassettes/claude is no folder of cassettes unless somebody chooses it",
    ),
    "a hook, a name": Choice("path.with_name(f'{path.stem}.{MODEL}.json')"),
    "a hook, a folder beside": Choice("path.parents[1] / MODEL / 'cassettes' / path.name"),
    "a hook, a folder of other tests": Choice("path.parents[1] / f'sub{MODEL}/cassettes/x.json'"),
    "a hook, one model has none": Choice(
        "None if MODEL == 'claude' else path.with_name('gpt.json')"
    ),
    "a hook, one folder for all": Choice(
        "path.parent / MODEL / path.name", args=("--cassette-dir=tapes",)
    ),
    "a hook, one folder for all, of other tests": Choice(
        "path.parent / f'sub{MODEL}' / path.name", args=("--cassette-dir=tapes",)
    ),
    "a path": Choice(
        marker="pytest.mark.cassette(f'cassettes/{MODEL}.json')",
        doubt="test_it.py::test_plan has a cassette that is chosen for each run",
    ),
    "a path, one model has none": Choice(
        marker="pytest.mark.cassette({'gpt': 'cassettes/gpt.json'}.get(MODEL))"
    ),
    "a path, the model with it": Choice(
        marker="pytest.mark.cassette('cassettes/%s.json' % MODEL if MODEL < 'd' else None)",
        doubt="cassettes/claude.json tells of no test",
    ),
    "a marker": Choice(
        marker="[pytest.mark.usefixtures('tmp_path'), pytest.mark.cassette][MODEL == 'claude']",
        doubt="test_it.py::test_plan does not use cassettes/test_plan.json in this run",
    ),
}


@pytest.mark.parametrize("workers", [(), XDIST], ids=["alone", "-n2"])
@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_what_is_chosen_by_the_environment(project, monkeypatch, choice, workers):
    """The cassettes of other models were paid for, and are not this run's to delete."""
    hook = HOOK + choice.hook if choice.hook else ""
    project.write("conftest.py", f"{dedent(WITNESS)}\n{hook}\n")
    project.test(f"{MODEL}\n@{choice.marker}\ndef test_plan():\n    ask(MODEL)")
    project.test("@pytest.mark.cassette\ndef test_more():\n    ask('more')", "test_more.py")
    for folder in ("subclaude", "subgpt"):
        project.test("def test_plain():\n    pass", name=f"{folder}/test_it.py")
        project.write(f"{folder}/__init__.py", "")
    for model in ("claude", "gpt"):
        monkeypatch.setenv("MODEL", model)
        first = project.run(*choice.args)
        assert judged(project) == set()

    for model in ("claude", "gpt"):
        monkeypatch.setenv("MODEL", model)
        run = project.run(*workers, *choice.args, "--cassette-prune", passed=4)
        assert run.changed == set()
        assert judged(project) == set()

    assert f"stale cassettes not judged: {choice.doubt}" in run.lines
    if not choice.doubt.endswith((" in this run", " of no test")):
        assert "not judged" not in first.text


SHARED = """
import pytest
from agent import ask

pytestmark = pytest.mark.cassette

class Base:
    def test_base(self):
        ask("base")

def test_shared():
    ask("shared")
"""

SOMETIMES = {
    "a base elsewhere": (
        "class TestIt(Base if FULL else object):\n    def test_one(self):\n        ask('one')",
        "shared.py",
        "shared.py has such a test, and may share it",
    ),
    "a base in the module": (
        (
            "class Inner:\n    if FULL:\n        def test_inner(self):\n            ask('in')\n"
            "class TestIt(Inner):\n    def test_one(self):\n        ask('one')"
        ),
        "shared.py",
        "test_it.py has such a test, and may share it",
    ),
    "a class": (
        "if FULL:\n    from shared import Base as TestIt\ndef test_one():\n    ask('one')",
        "shared.py",
        "shared.py has such a test, and may share it",
    ),
    "a test": (
        "if FULL:\n    from shared import *\ndef test_one():\n    ask('one')",
        "shared.py",
        "shared.py has such a test, and may share it",
    ),
    "a test of a package": (
        "if FULL:\n    from test_shared import *\ndef test_one():\n    ask('one')",
        "test_shared/__init__.py",
        "test_shared/__init__.py has such a test, and may share it",
    ),
    "a test of another module of tests": (
        "if FULL:\n    from sub.test_shared import *\ndef test_one():\n    ask('one')",
        "sub/test_shared.py",
        "sub/test_shared.py has such a test, and may share it",
    ),
}


@pytest.mark.parametrize(("text", "name", "doubt"), SOMETIMES.values(), ids=SOMETIMES)
def test_what_a_module_has_from_another_one(project, monkeypatch, text, name, doubt):
    """It is not written in it, and may be back in the next run."""
    options = ("--cassette-prune", "-o", "python_classes=TestIt")
    project.test(
        f"import os\nFULL = 'FULL' in os.environ\nfrom {name[:-3].replace('/', '.')} import Base\n"
        f"pytestmark = pytest.mark.cassette\n{text}\n"
    )
    project.write(name, SHARED)
    monkeypatch.setenv("FULL", "1")
    project.run(*options, subprocess=True)
    monkeypatch.delenv("FULL")

    run = project.run(*options, subprocess=True)

    assert run.changed == set()
    assert f"stale cassettes not judged: {doubt}" in run.lines


def test_a_test_of_the_same_name_that_a_module_can_not_have(recorded):
    """Other modules of tests and plain classes keep theirs to themselves."""
    rename_old(recorded)
    recorded.edit("test_it.py", "def test_old_way(self)", "def test_new_way(self)")
    recorded.test("class TestNew:\n    def test_old_way(self):\n        pass", name="test_new.py")
    recorded.test("def test_old():\n    pass", name="sub/test_sub.py")

    recorded.run()

    assert judged(recorded) == OLD | {"cassettes/TestAgent.test_old_way.json"}


def test_a_module_that_was_moved(recorded):
    """Its cassettes may be wanted where it is now."""
    (recorded.path / "tests").mkdir()
    (recorded.path / "test_it.py").rename(recorded.path / "tests/test_it.py")

    run = recorded.run("--cassette-prune")

    assert judged(recorded) == set()
    assert "stale cassettes not judged: test_it.py may be tests/test_it.py now" in run.lines


@pytest.mark.parametrize(
    ("args", "doubt"),
    [
        ((), "sub/test_it.py::test_old has another cassette in this run"),
        (("-o", "testpaths=test_it.py"), "test_it.py::test_old may be sub/test_it.py::test_old"),
    ],
    ids=["with it", "without it"],
)
def test_one_folder_for_a_project_and_one_in_it(project, monkeypatch, args, doubt):
    """What the inner one has recorded lies where the outer one's would, of modules alike."""
    project.write(
        "sub/pytest.ini", f"[pytest]\npythonpath = ..\ncassette_dir = {project.path}/tapes"
    )
    project.write("sub/__init__.py", "")
    project.test("@pytest.mark.cassette\ndef test_old():\n    ask('old')", name="sub/test_it.py")
    monkeypatch.chdir(project.path / "sub")
    project.run("--cassette-dir=../tapes", passed=1)
    monkeypatch.chdir(project.path)
    project.test("@pytest.mark.cassette\ndef test_new():\n    ask('new')")

    run = project.run("--cassette-dir=tapes", "--cassette-prune", *args)

    assert "tapes/test_old.json" not in run.changed
    assert any(line.startswith(f"stale cassettes not judged: {doubt}") for line in run.lines)


def test_a_case_of_another_kind_of_module(project, monkeypatch):
    """It is no Python, and a plugin may leave out some of its cases."""
    project.write(
        "conftest.py",
        """
        import os
        import pytest
        from agent import ask

        class Cases(pytest.Module):
            def _getobj(self):
                return type(os)("cases")

            def collect(self):
                def case():
                    ask("case")

                for name in self.path.read_text().split():
                    if name != os.environ.get("NOT"):
                        item = pytest.Function.from_parent(self, name=name, callobj=case)
                        item.add_marker("cassette")
                        yield item

        def pytest_collect_file(file_path, parent):
            if file_path.suffix == ".case":
                return Cases.from_parent(parent, path=file_path)
        """,
    )
    project.write("trip.case", "test_one test_two")
    project.run(passed=2)
    monkeypatch.setenv("NOT", "test_one")

    left_out = project.run("--cassette-prune", passed=1)
    project.write("trip.case", "test_two")
    deleted = project.run("--cassette-prune", passed=1)

    assert left_out.changed == set()
    assert "cassettes/test_one.json" in deleted.changed


def test_what_was_chosen_for_a_test_that_was_renamed(project, monkeypatch):
    """The files of all models were renamed along, and keep the old name of the test."""
    project.write("conftest.py", f"{HOOK}path.with_name(f'{{path.stem}}.{{MODEL}}.json')\n")
    project.test(f"{MODEL}\n@pytest.mark.cassette\ndef test_plan():\n    ask(MODEL)")
    for model in ("claude", "gpt"):
        monkeypatch.setenv("MODEL", model)
        project.run(passed=1)
    project.edit("test_it.py", "test_plan", "test_trip")
    for model in ("claude", "gpt"):
        file = project.path / f"cassettes/test_plan.{model}.json"
        file.rename(file.with_name(f"test_trip.{model}.json"))

    run = project.run("--cassette-prune", passed=1)

    assert (run.changed, run.live) == (set(), [])
    assert (
        "stale cassettes not judged: test_it.py::test_plan does not keep its cassette in"
        " cassettes/test_trip.claude.json"
    ) in run.lines
