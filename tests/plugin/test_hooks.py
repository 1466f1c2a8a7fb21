"""Hooks of our own: what a conftest or a plugin adds, for which tests, and what it can't say."""

from __future__ import annotations

import json
import re

import pytest

XDIST = ("-p", "xdist", "-n", "2")

TEST = """
    @pytest.mark.cassette(strict=True)
    def test_plan():
        ask("find C-123456")
    """


@pytest.fixture
def planned(project):
    """A project with a test that asks about a customer."""
    project.test(TEST)
    return project


REDACTIONS = {
    "a pattern": 're.compile("C-[0-9]+")',
    "a list": '["prompt", re.compile("C-[0-9]+")]',
    "a tuple": '(re.compile("C-[0-9]+"),)',
}


@pytest.mark.parametrize("redaction", REDACTIONS.values(), ids=REDACTIONS)
@pytest.mark.parametrize("options", [(), XDIST], ids=["alone", "-n 2"])
def test_what_a_hook_redacts_is_not_in_the_cassette(planned, redaction, options):
    """And another value replays, as both sides are redacted."""
    planned.write(
        "conftest.py",
        f"""
        import re

        def pytest_agentcassette_redact(item):
            return {redaction}
        """,
    )

    first = planned.run(*options, passed=1)
    text = planned.read("cassettes/test_plan.json")
    planned.edit("test_it.py", "C-123456", "C-654321")
    second = planned.run(*options, "--record-mode=none", passed=1)

    assert first.live == ["find C-123456"]
    assert "find ****" in text
    assert "C-1" not in text
    assert (second.live, second.changed) == ([], set())


def test_a_name_of_a_key_is_kept_in_the_cassette(project):
    """So that a replay without the hook redacts as well."""
    project.test(
        """
        @pytest.mark.cassette(strict=True)
        def test_plan():
            ask({"phone": 1})
        """
    )
    project.edit("agent.py", "prompt.upper()", '"yes"')
    project.write("conftest.py", "def pytest_agentcassette_redact(): return 'phone'")

    project.run(passed=1)

    assert project.cassette("cassettes/test_plan.json").redacted_keys == ("phone",)


def test_what_several_implementations_say_adds_up(planned):
    """Plugins, conftests and markers; None is nothing."""
    planned.write(
        "conftest.py",
        """
        import re

        pytest_plugins = ["plugin_of_a_team"]

        def pytest_agentcassette_redact(item):
            return re.compile("find")
        """,
    )
    planned.write(
        "plugin_of_a_team.py",
        """
        import re

        class Team:
            def pytest_agentcassette_redact(self, item):
                return re.compile("[0-9]+")

        def pytest_configure(config):
            config.pluginmanager.register(Team())

        def pytest_agentcassette_redact():
            return None
        """,
    )
    planned.edit("test_it.py", "strict=True", 'redact=__import__("re").compile("C-")')

    planned.run(passed=1)

    (step,) = planned.cassette("cassettes/test_plan.json").steps
    assert step["arguments"]["args"] == ["**** ********"]


@pytest.mark.parametrize("options", [(), XDIST], ids=["alone", "-n 2"])
def test_a_conftest_of_a_folder_speaks_for_the_tests_below_it(project, options):
    """What is none of its business stays as it is."""
    for folder in ("one", "two"):
        project.test(TEST, name=f"{folder}/test_{folder}.py")
    project.write(
        "one/conftest.py",
        """
        import re

        def pytest_agentcassette_redact(item):
            return re.compile("C-[0-9]+")

        def pytest_agentcassette_path(item, path):
            return path.with_suffix(".tape")

        def pytest_agentcassette_finished(item, outcome):
            print(item.name, outcome)
            assert "one" in item.nodeid
        """,
    )

    run = project.run(*options, passed=2)

    assert run.changed == {"one/cassettes/test_plan.tape", "two/cassettes/test_plan.json"}
    assert "C-1" not in project.read("one/cassettes/test_plan.tape")
    assert "C-1" in project.read("two/cassettes/test_plan.json")


def test_what_a_hook_ignores_is_not_compared(planned):
    """A list, or one path."""
    planned.write(
        "conftest.py",
        """
        def pytest_agentcassette_ignore(item):
            return ["kwargs.prompt", "<uuid>"] if "plan" in item.name else None
        """,
    )
    planned.run(passed=1)
    planned.edit("test_it.py", "find", "lose")

    run = planned.run(passed=1)

    assert run.live == []


