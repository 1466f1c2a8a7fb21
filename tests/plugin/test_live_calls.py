"""Intercepted calls that no cassette is open for are counted and named, or refused."""

from __future__ import annotations

import pytest

BLOCK = "--cassette-live=block"

REFUSED = "live call blocked: ask (llm)"

CAUGHT = "The code under test caught this error and went on."


def live_lines(run):
    """Tell what a run says of its live calls, in the order of the tests."""
    return sorted(line for line in run.lines if line.partition(" ")[2].startswith("live call"))


class TestCounted:
    """By default such calls run, and the summary says so."""

    def test_the_calls_of_a_test_without_a_cassette(self, project):
        """By name and test; a call inside of another one is no call of its own."""
        project.test(
            """
            from agentcassette import intercept

            @intercept
            def plan():
                return [ask("one"), ask("two")]

            @pytest.fixture
            def client():
                ask("set up")
                yield
                ask("tear down")

            def test_plan(client):
                plan()
                search("hotels")

            def test_other():
                ask("hello")

            def test_quiet():
                pass
            """
        )

        run = project.run(passed=3)

        assert "cassettes: 5 live calls outside of any session" in run.lines
        assert live_lines(run) == [
            "1 live call of ask: test_it.py::test_other",
            "1 live call of plan: test_it.py::test_plan",
            "1 live call of search: test_it.py::test_plan",
            "2 live calls of ask: test_it.py::test_plan",
        ]
        assert len(run.live) == 5

    def test_a_call_that_a_cassette_knows_of_is_none(self, project):
        """Neither when it is recorded, nor when it is replayed, nor when it is let through."""
        project.test(
            """
            import agentcassette

            @pytest.mark.cassette(live=["tool"])
            def test_plan():
                ask("hello")
                search("hotels")

            def test_other(tmp_path):
                with agentcassette.record(tmp_path / "tape.json"):
                    ask("hello")
            """
        )

        first = project.run(passed=2)
        second = project.run(passed=2)

        assert "live call" not in first.text
        assert "cassettes: 1 replayed; 30 tokens and 0.0s of live calls not spent" in second.lines
        assert "outside of any session" not in second.text

    def test_calls_that_hooks_make_while_a_report_is_made(self, project):
        """A judge of the answers, say: also after the last report of a test, and with reruns."""
        project.test("def test_plan():\n    pass\n\ndef test_other():\n    pass\n")
        project.write(
            "conftest.py",
            """
            import pytest
            from agentcassette import intercept

            judge = intercept(print, name="judge")

            @pytest.hookimpl(wrapper=True, tryfirst=True)
            def pytest_runtest_makereport(item, call):
                report = yield
                if call.when == "teardown":
                    judge("how good is it?")
                return report
            """,
        )

        run = project.run(passed=2)

        assert live_lines(run) == [
            "1 live call of judge: test_it.py::test_other",
            "1 live call of judge: test_it.py::test_plan",
        ]

    def test_nothing_is_said_where_there_are_none(self, project):
        """Nor at -q."""
        project.test("def test_plan():\n    pass\n")
        project.test("def test_plan():\n    ask('hello')\n", "test_other.py")

        assert "cassettes:" not in project.run("test_it.py", passed=1).text
        assert "cassettes:" not in project.run("-q", passed=2).text

    def test_threads_and_tasks(self, project):
        """Whatever the call is made from."""
        project.test(
            """
            import asyncio
            import threading

            def test_plan():
                thread = threading.Thread(target=ask, args=("thread",))
                thread.start()
                thread.join()

                async def agent():
                    await asyncio.gather(ask_async("one"), ask_async("two"))
                    await asyncio.get_running_loop().run_in_executor(None, ask, "executor")

                asyncio.run(agent())
            """
        )

        run = project.run(passed=1)

        assert live_lines(run) == [
            "2 live calls of ask: test_it.py::test_plan",
            "2 live calls of ask_async: test_it.py::test_plan",
        ]


