"""The files of ``--cassette-report-json`` and ``--cassette-report-html``: where, when, when not."""

from __future__ import annotations

import json
import os
import stat
from threading import Thread

import pytest

JSON = "--cassette-report-json"
HTML = "--cassette-report-html"
XDIST = ("-p", "xdist", "-n2")
PLAN = """
    @pytest.mark.cassette
    def test_plan():
        ask("one")
    """
FAILING = """
    def test_no():
        assert 0

    def test_later():
        pass
    """


def paths_of(report):
    """Tell which cassettes a report, as text, tells of."""
    return [test["path"] for test in json.loads(report)["tests"]]


PLAN_IS_TOLD = ["cassettes/test_plan.json"]


class TestWhatIsNoPlainFile:
    """It is where somebody waits for the report, and stays what it is."""

    @pytest.mark.parametrize("options", [(), XDIST], ids=["alone", "-n 2"])
    def test_a_named_pipe_is_written_to(self, project, options):
        """By one process, once: its reader sees one report."""
        project.test(PLAN)
        pipe = project.path / "pipe"
        os.mkfifo(pipe)
        read = []
        reader = Thread(target=lambda: read.append(pipe.read_text("utf-8")), daemon=True)
        reader.start()

        run = project.run(f"{JSON}=pipe", *options, passed=1)

        reader.join(timeout=60)
        assert paths_of(*read) == PLAN_IS_TOLD
        assert stat.S_ISFIFO(pipe.stat().st_mode)
        assert f"cassette report: {pipe}" in run.lines

    @pytest.mark.parametrize("options", [(), XDIST], ids=["alone", "-n 2"])
    def test_the_output_of_the_run_is_gone_on_with(self, project, options):
        """Also where it goes to a file, as it does here: all before and after it is kept."""
        project.test(PLAN)
        (project.path / "out").symlink_to("/dev/stdout")

        run = project.run(f"{JSON}=out", *options, subprocess=True, passed=1)

        assert run.text.count('"version"') == 1
        report, end = json.JSONDecoder().raw_decode(run.text, run.text.index('{\n "version"'))
        assert [test["path"] for test in report["tests"]] == PLAN_IS_TOLD
        assert "test session starts" in run.text[: run.text.index('"version"')]
        assert "cassettes: 1 recorded" in run.text[end:]

    def test_a_link_stays_one(self, project):
        """What it leads to is replaced."""
        project.test(PLAN)
        project.write("kept/report.json", "of the last run")
        link = project.path / "report.json"
        link.symlink_to("kept/report.json")

        run = project.run(f"{JSON}=report.json", passed=1)

        assert link.is_symlink()
        assert paths_of(project.read("kept/report.json")) == PLAN_IS_TOLD
        assert f"cassette report: {link}" in run.lines

    def test_a_link_to_nothing_yet(self, project):
        """The file is made where it leads to, and the folder as well."""
        project.test(PLAN)
        (project.path / "report.json").symlink_to("new/report.json")

        project.run(f"{JSON}=report.json", passed=1)

        assert paths_of(project.read("new/report.json")) == PLAN_IS_TOLD

    def test_a_name_may_be_as_long_as_the_system_takes_it(self, project):
        """What is written first, and gets the name then, has a shorter one."""
        name = "r" * 255
        project.test(PLAN)

        project.run(f"{JSON}={name}", passed=1)

        assert paths_of(project.read(name)) == PLAN_IS_TOLD


REFUSED = {
    "": " is a folder",
    ".": " is a folder",
    "folder": "folder is a folder",
    "new/": " is a folder",
    "file/report": "file is no folder",
    "file/new/report": "file is no folder",
    "circle": "the system says of it: ",
    "r" * 256: "the system says of it: File name too long",
    f"new/{'r' * 256}/report": "the system says of it: File name too long",
    "/proc/report": "no file can be made in /proc: ",
}


@pytest.mark.parametrize("option", [JSON, HTML])
@pytest.mark.parametrize("path", REFUSED, ids=lambda path: path[:20] or "none")
def test_what_can_not_be_written_is_refused_before_a_test_runs(project, option, path):
    """After that the calls would be paid for."""
    project.test(PLAN)
    project.write("file", "")
    (project.path / "folder").mkdir()
    (project.path / "circle").symlink_to("circle")

    run = project.run(f"{option}={path}", subprocess=True)

    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert f"ERROR: {option}={path}: it takes the path of a file to write, and " in run.text
    assert REFUSED[path] in run.text
    assert (run.live, run.changed) == ([], set())


@pytest.mark.parametrize(
    "path", ["report", "./new/../report", "REPORT", "link", "linked/report"], ids=str
)
def test_two_reports_in_one_file_are_refused(project, path):
    """Only one of them would be there in the end."""
    project.test(PLAN)
    (project.path / "link").symlink_to("report")
    (project.path / "linked").symlink_to(".")

    run = project.run(f"{JSON}=report", f"{HTML}={path}", subprocess=True)

    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert f"ERROR: {JSON} and {HTML} name one file, {project.path / path}" in run.text
    assert (run.live, run.changed) == ([], set())


def test_two_reports_in_two_files(project):
    """Both are written, and told of."""
    project.test(PLAN)

    run = project.run(f"{JSON}=out/report.json", f"{HTML}=out/report.html", passed=1)

    for name in ("report.json", "report.html"):
        assert "cassettes/test_plan.json" in project.read(f"out/{name}")
        assert f"cassette report: {project.path / 'out' / name}" in run.lines