TYPES = """
    class Position:
        def __init__(self, x):
            self.x = x
    """


@pytest.mark.parametrize("options", [(), XDIST], ids=["alone", "-n 2"])
def test_a_type_that_a_hook_registers_comes_back(project, options):
    """Registered once in a process, whatever number of tests there is, and before all of them."""
    project.write("positions.py", TYPES)
    project.write(
        "conftest.py",
        """
        from positions import Position

        def pytest_agentcassette_register_types(config, register_type):
            with (config.rootpath / "registered.txt").open("a") as file:
                file.write("once\\n")
            register_type(Position, encode=vars, decode=lambda kept: Position(**kept))
        """,
    )
    project.test(
        """
        from positions import Position

        @intercept
        def locate():
            return Position(3)

        @pytest.mark.cassette(strict=True)
        @pytest.mark.parametrize("number", range(4))
        def test_locates(number):
            assert locate().x == 3
        """
    )

    project.run(*options, passed=4)
    times = project.read("registered.txt").count("once")
    run = project.run(*options, "--record-mode=none", passed=4)

    assert times == (2 if options else 1)
    assert "cassettes: 4 replayed" in run.text


def test_types_are_registered_where_a_test_asks_for_the_fixture_late(project):
    """Nothing at collection tells of a cassette there."""
    project.write(
        "conftest.py",
        "def pytest_agentcassette_register_types(register_type): print(register_type.__name__)",
    )
    project.test(
        """
        def test_plan(request):
            request.getfixturevalue("cassette")
            ask("hello")
        """
    )

    run = project.run("-s", passed=1)

    assert "register_type" in run.text


def test_a_hook_chooses_the_path_of_a_cassette(project):
    """A relative one starts at the folder of the test; without an answer the path stays."""
    project.write(
        "conftest.py",
        """
        def pytest_agentcassette_path(item, path):
            assert path.is_absolute() and path.name == f"{item.name}.json"
            return None if item.name == "test_other" else f"tapes/{item.name}.json"
        """,
    )
    project.test(
        """
        @pytest.mark.cassette(strict=True)
        def test_plan():
            ask("plan")

        @pytest.mark.cassette(strict=True)
        def test_other():
            ask("other")

        @pytest.mark.cassette("mine.json", strict=True)
        def test_named():
            ask("named")
        """,
        name="deep/test_it.py",
    )

    first = project.run(passed=3)
    second = project.run(passed=3)

    assert first.changed == {
        "deep/tapes/test_plan.json",
        "deep/cassettes/test_other.json",
        "deep/mine.json",
    }
    assert project.cassette("deep/tapes/test_plan.json").test == "deep/test_it.py::test_plan"
    assert (second.live, second.changed) == ([], set())


def test_the_closest_conftest_chooses_the_path(project):
    """The first answer counts."""
    choose = "def pytest_agentcassette_path(item): return '{}.json'"
    project.write("conftest.py", choose.format("outer"))
    project.write("deep/conftest.py", choose.format("inner"))
    project.test(TEST, name="deep/test_it.py")

    assert project.run(passed=1).changed == {"deep/inner.json"}


def test_tests_for_which_one_path_is_chosen_stop_the_run(project):
    """As tests whose names lead to one file do; the hook is named."""
    project.write("conftest.py", "def pytest_agentcassette_path(item): return 'one.json'")
    project.test(
        """
        @pytest.mark.cassette
        def test_one():
            ask("hello")

        @pytest.mark.cassette
        def test_two():
            ask("hello")
        """
    )

    run = project.run()

    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert run.live == []
    assert re.search(
        r"ERROR: test_it.py::test_one and test_it.py::test_two would share the cassette"
        r" .*one.json, which pytest_agentcassette_path chose: let it choose another file",
        run.text,
    )


def test_a_test_that_is_planned_late_gets_no_path_of_another_one(project):
    """It asks for the fixture only when it runs."""
    project.write("conftest.py", "def pytest_agentcassette_path(item): return 'one.json'")
    project.test(
        """
        @pytest.mark.cassette
        def test_one():
            ask("hello")

        def test_two(request):
            request.getfixturevalue("cassette")
        """
    )

    run = project.run(passed=1, failed=1)

    assert "one.json, which pytest_agentcassette_path chose" in run.text


FINISHED = """
    from pathlib import Path

    def pytest_agentcassette_finished(item, cassette, path, outcome):
        name = Path(path).relative_to(item.config.rootpath).as_posix()
        print(f"finished {item.name}: {outcome}, {cassette.num_steps} steps, {name}")
    """

