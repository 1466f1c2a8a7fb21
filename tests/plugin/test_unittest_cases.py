"""Test cases of unittest: the marker is enough, there is no argument to ask with."""

from __future__ import annotations

import pytest


def test_a_test_case_records_and_replays(project):
    """Its setUp and tearDown are part of the test."""
    project.test(
        """
        import unittest

        @pytest.mark.cassette(strict=True)
        class TestPlan(unittest.TestCase):
            def setUp(self):
                ask("set up")

            def tearDown(self):
                ask("tear down")

            def test_plan(self):
                self.assertEqual(ask("body")["text"], "BODY")
        """
    )

    first = project.run(passed=1)
    second = project.run(passed=1)

    assert first.live == ["set up", "body", "tear down"]
    assert first.changed == {"cassettes/TestPlan.test_plan.json"}
    assert second.live == []


def test_set_up_of_the_class_is_outside(project):
    """What setUpClass does runs once for all tests, so it is on no tape."""
    project.test(
        """
        import unittest

        @pytest.mark.cassette(strict=True)
        class TestPlan(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                ask("class")

            def test_plan(self):
                ask("body")
        """
    )

    project.run(passed=1)
    run = project.run(passed=1)

    assert run.live == ["class"]


def test_an_async_test_case_records_and_replays(project):
    """IsolatedAsyncioTestCase runs its tests on a loop of its own."""
    project.test(
        """
        import asyncio
        import unittest

        @pytest.mark.cassette(strict=True)
        class TestPlan(unittest.IsolatedAsyncioTestCase):
            async def asyncSetUp(self):
                await ask_async("set up")

            async def test_plan(self):
                answers = await asyncio.gather(ask_async("one"), ask_async("two"))
                self.assertEqual([answer["text"] for answer in answers], ["ONE", "TWO"])
        """
    )

    first = project.run(passed=1)
    second = project.run(passed=1)

    assert first.live == ["set up", "one", "two"]
    assert second.live == []


@pytest.mark.parametrize("base", ["TestCase", "IsolatedAsyncioTestCase"])
def test_a_swallowed_drift_fails_a_test_case(project, base):
    """Once, and as a failure."""
    test = f"""
        import unittest

        @pytest.mark.cassette(strict=True)
        class TestPlan(unittest.{base}):
            def test_plan(self):
                try:
                    ask("hello")
                except Exception:
                    pass
        """
    project.test(test)
    project.run(passed=1)
    project.test(test.replace("hello", "good day"))

    run = project.run(failed=1)

    assert run.live == []
    assert run.text.count("Replay diverged at step 0: ask differs at prompt") == 1


def test_a_failure_of_a_test_case_comes_before_its_drift(project):
    """A TestCase keeps its failures to itself until the test is over."""
    test = """
        import unittest

        @pytest.mark.cassette(strict=True)
        class TestPlan(unittest.TestCase):
            def test_plan(self):
                try:
                    ask("hello")
                except Exception:
                    self.fail("the agent gave up")
        """
    project.test(test)
    project.run(passed=1)
    project.test(test.replace("hello", "good day").replace("self.fail", "raise ValueError"))

    run = project.run(failed=1)

    assert "ValueError: the agent gave up" in run.text
    assert "code under test caught" not in run.text


@pytest.mark.parametrize(
    ("decorator", "outcome"), [("", "failed"), ("@unittest.expectedFailure", "xfailed")]
)
def test_a_test_case_that_fails_owes_no_step_any_more(project, decorator, outcome):
    """What it never came to do is no drift, although pytest learns late that it failed."""
    test = """
        import unittest

        @pytest.mark.cassette(strict=True)
        class TestPlan(unittest.TestCase):
            {decorator}
            def test_plan(self):
                ask("one")
                {fail}
                ask("two")
        """
    project.test(test.format(decorator="", fail=""))
    project.run(passed=1)
    project.test(test.format(decorator=decorator, fail="self.fail('no')"))

    run = project.run(**{outcome: 1})

    assert run.live == []
    assert "drifted" not in run.text
    assert "cassettes: 1 replayed; 30 tokens and 0.0s of live calls not spent" in run.lines


def test_a_drift_that_a_test_case_raises_is_told_once(project):
    """The drift is the test's own error."""
    test = """
        import unittest

        @pytest.mark.cassette(strict=True)
        class TestPlan(unittest.TestCase):
            def test_plan(self):
                ask("hello")
        """
    project.test(test)
    project.run(passed=1)
    project.test(test.replace("hello", "good day"))

    run = project.run(failed=1)

    assert '>       ask("good day")' in run.text
    assert run.text.count("Replay diverged at step 0: ask differs at prompt") == 1
    assert "code under test caught" not in run.text


@pytest.mark.parametrize(
    ("body", "outcomes", "written"),
    [
        ("self.skipTest('no')", {"skipped": 1}, False),
        ("self.fail('no')", {"failed": 1}, False),
    ],
)
def test_what_becomes_of_a_test_case_decides(project, body, outcomes, written):
    """Skipped and failed tests write nothing."""
    project.test(
        f"""
        import unittest

        @pytest.mark.cassette
        class TestPlan(unittest.TestCase):
            def test_plan(self):
                ask("hello")
                {body}
        """
    )

    run = project.run(**outcomes)

    assert bool(run.changed) is written


def test_a_skipped_subtest_is_no_skipped_test(project):
    """The rest of the test counts."""
    project.test(
        """
        import unittest

        @pytest.mark.cassette
        class TestPlan(unittest.TestCase):
            def test_plan(self):
                with self.subTest("one"):
                    ask("hello")
                    if False:
                        self.skipTest("no")
                with self.subTest("two"):
                    ask("bye")
        """
    )

    run = project.run()

    assert run.code == pytest.ExitCode.OK
    assert run.changed == {"cassettes/TestPlan.test_plan.json"}


def test_an_expected_failure_of_unittest_has_passed(project):
    """`expectedFailure` is unittest's xfail."""
    project.test(
        """
        import unittest

        @pytest.mark.cassette
        class TestPlan(unittest.TestCase):
            @unittest.expectedFailure
            def test_plan(self):
                ask("hello")
                self.fail("as always")
        """
    )

    run = project.run(xfailed=1)

    assert run.changed == {"cassettes/TestPlan.test_plan.json"}
