"""What happens to the cassette of a test that does not pass."""

from __future__ import annotations

import pytest


def test_a_failed_test_writes_no_cassette(project):
    """What it recorded may be half of it."""
    project.test(
        """
        @pytest.mark.cassette
        def test_plan():
            ask("hello")
            assert False
        """
    )

    run = project.run(failed=1)

    assert (run.live, run.changed) == (["hello"], set())
    assert "cassettes: 1 not written" in run.lines


@pytest.mark.parametrize("mode", ["all", "update"])
def test_a_failed_test_leaves_the_old_cassette_as_it_is(project, mode):
    """Byte by byte."""
    project.test(
        """
        @pytest.mark.cassette
        def test_plan():
            ask("hello")
        """
    )
    project.run(passed=1)
    project.edit("test_it.py", 'ask("hello")', 'ask("good day"); assert False')

    run = project.run(f"--record-mode={mode}", failed=1)

    assert (run.live, run.changed) == (["good day"], set())


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("assert False", "xfailed"),
        ("pytest.xfail('not yet')", "xfailed"),
        ("pass", "xpassed"),
    ],
)
def test_a_test_that_fails_as_expected_has_passed(project, body, outcome):
    """Its cassette is written; one that passes unexpectedly may pass."""
    project.test(
        f"""
        @pytest.mark.xfail
        @pytest.mark.cassette
        def test_plan():
            ask("hello")
            {body}
        """
    )

    first = project.run(**{outcome: 1})
    second = project.run("--cassette-strict", **{outcome: 1})

    assert first.changed == {"cassettes/test_plan.json"}
    assert second.live == []


@pytest.mark.parametrize(
    ("xfail", "body"),
    [("strict=True", "pass"), ("raises=ValueError", "assert False"), ("False, reason='no'", "1/0")],
)
def test_a_test_that_does_not_fail_as_expected_has_failed(project, xfail, body):
    """Strict xfails that pass, and failures of another kind."""
    project.test(
        f"""
        @pytest.mark.xfail({xfail})
        @pytest.mark.cassette
        def test_plan():
            ask("hello")
            {body}
        """
    )

    run = project.run(failed=1)

    assert run.changed == set()


@pytest.mark.parametrize(
    ("xfail", "outcome"), [("False, reason='no'", "failed"), ("reason='yes'", "xfailed")]
)
def test_a_test_that_fails_owes_no_step_any_more(project, xfail, outcome):
    """What it never came to do is no drift."""
    project.test(
        """
        @pytest.mark.cassette(strict=True)
        def test_plan():
            ask("one")
            ask("two")
        """
    )
    project.run(passed=1)
    project.edit("test_it.py", 'ask("two")', "assert False")
    project.edit("test_it.py", "@pytest", f"@pytest.mark.xfail({xfail})\n@pytest")

    run = project.run(**{outcome: 1})

    assert "drifted" not in run.text
    assert "cassettes: 1 replayed; 30 tokens and 0.0s of live calls not spent" in run.lines


@pytest.mark.parametrize(
    "skip",
    ["pytest.skip('no')", "import unittest; raise unittest.SkipTest('no')"],
)
def test_a_skipped_test_writes_nothing_and_owes_nothing(project, skip):
    """Neither does its recording count, nor the steps that it never played."""
    test = """
        @pytest.mark.cassette(strict=True)
        def test_plan():
            ask("hello")
            {skip}
            ask("bye")
        """
    project.test(test.format(skip=skip))

    recording = project.run(skipped=1)
    project.test(test.format(skip=""))
    project.run(passed=1)
    project.test(test.format(skip=skip))
    replaying = project.run(skipped=1)

    assert recording.changed == replaying.changed == set()
    assert "cassettes:" not in replaying.text


def test_a_test_that_is_never_run_needs_no_cassette(project):
    """Marks that keep a test from running keep its session from opening."""
    project.test(
        """
        @pytest.mark.skip
        @pytest.mark.cassette
        def test_skipped():
            ask("hello")

        @pytest.mark.xfail(run=False)
        @pytest.mark.cassette
        def test_not_run():
            ask("hello")
        """
    )

    run = project.run(skipped=1, xfailed=1)

    assert (run.live, run.changed) == ([], set())