STORY = """
    import os

    @pytest.mark.cassette
    def test_plan():
        ask(os.environ["PROMPT"])

    @pytest.mark.cassette
    def test_fails():
        ask("hello")
        assert os.environ["PROMPT"] != "first"

    @pytest.mark.cassette
    def test_calls_nothing():
        pass
    """


def test_a_hook_sees_finished_cassettes(project, monkeypatch):
    """What was recorded, replayed, drifted, recorded again; and nothing of what was not written."""
    project.write("conftest.py", FINISHED)
    project.test(STORY)

    def finished(prompt, *options, **outcomes):
        monkeypatch.setenv("PROMPT", prompt)
        run = project.run("-s", *options, **outcomes)
        return [line.partition("finished ")[2] for line in run.lines if "finished " in line]

    plan = "1 steps, cassettes/test_plan.json"
    assert finished("first", passed=2, failed=1) == [f"test_plan: recorded, {plan}"]
    assert finished("first", "-ktest_plan", passed=1, deselected=2) == [
        f"test_plan: replayed, {plan}"
    ]
    assert finished("other", passed=3) == [
        f"test_plan: drifted, {plan}",
        "test_fails: recorded, 1 steps, cassettes/test_fails.json",
    ]
    assert finished("other", "--record-mode=update", passed=3) == [
        f"test_plan: updated, {plan}",
        "test_fails: replayed, 1 steps, cassettes/test_fails.json",
    ]
    assert finished("other", "--record-mode=all", "-ktest_plan", passed=1, deselected=2) == [
        f"test_plan: unchanged, {plan}"
    ]
    verify = ("--record-mode=verify", "-ktest_plan")
    assert finished("other", *verify, passed=1, deselected=2) == [f"test_plan: verified, {plan}"]
    assert finished("third", *verify, passed=1, deselected=2) == [f"test_plan: differs, {plan}"]
    assert finished("first", "--cassette-strict", "--record-mode=none", passed=1, failed=2) == [
        f"test_plan: drifted, {plan}",
        "test_fails: replayed, 1 steps, cassettes/test_fails.json",
    ]


@pytest.mark.parametrize("options", [(), XDIST], ids=["alone", "-n 2"])
def test_what_the_finished_hook_raises_is_an_error_of_the_teardown(planned, options):
    """The test has passed and its cassette is written, and still somebody has to look."""
    planned.write(
        "conftest.py",
        """
        def pytest_agentcassette_finished(item, cassette):
            assert cassette.total_tokens < 10, "too dear"
        """,
    )

    run = planned.run(*options, passed=1, errors=1)

    assert "ERROR at teardown of test_plan" in run.text
    assert "too dear" in run.text
    assert "INTERNALERROR" not in run.text
    assert "pytest_agentcassette/" not in run.text  # no frame of ours
    assert "cassettes: 1 recorded" in run.lines
    assert run.changed == {"cassettes/test_plan.json"}


LINES = """
    import json

    def pytest_agentcassette_report_lines(config, records):
        for record in records:
            assert config.rootpath.joinpath(record["path"]).exists()
        calls = sum(record["calls"] for record in records)
        return [f"{calls} calls\\nof {len(records)} tests", "", json.dumps(records)]
    """


@pytest.mark.parametrize("options", [(), XDIST], ids=["alone", "-n 2"])
def test_a_hook_adds_lines_to_the_report(planned, options):
    """With pytest-xdist once, of what all workers did."""
    planned.write("conftest.py", LINES)

    planned.run("--cassette-report", *options, passed=1)
    run = planned.run("--cassette-report", *options, passed=1)

    at = run.lines.index("1 calls")
    assert any(line.startswith("total") for line in run.lines[at - 2 : at])
    assert run.lines[at + 1 : at + 3] == ["of 1 tests", ""]
    assert run.text.count("of 1 tests") == 1
    (record,) = json.loads(run.lines[at + 3])
    assert record.pop("recorded_at").endswith("Z")
    assert record["cost"].pop("duration_ms") == record["saved"].pop("duration_ms")
    assert record == {
        "test": "test_it.py::test_plan",
        "path": "cassettes/test_plan.json",
        "outcome": "replayed",
        "calls": 1,
        "cost": {"input_tokens": 20, "output_tokens": 10},
        "saved": {"input_tokens": 20, "output_tokens": 10},
        "drift": [],
        "unplayed": 0,
        "resumed": 0,
    }
    assert run.lines[at + 4].startswith("cassettes: 1 replayed")


