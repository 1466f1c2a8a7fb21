"""What is done about stale cassettes, and what is said of them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from agentcassette import Cassette
from pytest_agentcassette._policy import read_max_age

XDIST = ("-p", "xdist", "-n", "2")

TESTS = """
    @pytest.mark.cassette
    def test_plan():
        ask("plan")
        ask("book")

    @pytest.mark.cassette
    def test_old():
        ask("old")
    """

UNCLAIMED = "stale: cassettes/test_old.json (unclaimed: test_it.py::test_old is gone)"


@pytest.fixture(params=[(), XDIST], ids=["alone", "-n2"])
def workers(request):
    """The options of runs that all do the same: without pytest-xdist, and with two workers."""
    return request.param


@pytest.fixture
def left_over(project):
    """A project with a cassette that no test claims."""
    project.test(TESTS)
    project.run(passed=2)
    project.edit("test_it.py", "def test_old", "def test_new")
    project.run(passed=2)
    return project


def make_old(project, name, days):
    """Let a cassette be some days old."""
    cassette = project.cassette(name).to_dict()
    moment = datetime.now(timezone.utc) - timedelta(days=days, hours=1)
    cassette["recorded_at"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    Cassette.from_dict(cassette).save(project.path / name)


def with_ini(project, line):
    """Put a line into the ini file."""
    project.edit("pytest.ini", "[pytest]\n", f"[pytest]\n{line}\n")


def told(run):
    """What is told of stale cassettes: each below its heading, with how it is stale, and the rest.

    The command that stands below some of them is another test's business.
    """
    about = ("stale cassettes", "no cassette", "deleted", "can't delete", "the run failed")
    lines, heading = [], ""
    for line in run.lines:
        path, _, detail = line.partition(": ")
        if line.startswith(("stale: no test claims these", "stale; record these again")):
            heading = line
        elif line.startswith(about):
            lines.append(line)
        elif heading and path.endswith(".json"):
            kind = "old" if detail.endswith("days old") else "unplayed"
            if heading.startswith("stale: "):
                kind = "unclaimed"
            lines.append(f"stale: {path} ({kind}: {detail})")
    return lines


class TestWhatIsDone:
    """--cassette-stale and its default in the ini file."""

    def test_it_is_said(self, left_over, workers):
        """By default, and the run is as green as it was."""
        run = left_over.run(*workers, passed=2)

        assert told(run) == [UNCLAIMED]
        assert run.code == pytest.ExitCode.OK
        assert run.changed == set()

    @pytest.mark.parametrize("place", ["command line", "ini"])
    def test_the_run_fails(self, left_over, workers, place):
        """If somebody wants that, and the tests passed."""
        if place == "ini":
            with_ini(left_over, "cassette_stale = fail")
        args = ["--cassette-stale=fail"] if place == "command line" else []

        run = left_over.run(*workers, *args, passed=2)

        assert told(run) == [
            UNCLAIMED,
            "the run failed for a stale cassette: cassettes/test_old.json",
        ]
        assert run.code == pytest.ExitCode.TESTS_FAILED

    def test_the_command_line_beats_the_ini_file(self, left_over):
        """As everywhere."""
        with_ini(left_over, "cassette_stale = fail")

        run = left_over.run("--cassette-stale=warn", passed=2)

        assert told(run) == [UNCLAIMED]
        assert run.code == pytest.ExitCode.OK

    def test_nothing_is_said(self, left_over, workers):
        """Where nobody wants to hear of it."""
        run = left_over.run(*workers, "--cassette-stale=ignore", passed=2)

        assert told(run) == []
        assert run.code == pytest.ExitCode.OK

    def test_a_run_that_failed_has_its_own_reason(self, left_over):
        """What is stale is said, and nothing else."""
        left_over.edit("test_it.py", "def test_new():", "def test_new():\n    assert 0")

        run = left_over.run("--cassette-stale=fail", passed=1, failed=1)

        assert told(run) == [UNCLAIMED]
        assert run.code == pytest.ExitCode.TESTS_FAILED

    def test_the_reason_to_fail_is_red(self, left_over):
        """Where there are colours."""
        run = left_over.run("--cassette-stale=fail", "--color=yes")

        assert "\x1b[31mthe run failed for a stale cassette" in run.text

    def test_many_files_are_not_all_named_twice(self, project):
        """The reason to fail stays a line."""
        case = "@pytest.mark.cassette\ndef test_old{}():\n    ask('old')\n"
        project.test("".join(case.format(number) for number in range(5)))
        project.run(passed=5)
        project.edit("test_it.py", "test_old", "test_new")

        run = project.run("--cassette-stale=fail", passed=5)

        assert told(run)[-1] == (
            "the run failed for 5 stale cassettes: cassettes/test_old0.json;"
            " cassettes/test_old1.json; cassettes/test_old2.json; and 2 more"
        )

    def test_a_quiet_run(self, left_over):
        """It says nothing, but why it failed."""
        quiet = left_over.run("-q")
        failed = left_over.run("-q", "--cassette-stale=fail")

        assert told(quiet) == []
        assert told(failed) == ["the run failed for a stale cassette: cassettes/test_old.json"]

    @pytest.mark.parametrize("option", ["--collect-only", "--fixtures", "--setup-plan"])
    def test_what_runs_no_test_does_nothing(self, left_over, option):
        """But for a plan, which is a run whose tests do not run."""
        run = left_over.run(option, "--cassette-stale=fail", "--cassette-prune")

        assert (left_over.path / "cassettes/test_old.json").exists()
        if option == "--setup-plan":
            assert "no cassette deleted: 2 of 2 tests did not run" in told(run)
        else:
            assert told(run) == []
            assert run.code == pytest.ExitCode.OK

    def test_a_run_that_nobody_asked_looks_nowhere(self, project):
        """If none of its tests uses a cassette."""
        project.test(TESTS)
        project.run(passed=2)
        project.test("def test_plain():\n    pass")

        silent = project.run(passed=1)
        asked = project.run("--cassette-stale=warn", passed=1)

        assert told(silent) == []
        assert [line.partition(" (")[0] for line in told(asked)] == [
            "stale: cassettes/test_old.json",
            "stale: cassettes/test_plan.json",
        ]

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            (
                "cassette_stale = yes",
                "cassette_stale = yes in the ini file: it takes warn, fail or ignore",
            ),
            (
                "cassette_max_age = soon",
                "cassette_max_age = soon in the ini file: it takes a number",
            ),
            ("cassette_max_age = 0", "cassette_max_age = 0 in the ini file: it takes a number of"),
            ("cassette_max_age = 5 years", "such as 90, 90d or 12w"),
        ],
    )
    def test_a_mistake_in_the_ini_file(self, project, workers, line, message):
        """It stops the run before anything is collected."""
        with_ini(project, line)
        project.test(TESTS)

        run = project.run(*workers)

        assert run.code == pytest.ExitCode.USAGE_ERROR
        assert message in run.text
        assert "Traceback" not in run.text

    def test_a_number_without_quotes(self):
        """In TOML it is no text, and pytest refuses it before we can take it."""

        class Configuration:
            def getini(self, name):
                raise TypeError(
                    f"pytest.toml: config option '{name}' expects a string, got int: 90"
                )

        with pytest.raises(pytest.UsageError, match=r'write it in quotes: cassette_max_age = "'):
            read_max_age(Configuration())

    def test_a_mistake_in_the_option(self, project):
        """It is one of three words."""
        run = project.run("--cassette-stale=yes")

        assert run.code == pytest.ExitCode.USAGE_ERROR
        assert "invalid choice: 'yes'" in run.text


class TestDoubts:
    """A run that is asked says what it could not judge; others only what is probably stale."""

    @pytest.mark.parametrize(
        ("args", "doubt"),
        [
            (["test_it.py::test_plan"], "test_it.py was reached by a node id"),
            (["--ignore=test_it.py"], "test_it.py was not collected"),
        ],
    )
    def test_a_part_of_the_tests(self, project, args, doubt):
        """Nothing is wrong with the cassettes, as one reads in the modules."""
        project.test(TESTS)
        project.test("def test_more():\n    pass", name="test_more.py")
        project.run(passed=3)

        silent = project.run(*args)
        asked = project.run(*args, "--cassette-stale=warn")

        assert told(silent) == []
        assert told(asked) == [f"stale cassettes not judged: {doubt}"]

    def test_the_name_of_a_package(self, project):
        """It may stand for a part of a module."""
        project.write("flows/__init__.py", "")
        project.test(TESTS, name="flows/test_flow.py")
        project.run(passed=2)
        project.edit("flows/test_flow.py", "def test_old", "def test_new")

        run = project.run("--pyargs", "flows.test_flow")

        assert told(run) == [
            "stale cassettes not judged: flows/test_flow.py was reached by the name of a package"
        ]

    def test_several_reasons_are_one_line(self, project):
        """Which does not grow for ever."""
        for number in range(5):
            project.test(TESTS.replace("test_", f"test_{number}_"), name=f"test_{number}.py")
        project.run(passed=10)

        run = project.run("--cassette-stale=warn", "test_0.py")

        (line,) = told(run)
        assert line == (
            "stale cassettes not judged: test_1.py was not collected; test_2.py was not collected;"
            " test_3.py was not collected; and 1 more"
        )

    def test_a_collection_that_was_broken_off(self, left_over):
        """It knows nothing."""
        left_over.test("1 / 0", name="test_broken.py")

        run = left_over.run("-x", "--cassette-stale=fail")

        (line,) = told(run)
        assert line.startswith("stale cassettes not judged: ")
        assert line.endswith("the collection did not come to its end")


class TestPruning:
    """--cassette-prune deletes what is unclaimed, if nothing speaks against it."""

    def test_what_is_unclaimed_is_deleted(self, left_over, workers):
        """And named, and nothing is stale any more."""
        run = left_over.run(*workers, "--cassette-prune", "--cassette-stale=fail", passed=2)

        assert run.changed == {"cassettes/test_old.json"}
        assert told(run) == ["deleted cassettes/test_old.json: test_it.py::test_old is gone"]
        assert run.code == pytest.ExitCode.OK
        assert (left_over.path / "cassettes/test_plan.json").exists()

    def test_a_quiet_run_names_it_too(self, left_over):
        """Nothing is deleted in silence."""
        run = left_over.run("-q", "--cassette-prune", "--cassette-stale=ignore")

        assert run.changed == {"cassettes/test_old.json"}
        assert told(run) == ["deleted cassettes/test_old.json: test_it.py::test_old is gone"]

    def test_a_folder_that_is_empty_goes_too(self, project):
        """It would be the last trace of a module that is gone."""
        project.test(TESTS, name="sub/test_sub.py")
        project.test("def test_plain():\n    pass")
        project.run(passed=3)
        (project.path / "sub/test_sub.py").unlink()

        run = project.run("--cassette-prune", passed=1)

        assert told(run) == [
            "deleted sub/cassettes/test_old.json: sub/test_sub.py is gone",
            "deleted sub/cassettes/test_plan.json: sub/test_sub.py is gone",
        ]
        assert not (project.path / "sub/cassettes").exists()

    @pytest.mark.parametrize(
        ("args", "reason"),
        [
            (["-k", "plan"], "2 of 3 tests did not run"),
            (["--deselect=test_it.py::test_new"], "1 of 3 tests did not run"),
            (["test_it.py::test_plan"], "the run was not about the whole project"),
            (["test_it.py"], "the run was not about the whole project"),
            (["--ignore=sub"], "sub was ignored"),
            (["--ignore=sub/test_more.py"], "sub/test_more.py was ignored"),
            (
                ["-o", "testpaths=test_it.py sub", "test_it.py"],
                "the run was not about the whole project: sub is missing",
            ),
        ],
    )
    def test_a_part_of_the_tests(self, left_over, workers, args, reason):
        """It deletes nothing, and says why."""
        left_over.test("def test_more():\n    pass", name="sub/test_more.py")

        run = left_over.run(*workers, *args, "--cassette-prune")

        assert run.changed == set()
        assert f"no cassette deleted: {reason}" in told(run)

    @pytest.mark.parametrize(
        "args",
        [
            ["."],
            ["sub", "test_it.py", "-o", "testpaths=test_*.py sub"],
            ["-o", "testpaths=sub test_it.py"],
            ["--ignore=docs", "--ignore=setup.py"],
        ],
    )
    def test_all_of_the_tests(self, left_over, workers, args):
        """However that is said, and whatever without tests is left out."""
        left_over.test("def test_more():\n    pass", name="sub/test_more.py")
        left_over.write("docs/conf.py", "")
        left_over.write("setup.py", "")

        run = left_over.run(*workers, *args, "--cassette-prune", passed=3)

        assert run.changed == {"cassettes/test_old.json"}

    def test_what_something_uses_by_its_name(self, left_over):
        """A script, say, that pytest knows nothing of."""
        left_over.write("scripts/demo.py", 'CASSETTE = "cassettes/test_old.json"')

        run = left_over.run("--cassette-prune", passed=2)

        assert run.changed == set()
        assert told(run) == [
            "stale cassettes not judged: scripts/demo.py mentions test_old.json",
            "no cassette deleted: none is known to be unclaimed",
        ]

    def test_a_folder_outside_of_the_project(self, left_over):
        """Other projects may keep their cassettes there, too."""
        args = ["--cassette-dir=../tapes", "--cassette-prune"]
        (left_over.path / "cassettes").rename(left_over.path.with_name("tapes"))

        run = left_over.run(*args, passed=2)

        assert left_over.path.with_name("tapes").joinpath("test_old.json").exists()
        assert told(run) == [
            "stale cassettes not judged: they lie outside of the project",
            "no cassette deleted: none is known to be unclaimed",
        ]

    def test_a_red_run(self, left_over, workers):
        """It may be that the tests find nothing where they look."""
        left_over.edit("test_it.py", "def test_new():", "def test_new():\n    assert 0")

        run = left_over.run(*workers, "--cassette-prune", passed=1, failed=1)

        assert run.changed == set()
        assert told(run) == [UNCLAIMED, "no cassette deleted: the run was not green"]

    def test_a_module_that_was_skipped(self, left_over):
        """It might claim something."""
        left_over.write("test_more.py", "import pytest\npytest.importorskip('nowhere')\n")

        run = left_over.run("--cassette-prune")

        assert run.changed == set()
        assert told(run) == [
            UNCLAIMED,
            "no cassette deleted: test_more.py was skipped as a whole",
        ]

    def test_a_lost_worker(self, left_over):
        """Even if another one ran its tests."""
        left_over.test(
            """
            import os
            from pathlib import Path

            def test_crash():
                if not Path("crashed").exists():
                    Path("crashed").touch()
                    os._exit(1)
            """,
            name="test_more.py",
        )

        run = left_over.run(*XDIST, "--cassette-prune")

        assert "cassettes/test_old.json" not in run.changed
        assert "no cassette deleted: the run was not green" in told(run)

    def test_skipped_tests_are_no_reason_not_to(self, left_over):
        """They were collected, and claim what is theirs."""
        left_over.edit("test_it.py", "def test_plan", "@pytest.mark.skip\ndef test_plan")

        run = left_over.run("--cassette-prune", passed=1, skipped=1)

        assert run.changed == {"cassettes/test_old.json"}

    def test_what_is_stale_otherwise_is_kept(self, left_over):
        """Only what nobody claims is deleted."""
        with_ini(left_over, "cassette_max_age = 90d")
        make_old(left_over, "cassettes/test_plan.json", 100)

        run = left_over.run("--cassette-prune", "--cassette-stale=fail", passed=2)

        assert run.changed == {"cassettes/test_old.json"}
        assert run.code == pytest.ExitCode.TESTS_FAILED

    def test_nothing_to_delete(self, project):
        """That is said too."""
        project.test(TESTS)

        run = project.run("--cassette-prune", passed=2)

        assert told(run) == ["no cassette deleted: none is known to be unclaimed"]

    def test_a_file_that_can_not_be_deleted(self, left_over, monkeypatch):
        """It is named, and is still stale."""
        unlink = Path.unlink

        def refuse(path, *args, **kwargs):
            if path.name == "test_old.json":
                raise PermissionError(13, "Permission denied")
            unlink(path, *args, **kwargs)

        monkeypatch.setattr(Path, "unlink", refuse)
        run = left_over.run("--cassette-prune", passed=2)

        assert told(run) == [UNCLAIMED, "can't delete cassettes/test_old.json: Permission denied"]

    def test_a_file_that_is_read_only(self, left_over):
        """Somebody wants to keep it, whatever the system would let us do."""
        file = left_over.path / "cassettes/test_old.json"
        file.chmod(0o444)

        run = left_over.run("--cassette-prune", passed=2)

        assert file.exists()
        assert told(run) == [UNCLAIMED, "can't delete cassettes/test_old.json: it is read-only"]


class TestFilesThatAreNoCassettes:
    """They are left alone, and nothing is said of them."""

    @pytest.mark.parametrize(
        "text",
        ["{}", "[1, 2]", "<<<<<<< HEAD", "", '{"version": 1, "interactions": []}', "\udcff"],
    )
    def test_other_files(self, left_over, text):
        """Broken ones, and those of other tools."""
        for name in ("data.json", "test_old.json", "test_old.yaml"):
            file = left_over.path / "cassettes" / name
            file.write_bytes(text.encode("utf-8", "surrogateescape"))

        run = left_over.run("--cassette-prune", "--cassette-stale=fail", passed=2)

        assert told(run) == ["no cassette deleted: none is known to be unclaimed"]
        assert run.changed == set()


class TestOldCassettes:
    """cassette_max_age."""

    @pytest.mark.parametrize(
        ("limit", "days", "is_old"),
        [("90", 91, True), ("90d", 89, False), ("12w", 85, True), ("12 w", 83, False)],
    )
    def test_old_ones_are_told(self, project, workers, limit, days, is_old):
        """With their age."""
        project.test(TESTS)
        with_ini(project, f"cassette_max_age = {limit}")
        project.run(passed=2)
        make_old(project, "cassettes/test_plan.json", days)

        run = project.run(*workers, passed=2)

        line = f"stale: cassettes/test_plan.json (old: {days} days old)"
        assert told(run) == ([line] if is_old else [])

    def test_an_update_renews_the_date(self, project):
        """Even if the agent does the same as before."""
        project.test(TESTS)
        with_ini(project, "cassette_max_age = 90")
        project.run(passed=2)
        make_old(project, "cassettes/test_plan.json", 100)

        update = project.run("--record-mode=update", passed=2)
        after = project.run(passed=2)

        assert update.changed == {"cassettes/test_plan.json"}
        assert told(update) == told(after) == []

    def test_a_date_that_nobody_can_read(self, project):
        """It is not taken for an old one."""
        project.test(TESTS)
        with_ini(project, "cassette_max_age = 90")
        project.run(passed=2)
        text = project.read("cassettes/test_plan.json")
        date = re.search(r'"recorded_at": (.*),', text)[1]
        project.edit("cassettes/test_plan.json", date, "null")

        assert told(project.run(passed=2)) == []

    def test_a_shared_file_is_told_once(self, project):
        """However many tests use it."""
        project.test(TESTS.replace("mark.cassette", 'mark.cassette("one.json")'))
        with_ini(project, "cassette_max_age = 90")
        project.run("-k", "plan", passed=1, deselected=1)
        make_old(project, "one.json", 1234)

        run = project.run(passed=2)

        assert told(run) == ["stale: one.json (old: 1,234 days old)"]


class TestUnplayedSteps:
    """Steps that a test which passed did not play."""

    def test_they_are_told(self, project, workers):
        """In a replay that is not strict."""
        project.test(TESTS)
        project.run(passed=2)
        project.edit("test_it.py", 'ask("plan")', "pass")

        run = project.run(*workers, passed=2)

        assert told(run) == ["stale: cassettes/test_plan.json (unplayed: 1 step never played)"]

    def test_of_a_shared_file_nobody_can_tell(self, project):
        """The other test may play them."""
        project.test(TESTS.replace("mark.cassette", 'mark.cassette("one.json")'))
        project.run("-k", "plan", passed=1, deselected=1)
        project.edit("test_it.py", 'ask("old")', 'ask("book")')

        assert told(project.run(passed=2)) == []

    def test_a_failed_test_owes_nothing(self, project):
        """It may have stopped half-way."""
        project.test(TESTS)
        project.run(passed=2)
        project.edit("test_it.py", 'ask("plan")', "assert 0")

        assert told(project.run(passed=1, failed=1)) == []