@pytest.mark.parametrize(("outcome", "code"), [("1", 4), ("0", 1)], ids=["passing", "failing"])
def test_what_goes_wrong_in_the_end_fails_the_run(project, outcome, code):
    """Whoever waits for the file is told, and nothing half written stays."""
    project.test(
        f"""
        from pathlib import Path

        def test_makes_a_folder():
            Path("out/report.json").mkdir(parents=True)
            assert {outcome}
        """
    )

    run = project.run(f"{JSON}=out/report.json", f"{HTML}=out/report.html")

    assert run.code == code
    assert (
        f"{JSON}: {project.path / 'out/report.json'} can't be written: Is a directory" in run.lines
    )
    assert f"cassette report: {project.path / 'out/report.html'}" in run.lines
    assert run.changed == {"out/report.html"}
    assert "Traceback" not in run.text


class TestRunsWithoutATest:
    """They have nothing to tell, and the last report is still true of the last run."""

    @pytest.mark.parametrize(
        "options",
        [
            ("--collect-only",),
            ("--setup-plan",),
            ("--setup-only",),
            ("--fixtures",),
            ("-k", "mistyped"),
            ("mistyped.py",),
            ("test_it.py", "broken.py"),
            ("wrong.py",),
        ],
        ids=" ".join,
    )
    def test_the_last_report_is_left(self, project, options):
        """Whatever kept the tests from running."""
        project.test(PLAN)
        project.write("broken.py", "import nothing")
        project.test("@pytest.mark.cassette(wrong=1)\ndef test_wrong(): pass", "wrong.py")
        project.run(f"{JSON}=report.json", f"{HTML}=report.html", "test_it.py", passed=1)

        run = project.run(f"{JSON}=report.json", f"{HTML}=report.html", *options)

        assert run.changed == set()
        assert "cassette report: /" not in run.text

    def test_it_is_said(self, project):
        """Nobody shall take the old report for one of this run."""
        project.test(PLAN)

        run = project.run(f"{JSON}=report.json", "--collect-only")
        quiet = project.run(f"{JSON}=report.json", "--collect-only", "-q")

        path = project.path / "report.json"
        assert f"no cassette report: no test ran, so {path} is left as it is" in run.lines
        assert "cassette report" not in quiet.text
        assert not path.exists()

    @pytest.mark.parametrize(
        "test",
        [
            "@pytest.mark.skip\ndef test_skipped(): pass",
            "@pytest.fixture\ndef broken(): assert 0\ndef test_error(broken): pass",
        ],
        ids=["skipped", "an error of a fixture"],
    )
    def test_tests_that_were_not_let_to_run_are_a_run(self, project, test):
        """It has come to its end, and used no cassette."""
        project.test(test)

        project.run(f"{JSON}=report.json")

        assert paths_of(project.read("report.json")) == []


STOPPED = {
    "-x": (FAILING, ("-x",), "stopping after 1 failures"),
    "-x -n 1": (FAILING, ("-p", "xdist", "-n1", "-x"), "stopping after 1 failures"),
    "not at all": (FAILING, (), None),
    "by a test": ("def test_out(): pytest.exit('no key left')", (), "no key left"),
    "by hand": ("def test_out(): raise KeyboardInterrupt", (), "KeyboardInterrupt"),
}


@pytest.mark.parametrize(("tests", "options", "stopped"), STOPPED.values(), ids=STOPPED)
def test_a_run_that_was_stopped_says_so(project, tests, options, stopped):
    """What its report does not tell of may still be there."""
    project.test(PLAN)
    project.test(tests, "test_later.py")

    project.run(f"{JSON}=report.json", *options, subprocess=True)

    report = project.read("report.json")
    assert json.loads(report)["stopped"] == stopped
    assert paths_of(report) == PLAN_IS_TOLD


def test_a_run_that_broke_down_says_so(project):
    """What its tests have done until then is told."""
    project.test(f"{PLAN}\n{FAILING}")
    project.write(
        "conftest.py",
        """
        def pytest_runtest_logfinish(nodeid):
            if "test_no" in nodeid:
                raise LookupError(nodeid)
        """,
    )

    run = project.run(f"{JSON}=report.json", subprocess=True)

    assert run.code == pytest.ExitCode.INTERNAL_ERROR
    report = project.read("report.json")
    assert json.loads(report)["stopped"] == "internal error: LookupError"
    assert paths_of(report) == PLAN_IS_TOLD


def test_each_cassette_is_read_once_for_both_reports(project):
    """They are told of one and the same content, and large ones take a while."""
    project.test(PLAN)
    project.run(passed=1)
    project.write(
        "conftest.py",
        """
        import sys
        from pathlib import Path

        opened = []
        sys.addaudithook(lambda event, args: event == "open" and opened.append(str(args[0])))

        def pytest_unconfigure():
            count = sum(name.endswith("test_plan.json") for name in opened)
            Path("count").write_text(str(count))
        """,
    )

    counts = []
    for options in ([f"{JSON}=out.json"], [f"{JSON}=out.json", f"{HTML}=out.html"]):
        project.run(*options, subprocess=True, passed=1)
        counts.append(project.read("count"))

    assert counts[0] == counts[1]