def test_a_text_is_as_good_as_a_list_of_lines(planned):
    """And None is nothing; without the report nobody is asked."""
    planned.write(
        "conftest.py",
        """
        pytest_plugins = ["more"]

        def pytest_agentcassette_report_lines():
            return "a line"
        """,
    )
    planned.write("more.py", "def pytest_agentcassette_report_lines(): return None")

    assert "a line" not in planned.run(passed=1).lines
    assert "a line" in planned.run("--cassette-report", passed=1).lines


WRONG = {
    "redact, a number": (
        "redact",
        "5",
        "it gave a value of type int, and may give the name of a key",
    ),
    "redact, in a list": ("redact", '["a", b"b"]', "it gave a list of str and bytes, and may give"),
    "redact, a pattern": ("redact", '__import__("re").compile("x*")', "matches the empty string"),
    "redact, bytes": ("redact", '__import__("re").compile(b"x")', "got one of bytes"),
    "ignore, a number": ("ignore", "5", "and may give a path such as kwargs.request_id"),
    "ignore, a path": ("ignore", '"a..b"', "a..b"),
    "path, a number": (
        "path",
        "5",
        "it gave a value of type int, and may give the path of a file, or None",
    ),
    "path, nothing": ("path", '""', "it gave a value of type str, and may give the path of a file"),
    "path, a list": ("path", '["a.json"]', "it gave a list of str, and may give the path"),
}