class TestFixturesOfWiderScope:
    """They run outside of the session of a test, and are named."""

    @pytest.mark.parametrize("scope", ["class", "module", "package", "session"])
    def test_set_up_and_clean_up(self, project, scope):
        """The test that they ran for is named as well."""
        project.test(
            f"""
            @pytest.fixture(scope="{scope}")
            def model():
                ask("set up")
                yield
                ask("tear down")

            @pytest.mark.cassette
            def test_plan(model):
                ask("hello")
            """
        )

        run = project.run(passed=1)

        assert live_lines(run) == ["2 live calls of ask: test_it.py::test_plan (fixture model)"]
        assert "cassettes: 1 recorded" in run.text

    def test_one_that_needs_another_one(self, project):
        """Each is named for what it does itself."""
        project.test(
            """
            @pytest.fixture(scope="session")
            def outer(request):
                ask("outer")
                request.getfixturevalue("inner")
                ask("outer")
                yield
                ask("outer")

            @pytest.fixture(scope="session")
            def inner():
                search("inner")
                yield
                search("inner")

            @pytest.fixture
            def own(outer):
                yield
                search("own")

            def test_plan(own):
                ask("hello")
            """
        )

        run = project.run(passed=1)

        assert live_lines(run) == [
            "1 live call of ask: test_it.py::test_plan",
            "1 live call of search: test_it.py::test_plan",
            "2 live calls of search: test_it.py::test_plan (fixture inner)",
            "3 live calls of ask: test_it.py::test_plan (fixture outer)",
        ]

    def test_one_that_is_asked_for_late(self, project):
        """The session of the test is paused for it."""
        project.test(
            """
            @pytest.fixture(scope="module")
            def model():
                ask("model")

            @pytest.mark.cassette
            def test_plan(request):
                ask("hello")
                request.getfixturevalue("model")
            """
        )

        run = project.run(passed=1)

        assert live_lines(run) == ["1 live call of ask: test_it.py::test_plan (fixture model)"]
        assert project.cassette("cassettes/test_plan.json").num_steps == 1

    def test_set_up_of_modules_and_classes(self, project):
        """They are fixtures to pytest, and have the names that their authors gave them."""
        project.test(
            """
            import unittest

            def setup_module():
                ask("module")

            class TestPlan:
                @classmethod
                def setup_class(cls):
                    search("class")

                def test_plan(self):
                    pass

            class TestCase(unittest.TestCase):
                @classmethod
                def tearDownClass(cls):
                    search("class")

                def test_plan(self):
                    pass
            """
        )

        run = project.run(passed=2)

        assert live_lines(run) == [
            "1 live call of ask: test_it.py::TestPlan::test_plan (fixture setup_module)",
            "1 live call of search: test_it.py::TestCase::test_plan (fixture setUpClass)",
            "1 live call of search: test_it.py::TestPlan::test_plan (fixture setup_class)",
        ]


