"""Where cassettes lie, and that no test ever gets another one's."""

from __future__ import annotations

import pytest


def test_methods_of_classes_have_the_names_of_their_classes(project):
    """Two classes may have methods of one name, nested ones too."""
    project.test(
        """
        @pytest.mark.cassette
        def test_plan():
            ask("function")

        @pytest.mark.cassette
        class TestOuter:
            def test_plan(self):
                ask("method")

            class TestInner:
                def test_plan(self):
                    ask("inner method")
        """
    )

    first = project.run(passed=3)
    second = project.run("--cassette-strict", passed=3)

    assert first.changed == {
        "cassettes/test_plan.json",
        "cassettes/TestOuter.test_plan.json",
        "cassettes/TestOuter.TestInner.test_plan.json",
    }
    assert second.live == []


def test_each_case_of_a_parametrized_test_has_a_cassette(project):
    """Also those whose ids no file system takes, or takes for one another's."""
    project.test(
        """
        @pytest.mark.cassette(strict=True)
        @pytest.mark.parametrize(
            "prompt", ["a", "A", "a/b", "a:b", "x" * 300, "x" * 301, "\\u00e9"]
        )
        def test_plan(prompt):
            ask(prompt)
        """
    )

    first = project.run(passed=7)
    second = project.run(passed=7)

    assert len({name.casefold() for name in first.changed}) == 7
    assert "cassettes/test_plan[a].json" in first.changed
    assert (second.live, second.changed) == ([], set())


def test_a_path_of_the_marker_starts_at_the_folder_of_the_test(project):
    """Wherever pytest runs."""
    project.write("tests/deep/tapes/README", "")
    project.test(
        """
        @pytest.mark.cassette("tapes/mine.json")
        def test_plan():
            ask("hello")
        """,
        name="tests/deep/test_it.py",
    )

    first = project.run(passed=1)
    second = project.run("--cassette-strict", passed=1)

    assert first.changed == {"tests/deep/tapes/mine.json"}
    assert second.live == []


def test_tests_that_name_one_file_share_it(project):
    """Whoever says so may: the second replays what the first recorded."""
    project.test(
        """
        @pytest.mark.cassette("shared.json")
        def test_one():
            ask("hello")

        @pytest.mark.cassette("shared.json")
        def test_two():
            ask("hello")
        """
    )

    run = project.run(passed=2)

    assert (run.live, run.changed) == (["hello"], {"shared.json"})


def test_tests_that_share_a_file_by_accident_stop_the_run(project):
    """Both are named, and what to do about it."""
    for name in ("test_one.py", "test_two.py"):
        project.test(
            """
            @pytest.mark.cassette
            def test_plan():
                ask("hello")
            """,
            name=name,
        )

    run = project.run()

    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: test_one.py::test_plan and test_two.py::test_plan would share the cassette" in (
        run.text
    )
    assert "Traceback" not in run.text
    assert run.live == []


def test_tests_that_are_deselected_count_too(project):
    """What a run leaves out is still there in the next one."""
    project.test(
        """
        @pytest.mark.cassette
        def test_plan():
            ask("hello")

        @pytest.mark.cassette
        def test_PLAN():
            ask("hello")
        """
    )

    run = project.run("-k", "PLAN and not plan")

    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert "test_it.py::test_plan and test_it.py::test_PLAN" in run.text


def test_tests_that_ask_in_the_middle_can_not_share_by_accident(project):
    """Where nothing at collection told of a cassette, the test that asks for it fails."""
    project.test(
        """
        @pytest.mark.cassette
        def test_plan():
            ask("hello")
        """,
        name="test_one.py",
    )
    project.test(
        """
        def test_plan(request):
            request.getfixturevalue("cassette")
        """,
        name="test_two.py",
    )

    run = project.run(passed=1, failed=1)

    assert "test_one.py::test_plan and test_two.py::test_plan would share" in run.text
    assert "_planning.py" not in run.text