def test_a_failing_set_up_writes_nothing(project):
    """Calls of fixtures are not worth a cassette when the test itself never ran."""
    project.test(
        """
        @pytest.fixture
        def broken():
            ask("hello")
            raise ValueError

        @pytest.mark.cassette
        def test_plan(broken):
            pass
        """
    )

    run = project.run(errors=1)

    assert (run.live, run.changed) == (["hello"], set())


def test_a_failing_tear_down_comes_too_late(project):
    """The test has passed, so its cassette is written."""
    project.test(
        """
        @pytest.fixture
        def broken():
            yield
            raise ValueError

        @pytest.mark.cassette
        def test_plan(broken):
            ask("hello")
        """
    )

    run = project.run(passed=1, errors=1)

    assert run.changed == {"cassettes/test_plan.json"}


@pytest.mark.parametrize("end", ["raise KeyboardInterrupt", "pytest.exit('enough')"])
def test_an_interrupted_test_writes_nothing(project, end):
    """Nobody knows whether it would have passed."""
    project.test(
        f"""
        @pytest.mark.cassette
        def test_plan():
            ask("hello")
            {end}
        """
    )

    run = project.run(subprocess=True)

    assert run.code == pytest.ExitCode.INTERRUPTED
    assert (run.live, run.changed) == (["hello"], set())
    assert "INTERNALERROR" not in run.text


def test_a_failing_subtest_is_a_failing_test(project):
    """Also with plugins whose subtests leave the test itself green."""
    project.test(
        """
        import unittest

        @pytest.mark.cassette
        class TestPlan(unittest.TestCase):
            def test_plan(self):
                with self.subTest("one"):
                    ask("hello")
                    assert False
        """
    )

    run = project.run()

    assert (run.live, run.changed) == (["hello"], set())


def test_set_up_alone_records_nothing(project):
    """`--setup-only` opens sessions and runs no test."""
    project.test(
        """
        @pytest.fixture
        def greeting():
            return ask("hello")

        @pytest.mark.cassette(strict=True)
        def test_plan(greeting):
            ask("bye")
        """
    )

    run = project.run("--setup-only")

    assert run.code == pytest.ExitCode.OK
    assert run.changed == set()


def test_a_cassette_that_can_not_be_written_is_an_error(project):
    """The error says which file and why, without a traceback."""
    project.test(
        """
        from pathlib import Path

        @pytest.mark.cassette
        def test_plan():
            ask("hello")
            Path("cassettes").write_text("a file where the folder should be")
        """
    )

    run = project.run(passed=1, errors=1)

    assert run.changed == {"cassettes"}
    assert "the cassette can't be written: " in run.text
    assert "During handling" not in run.text
    assert "Traceback" not in run.text
    assert "_lifecycle.py" not in run.text
    assert "cassettes: 1 not written" in run.lines


def test_a_cassette_that_can_not_be_read_is_an_error(project):
    """Before anything is paid for."""
    project.write("cassettes", "a file where the folder should be")
    project.test(
        """
        @pytest.mark.cassette
        def test_plan():
            ask("hello")
        """
    )

    run = project.run(errors=1)

    assert run.live == []
    assert "the cassette can't be read: " in run.text
    assert "During handling" not in run.text
    assert "_lifecycle.py" not in run.text


def test_a_cassette_that_can_not_be_read_in_the_middle(project):
    """A test that asks for the fixture in its body fails there."""
    project.write("cassettes/test_plan.json", "no cassette")
    project.test(
        """
        def test_plan(request):
            request.getfixturevalue("cassette")
        """
    )

    run = project.run(failed=1)

    assert "cassettes/test_plan.json:1: " in run.text
    assert "_lifecycle.py" not in run.text
    assert "cassettes: 1 unusable" in run.lines