class TestOtherPlugins:
    """Who runs the tests does not change what is counted."""

    TEST = """
        attempts = []

        @pytest.fixture(scope="session")
        def model():
            search("model")

        @pytest.mark.xdist_group("models")
        @pytest.mark.parametrize("number", range(3))
        def test_plan(model, number):
            attempts.append(number)
            ask("hello")
            assert number or len(attempts) > FAILING
        """

    @pytest.mark.parametrize(
        "options", [["-n0"], ["-n2"], ["-n1", "--dist=loadgroup"]], ids=" ".join
    )
    def test_workers_of_xdist(self, project, options):
        """The controller has the calls of all workers, by the ids of the tests."""
        project.test(self.TEST.replace("FAILING", "0"))

        run = project.run("-p", "xdist", *options, passed=3)

        assert [line for line in live_lines(run) if "ask" in line] == [
            f"1 live call of ask: test_it.py::test_plan[{number}]" for number in range(3)
        ]
        workers = 2 if options == ["-n2"] else 1
        assert len([line for line in live_lines(run) if "fixture model" in line]) == workers

    def test_the_calls_of_reruns_are_paid_for_as_well(self, project):
        """They add up."""
        project.test(self.TEST.replace("FAILING", "2"))

        run = project.run("-p", "pytest_rerunfailures", "--reruns=3", passed=3, rerun=2)

        assert "cassettes: 6 live calls outside of any session" in run.lines
        assert "3 live calls of ask: test_it.py::test_plan[0]" in run.lines

    def test_a_run_inside_of_a_test(self, project):
        """It counts its own calls, and the run around it does not count them again."""
        project.test(
            """
            INNER = "from agent import *\\ndef test_inner(): ask('inner')"

            def test_outer(pytester):
                pytester.makepyfile(INNER)
                options = ["-p", "pytest_agentcassette.plugin"]
                run = pytester.runpytest(*options)
                run.stdout.fnmatch_lines("*1 live call of ask: test_outer.py::test_inner")
                pytester.runpytest(*options, "--cassette-live=block").assert_outcomes(failed=1)
                search("outer")
            """
        )

        run = project.run("-p", "pytester", passed=1)

        assert live_lines(run) == [
            "1 live call of search: test_it.py::test_outer",
        ]


class TestRefused:
    """--cassette-live=block: the call does not run, and the test fails."""

    def test_where_it_is_made(self, project):
        """The error says what, where from, in which test, and what to do."""
        project.test("def test_plan():\n    ask('hello')\n")

        run = project.run(BLOCK, failed=1)

        assert run.live == []
        assert [line[1:].strip() for line in run.lines if line.startswith("E ")] == [
            f"agentcassette.LiveCallBlocked: {REFUSED}",
            "called at test_it.py:5 in test_plan",
            "test: test_it.py::test_plan",
            (
                "make it where a cassette is open, in a test marked with @pytest.mark.cassette or"
                " in a fixture of function scope; or put something in place of what is called, or"
                " allow live calls with --cassette-live=allow"
            ),
        ]
        assert "_live.py" not in run.text
        assert "agentcassette/_" not in run.text
        assert "outside of any session" not in run.text

    def test_a_swallowed_one(self, project):
        """It is F, not E, and it is said once."""
        project.test(
            """
            def test_plan():
                for _ in range(3):
                    try:
                        ask("hello")
                    except Exception:
                        pass
            """
        )

        run = project.run(BLOCK, failed=1)

        assert run.live == []
        assert run.lines.count(REFUSED) == 1
        assert CAUGHT in run.lines
        assert "FAILED test_it.py::test_plan - agentcassette.LiveCallBlocked: live call" in run.text

    def test_a_fixture_of_a_wider_scope(self, project):
        """Also where the test has a cassette: it is not on it."""
        project.test(
            """
            @pytest.fixture(scope="module")
            def model():
                ask("model")

            @pytest.mark.cassette
            def test_plan(model):
                ask("hello")
            """
        )

        run = project.run(BLOCK, errors=1)

        assert run.live == []
        assert "E         fixture: model, of a wider scope than the test's cassette" in run.lines

    @pytest.mark.parametrize("scope", ["function", "module"])
    def test_a_swallowed_one_in_clean_up(self, project, scope):
        """The test has passed by then; its clean-up fails."""
        project.test(
            f"""
            @pytest.fixture(scope="{scope}")
            def model():
                yield
                try:
                    ask("model")
                except Exception:
                    pass

            def test_plan(model):
                pass
            """
        )

        run = project.run(BLOCK, passed=1, errors=1)

        assert run.live == []
        assert run.lines.count(REFUSED) == 1
        assert "ERROR test_it.py::test_plan - agentcassette.LiveCallBlocked: live call" in run.text

    def test_calls_of_a_cassette_are_made(self, project):
        """Recorded, replayed, or let through."""
        project.test(
            """
            @pytest.mark.cassette(live=["tool"])
            def test_plan():
                ask("hello")
                search("hotels")
            """
        )

        project.run(BLOCK, passed=1)
        project.run(BLOCK, passed=1)

    def test_a_case_of_unittest_on_a_worker_that_is_rerun(self, project):
        """All at once."""
        project.test(
            """
            import unittest

            class TestPlan(unittest.IsolatedAsyncioTestCase):
                async def test_plan(self):
                    try:
                        await ask_async("hello")
                    except Exception:
                        pass
            """
        )
        options = ["-p", "xdist", "-n2", "-p", "pytest_rerunfailures", "--reruns=1"]

        run = project.run(BLOCK, *options, failed=1, rerun=1)

        assert run.live == []
        assert "live call blocked: ask_async (llm)" in run.lines