class TestCassettesOfOthers:
    """A cassette keeps the id of the test that recorded it."""

    def record(self, project):
        """Record a cassette in the one module, and write the other with a test of the same name."""
        for name in ("test_one.py", "test_two.py"):
            project.test(
                """
                @pytest.mark.cassette
                def test_plan():
                    ask("hello")
                """,
                name=name,
            )
        project.run("test_one.py", passed=1)

    @pytest.mark.parametrize("mode", ["once", "none", "all", "update"])
    def test_one_that_was_not_collected_is_refused(self, project, mode):
        """The module of the owner is still there, though this run is not about it."""
        self.record(project)

        run = project.run("test_two.py", f"--record-mode={mode}", errors=1)

        assert "cassettes/test_plan.json is the cassette of test_one.py::test_plan" in run.text
        assert (run.live, run.changed) == ([], set())
        assert "cassettes: 1 unusable" in run.lines

    def test_one_that_was_collected_is_refused(self, project):
        """Even if its definition can't be found in its module."""
        self.record(project)
        (project.path / "test_two.py").unlink()
        project.write(
            "test_one.py",
            """
            import pytest
            from agent import ask

            @pytest.mark.cassette
            def test_new_name():
                ask("hello")

            def test_nothing():
                pass

            globals()["test_plan"] = test_nothing
            """,
        )
        (project.path / "cassettes/test_plan.json").rename(
            project.path / "cassettes/test_new_name.json"
        )

        run = project.run(passed=2, errors=1)

        assert "is the cassette of test_one.py::test_plan, which is still there" in run.text

    def test_one_whose_test_is_gone_is_taken_over(self, project):
        """A test that was moved to another module keeps its cassette."""
        self.record(project)
        (project.path / "test_one.py").unlink()

        run = project.run("--cassette-strict", passed=1)

        assert run.live == []

    def test_a_named_file_may_be_anybodys(self, project):
        """Who names a file with `path` means it."""
        self.record(project)
        project.edit("test_two.py", "mark.cassette", 'mark.cassette("cassettes/test_plan.json")')

        run = project.run("--cassette-strict", passed=2)

        assert run.live == []


class TestFilesOfEarlierVersions:
    """A method's cassette may have the name of the test alone, where only that exists."""

    TEST = """
        @pytest.mark.cassette(strict=True)
        class TestPlan:
            def test_all(self):
                ask("hello")
        """

    def record(self, project):
        """Make a cassette with the name, and without the id, that an earlier version gave it."""
        project.test(self.TEST)
        project.run(passed=1)
        new = project.path / "cassettes/TestPlan.test_all.json"
        old = project.path / "cassettes/test_all.json"
        old.write_text(new.read_text().replace('"test":', '"was":'))
        new.unlink()

    def test_it_is_read(self, project):
        """The method replays it."""
        self.record(project)

        run = project.run("--record-mode=none", passed=1)

        assert run.live == []

    def test_it_is_not_the_methods_if_it_is_a_functions(self, project):
        """A function of that name has the better right."""
        self.record(project)
        project.test(
            self.TEST
            + """
        @pytest.mark.cassette
        def test_all():
            ask("hello")
        """
        )

        run = project.run(passed=2)

        assert run.changed == {"cassettes/TestPlan.test_all.json"}

    def test_two_classes_can_not_both_have_it(self, project):
        """Nobody can tell which of them it is."""
        self.record(project)
        project.test(self.TEST + self.TEST.replace("TestPlan", "TestOther"))

        run = project.run()

        assert run.code == pytest.ExitCode.USAGE_ERROR
        assert (
            "test_it.py::TestPlan::test_all and test_it.py::TestOther::test_all would share"
            in run.text
        )

    def test_it_is_not_the_methods_if_it_keeps_another_id(self, project):
        """Then it is one of this version, of a function of that name in another module."""
        project.test(
            """
            @pytest.mark.cassette
            def test_all():
                ask("good day")
            """,
            name="test_other.py",
        )
        project.test(self.TEST)
        project.run("test_other.py", passed=1)

        run = project.run("test_it.py", passed=1)

        assert run.changed == {"cassettes/TestPlan.test_all.json"}

    def test_a_corrupt_one_is_said(self, project):
        """It is not taken for a missing one."""
        self.record(project)
        project.write("cassettes/test_all.json", "<<<<<<< HEAD")

        run = project.run(errors=1)

        assert "cassettes/test_all.json:1: " in run.text