@pytest.mark.parametrize(("hook", "value", "text"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("options", [(), XDIST], ids=["alone", "-n 2"])
def test_a_wrong_answer_stops_the_run_and_is_told_with_its_giver(
    planned, hook, value, text, options
):
    """The test, the hook, the conftest, and what it may give; a right answer is not blamed."""
    planned.write("conftest.py", "pytest_plugins = ['right']")
    planned.write("right.py", f"def pytest_agentcassette_{hook}(): return None")
    planned.write("deep/conftest.py", f"def pytest_agentcassette_{hook}(item): return {value}")
    planned.write("deep/test_it.py", planned.read("test_it.py"))
    (planned.path / "test_it.py").unlink()

    run = planned.run(*options)

    where = f"deep/test_it.py::test_plan: pytest_agentcassette_{hook} of deep/conftest.py: "
    assert where in run.text
    assert text in run.text
    assert "INTERNALERROR" not in run.text
    assert "Traceback" not in run.text
    assert (run.live, run.changed) == ([], set())
    assert run.code != pytest.ExitCode.OK
    if not options:
        assert run.code == pytest.ExitCode.USAGE_ERROR


def test_a_plugin_is_named_by_its_name_or_its_class(planned):
    """Not every plugin is a conftest."""
    planned.write("team.py", "def pytest_agentcassette_redact(): return 5")
    planned.write(
        "other.py",
        """
        class Team:
            def pytest_agentcassette_redact(self): return 5

        def pytest_configure(config): config.pluginmanager.register(Team())
        """,
    )

    planned.write("conftest.py", "pytest_plugins = ['team']")
    assert "redact of the plugin team: it gave" in planned.run().text
    planned.write("conftest.py", "pytest_plugins = ['other']")
    assert "redact of the plugin Team: it gave" in planned.run().text


def test_what_a_wrapper_makes_of_the_answers_of_others_is_told_of_all(planned):
    """Each of them alone is right."""
    planned.write(
        "conftest.py",
        """
        pytest_plugins = ["team"]

        def pytest_agentcassette_redact():
            return "phone"
        """,
    )
    planned.write(
        "team.py",
        """
        import pytest

        @pytest.hookimpl(wrapper=True)
        def pytest_agentcassette_redact():
            return [5 for answer in (yield)]
        """,
    )

    text = planned.run().text

    assert re.search(
        "redact of (conftest.py or the plugin team|the plugin team or conftest.py)", text
    )


@pytest.mark.parametrize("hook", ["redact", "ignore", "path", "register_types"])
@pytest.mark.parametrize("options", [(), XDIST], ids=["alone", "-n 2"])
def test_what_a_hook_raises_stops_the_run_with_a_traceback_of_its_own(planned, hook, options):
    """Whoever wrote it sees where it happened, and nothing of ours."""
    planned.write(
        "conftest.py",
        f"""
        def pytest_agentcassette_{hook}():
            return lookup()

        def lookup():
            raise KeyError("who")
        """,
    )

    run = planned.run(*options)

    assert f"pytest_agentcassette_{hook} of conftest.py raised KeyError:" in run.text
    assert "in lookup" in run.text
    assert "KeyError: 'who'" in run.text
    assert "INTERNALERROR" not in run.text
    assert "_asking.py" not in run.text
    assert "pluggy" not in run.text.partition("raised KeyError")[2]
    assert (run.live, run.changed) == ([], set())
    assert run.code != pytest.ExitCode.OK


def test_a_hook_that_skips_is_told(planned):
    """There is no test to be skipped yet."""
    planned.write(
        "conftest.py", "import pytest\ndef pytest_agentcassette_path(): pytest.skip('no path')"
    )

    run = planned.run()

    assert "pytest_agentcassette_path of conftest.py raised Skipped:" in run.text
    assert run.code == pytest.ExitCode.USAGE_ERROR


def test_a_wrapper_that_never_yields_is_told(planned):
    """pluggy raises that itself."""
    planned.write(
        "conftest.py",
        """
        import pytest

        @pytest.hookimpl(wrapper=True)
        def pytest_agentcassette_path():
            if False:
                yield
        """,
    )

    run = planned.run()

    assert "pytest_agentcassette_path raised RuntimeError:" in run.text
    assert run.code == pytest.ExitCode.USAGE_ERROR


def test_a_usage_error_of_a_hook_is_shown_as_it_is(planned):
    """Whoever raises one knows what to tell."""
    planned.write(
        "conftest.py",
        """
        import pytest

        def pytest_agentcassette_path():
            raise pytest.UsageError("set CASSETTES to a folder")
        """,
    )

    run = planned.run()

    assert "ERROR: set CASSETTES to a folder" in run.lines
    assert run.code == pytest.ExitCode.USAGE_ERROR


def test_a_hook_that_is_asked_while_a_test_runs_fails_that_test(project):
    """A usage error would be taken for a fault of ours then."""
    project.write("conftest.py", "def pytest_agentcassette_redact(): return 5")
    project.test(
        """
        def test_plan(request):
            request.getfixturevalue("cassette")
        """
    )

    run = project.run(failed=1)

    assert "test_it.py::test_plan: pytest_agentcassette_redact of conftest.py: it gave" in run.text
    assert "_lifecycle.py" not in run.text


WRONG_LINES = {
    "a number": ("return 5", "report_lines of conftest.py: it gave a value of type int, and"),
    "a list": (
        "return [5]",
        "it gave a list of int, and may give a text, a list of texts, or None",
    ),
    "an exception": ("return 1 / 0", "report_lines of conftest.py raised ZeroDivisionError:"),
}


@pytest.mark.parametrize(("body", "text"), WRONG_LINES.values(), ids=WRONG_LINES)
@pytest.mark.parametrize("options", [(), XDIST], ids=["alone", "-n 2"])
def test_wrong_lines_of_the_report_are_told_in_their_place(planned, body, text, options):
    """The report and the summary are there all the same, and the run does not pass."""
    planned.write("conftest.py", f"def pytest_agentcassette_report_lines(): {body}")

    run = planned.run("--cassette-report", *options, passed=1)

    assert text in run.text
    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert "cassettes: 1 recorded" in run.lines
    assert "INTERNALERROR" not in run.text


def test_wrong_lines_do_not_hide_that_a_test_failed(planned):
    """The exit code of failed tests stays."""
    planned.write("conftest.py", "def pytest_agentcassette_report_lines(): return 5")
    planned.edit("test_it.py", 'ask("find C-123456")', 'ask("find C-123456")\n    assert False')

    run = planned.run("--cassette-report", failed=1)

    assert run.code == pytest.ExitCode.TESTS_FAILED


def test_a_marker_takes_patterns_as_well(planned):
    """What a hook can do for all tests, a test can do for itself."""
    planned.edit("test_it.py", "strict=True", 'redact=["a", __import__("re").compile("C-.*")]')

    planned.run(passed=1)

    assert "find ****" in planned.read("cassettes/test_plan.json")


def test_a_marker_with_a_pattern_that_can_not_be_is_a_usage_error(planned):
    """It names the test."""
    planned.edit("test_it.py", "strict=True", 'redact=__import__("re").compile("x*")')

    run = planned.run()

    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert "test_it.py::test_plan: redact='x*': the pattern matches the empty string" in run.text