class TestWhoAsksForIt:
    """The option beats the ini file."""

    @pytest.mark.parametrize(
        ("options", "ini", "outcome"),
        [
            ([], "", "passed"),
            ([], "cassette_live = allow", "passed"),
            ([], "cassette_live = block", "failed"),
            (["--cassette-live=allow"], "cassette_live = block", "passed"),
            (["--cassette-live=block"], "cassette_live = allow", "failed"),
        ],
    )
    def test_the_option_wins(self, project, options, ini, outcome):
        """As with every other setting."""
        project.edit("pytest.ini", "[pytest]", f"[pytest]\n{ini}")
        project.test("def test_plan():\n    ask('hello')\n")

        project.run(*options, **{outcome: 1})

    @pytest.mark.parametrize("workers", [[], ["-p", "xdist", "-n2"]], ids=["alone", "-n2"])
    def test_what_there_is_not_is_a_usage_error(self, project, workers):
        """Before a test is run."""
        project.edit("pytest.ini", "[pytest]", "[pytest]\ncassette_live = never")
        project.test("def test_plan():\n    ask('hello')\n")

        run = project.run(*workers)

        assert run.code == pytest.ExitCode.USAGE_ERROR
        assert "cassette_live='never' in the ini file: it takes allow or block" in run.text
        assert run.live == []


class TestImports:
    """The core is not imported for this where nobody uses it, and watched where somebody does."""

    LAZY = """
        def test_first():
            from agent import ask
            ask("first")

        def test_second():
            from agent import ask
            ask("second")
        """

    def test_a_project_that_imports_it_at_collection(self, project):
        """The first test is watched as well."""
        project.test("def test_plan():\n    ask('hello')\n")

        run = project.run(subprocess=True, passed=1)

        assert live_lines(run) == ["1 live call of ask: test_it.py::test_plan"]

    def test_a_test_that_imports_it_first(self, project):
        """It is too late for that test, and in time for the next one."""
        project.write("test_it.py", self.LAZY)

        run = project.run(subprocess=True, passed=2)

        assert live_lines(run) == ["1 live call of ask: test_it.py::test_second"]

    def test_where_live_calls_are_refused_it_is_never_too_late(self, project):
        """The core is imported before the first test."""
        project.write("test_it.py", self.LAZY)

        run = project.run(BLOCK, subprocess=True, failed=2)

        assert run.live == []

    def test_a_run_with_cassettes_imports_it_anyway(self, project):
        """So that its first test is watched, whether it has a cassette or not."""
        project.write(
            "test_it.py",
            """
            import pytest

            def test_first():
                from agent import ask
                ask("first")

            @pytest.mark.cassette
            def test_second():
                pass
            """,
        )

        run = project.run(subprocess=True, passed=2)

        assert live_lines(run) == ["1 live call of ask: test_it.py::test_first"]


def test_a_call_that_no_test_makes_is_neither_counted_nor_refused(project):
    """A hook of the project may make it, before the first test or behind the last one."""
    project.write(
        "conftest.py",
        """
        from agent import ask

        def pytest_sessionfinish():
            ask("summarize")
        """,
    )
    project.test("def test_plain():\n    pass\n")

    run = project.run("--cassette-live=block", passed=1)

    assert run.live == ["summarize"]
    assert "live call" not in run.text
