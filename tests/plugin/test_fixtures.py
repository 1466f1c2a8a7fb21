"""Which fixtures run in the session of a test, and whose fixture `cassette` is."""

from __future__ import annotations

import pytest

import agentcassette

NAMES = """
    def names(cassette):
        return [call.args[0] for call in cassette.calls()]

    """


def test_the_tests_own_fixtures_run_in_its_session(project):
    """Set-up and clean-up, autouse or not, whatever the order of the arguments."""
    project.test(
        NAMES
        + """
    @pytest.fixture(autouse=True)
    def automatic():
        ask("automatic")
        yield
        ask("bye automatic")

    @pytest.fixture
    def greeting():
        ask("greeting")
        yield
        ask("bye greeting")

    @pytest.mark.cassette(strict=True)
    def test_plan(greeting, cassette):
        ask("body")
        assert names(cassette) == ["automatic", "greeting", "body"]
    """
    )

    first = project.run(passed=1)
    second = project.run(passed=1)

    assert [
        step["arguments"]["args"] for step in project.cassette("cassettes/test_plan.json").steps
    ] == [
        ["automatic"],
        ["greeting"],
        ["body"],
        ["bye greeting"],
        ["bye automatic"],
    ]
    assert len(first.live) == 5
    assert second.live == []


def test_set_up_methods_of_classes_run_in_the_session(project):
    """What xunit style calls set-up is a fixture of the test."""
    project.test(
        NAMES
        + """
    class TestPlan:
        def setup_method(self):
            ask("set up")

        def teardown_method(self):
            ask("tear down")

        def test_plan(self, cassette):
            ask("body")
            assert names(cassette) == ["set up", "body"]
    """
    )

    project.run(passed=1)
    run = project.run("--cassette-strict", passed=1)

    assert run.live == []


@pytest.mark.parametrize("scope", ["class", "module", "package", "session"])
def test_wider_fixtures_run_outside_of_the_session(project, scope):
    """They belong to no test, so they are in the cassette of none, whoever asks for them."""
    project.test(
        NAMES
        + f"""
    @pytest.fixture(scope={scope!r})
    def wide():
        ask("wide")
        yield
        ask("bye wide")

    @pytest.fixture
    def own(request):
        request.getfixturevalue("wide")

    class TestPlan:
        def test_argument(self, cassette, wide):
            ask("body")
            assert names(cassette) == ["body"]

    class TestMore:
        def test_in_the_body(self, request, cassette):
            ask("before")
            request.getfixturevalue("wide")
            ask("after")
            assert names(cassette) == ["before", "after"]

    class TestEvenMore:
        def test_of_a_fixture(self, own, cassette):
            ask("body")
            assert names(cassette) == ["body"]
    """
    )

    for name in ("test_argument", "test_in_the_body", "test_of_a_fixture"):
        run = project.run("-k", name)
        assert run.code == pytest.ExitCode.OK
        assert "wide" in run.live
    run = project.run("--cassette-strict", passed=3)

    assert set(run.live) == {"wide", "bye wide"}


def test_the_fixture_can_be_asked_for_in_the_middle(project):
    """From then on there is a session."""
    project.test(
        NAMES
        + """
    def test_plan(request):
        ask("before")
        cassette = request.getfixturevalue("cassette")
        ask("after")
        assert names(cassette) == ["after"]
    """
    )

    first = project.run(passed=1)
    second = project.run("--cassette-strict", passed=1)
    project.edit("test_it.py", 'ask("after")', "pass")
    project.edit("test_it.py", 'names(cassette) == ["after"]', "True")
    third = project.run("--cassette-strict", failed=1)

    assert first.changed == {"cassettes/test_plan.json"}
    assert second.live == ["before"]
    assert "ask was never called" in third.text


@pytest.mark.parametrize("parameters", ["cassette, greeting", "greeting, cassette"])
def test_a_conftest_may_build_on_the_fixture(project, parameters):
    """A fixture of the same name that asks for ours is the usual way to change it."""
    project.write(
        "conftest.py",
        f"""
        import pytest

        @pytest.fixture
        def greeting():
            return "hello"

        @pytest.fixture
        def cassette({parameters}):
            return [greeting, cassette]
        """,
    )
    project.test(
        """
        @pytest.fixture(autouse=True)
        def automatic():
            ask("automatic")

        @pytest.mark.cassette
        def test_marked(cassette):
            greeting, session = cassette
            ask(greeting)
            assert len(session.calls()) == 2

        def test_unmarked(cassette):
            greeting, session = cassette
            ask(greeting)
            assert len(session.calls()) == 1
        """
    )

    project.run(passed=2)
    run = project.run("--cassette-strict", passed=2)

    assert run.live == ["automatic"]


def test_a_fixture_that_hides_ours_does_not_hide_the_session(project):
    """A marked test never runs without one: that would be paid for, unnoticed."""
    project.test(
        """
        @pytest.fixture
        def cassette():
            return "a music cassette"

        @pytest.mark.cassette
        def test_plan(cassette):
            assert cassette == "a music cassette"
            ask("hello")
        """
    )

    project.run(passed=1)
    run = project.run("--cassette-strict", passed=1)

    assert run.live == []


@pytest.mark.parametrize("where", ["conftest.py", "test_it.py"])
def test_a_fixture_of_that_name_that_has_nothing_to_do_with_us(project, where):
    """A project may call other things a cassette: nothing changes for it."""
    music = """
        import pytest

        @pytest.fixture
        def cassette():
            return "a music cassette"

        """
    test = """
        import pytest
        from agent import ask

        def test_music(cassette):
            assert cassette == "a music cassette"
            ask("hello")
        """
    project.write("conftest.py", music if where == "conftest.py" else "")
    for folder in ("one", "two"):
        project.write(f"{folder}/test_{folder}.py", music * (where != "conftest.py") + test)

    run = project.run(passed=2)

    assert (run.live, run.changed) == (["hello", "hello"], set())


def test_a_parameter_of_that_name_has_nothing_to_do_with_us(project):
    """So it is with parameters."""
    project.test(
        """
        @pytest.mark.parametrize("cassette", ["rock", "pop"])
        def test_music(cassette):
            ask(cassette)
        """
    )

    run = project.run(passed=2)

    assert (run.live, run.changed) == (["rock", "pop"], set())


def test_one_case_of_a_test_may_have_the_marker_alone(project):
    """Cases of a test share what pytest knows of its fixtures; a mark of one is not one of all."""
    project.test(
        """
        @pytest.mark.parametrize("prompt", ["a", pytest.param("b", marks=pytest.mark.cassette)])
        def test_plan(prompt):
            ask(prompt)
        """
    )

    project.run(passed=2)
    run = project.run(passed=2)

    assert run.live == ["a"]


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("def test_plan(around): ask('hello')", "errors"),
        ("def test_plan(request): request.getfixturevalue('around')", "failed"),
    ],
    ids=["from the start", "in the middle"],
)
def test_a_session_around_the_test_is_an_error_that_says_so(project, body, outcome):
    """Two sessions of one context would both want its calls."""
    project.test(
        f"""
        import agentcassette

        @pytest.fixture(scope="module")
        def around():
            with agentcassette.record("outer.json"):
                yield

        @pytest.mark.cassette
        {body}
        """
    )

    run = project.run(**{outcome: 1})

    assert "a session of outer.json is open in this context already" in run.text
    assert "_lifecycle.py" not in run.text
    assert "_run.py" not in run.text


def test_wider_fixtures_that_ask_for_each_other(project):
    """The session and the guard of the network go on once the outermost is there."""
    project.test(
        NAMES
        + """
    import socket

    @pytest.fixture(scope="session")
    def wider():
        ask("wider")

    @pytest.fixture(scope="module")
    def wide(wider):
        ask("wide")

    @pytest.mark.cassette(block_network=True)
    def test_plan(wide, cassette):
        ask("body")
        assert names(cassette) == ["body"]
        if cassette.mode == "none":
            socket.create_connection(("192.0.2.1", 80), timeout=1)
    """
    )

    first = project.run(passed=1)
    second = project.run("--record-mode=none", failed=1)

    assert first.live == ["wider", "wide", "body"]
    assert second.live == ["wider", "wide"]
    assert "network blocked in replay: connection to 192.0.2.1:80" in second.text


def test_what_is_wrong_with_one_cassette_is_the_matter_of_one_test(project):
    """The other cases of a test are set up as if nothing had happened."""
    project.test(
        """
        @pytest.mark.cassette
        @pytest.mark.parametrize("prompt", ["a", "b", "c"])
        def test_plan(prompt):
            ask(prompt)
        """
    )
    project.run(passed=3)
    project.write("cassettes/test_plan[a].json", "no JSON")

    run = project.run(passed=2, errors=1)

    assert run.live == []
    assert "assert not self._finalizers" not in run.text


def test_what_a_wider_fixture_replaces_is_intercepted_in_its_place(project):
    """It was there before the session, and is there after it."""
    project.write("model.py", "def answer(prompt):\n    return 'real ' + prompt\n")
    project.test(
        """
        import model

        @pytest.fixture(scope="module", autouse=True)
        def stand_in():
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(model, "answer", lambda prompt: "stand-in " + prompt)
                yield

        @pytest.mark.cassette(intercept="model:answer")
        @pytest.mark.parametrize("prompt", ["a", "b"])
        def test_plan(prompt, cassette):
            assert model.answer(prompt) == "stand-in " + prompt
            assert len(cassette.calls()) == 1

        def test_other():
            assert model.answer("c") == "stand-in c"
        """
    )

    project.run(passed=3)


def test_the_fixture_can_be_asked_for_when_others_are_torn_down(project):
    """By then pytest gives only what was there before, and the marker alone is enough for that."""
    project.test(
        """
        seen = []

        @pytest.fixture(autouse=True)
        def check(request):
            yield
            cassette = request.getfixturevalue("cassette")
            seen.append((cassette.path.stem, len(cassette.calls())))

        @pytest.mark.cassette
        def test_one():
            ask("one")

        @pytest.mark.cassette
        @pytest.mark.parametrize("prompt", ["a", "b"])
        def test_many(prompt):
            ask(prompt)

        @pytest.mark.cassette
        def test_two(cassette):
            ask("two")
            assert cassette.path.stem == "test_two"
            assert seen == [("test_one", 1), ("test_many[a]", 1), ("test_many[b]", 1)]
        """
    )

    project.run(passed=4)
    run = project.run("--record-mode=none", passed=4)

    assert run.live == []


@pytest.mark.parametrize("fixture", ["", "tmp_path"])
def test_what_hooks_call_at_the_end_of_the_set_up_is_in_the_session(project, fixture):
    """Whether the test has a fixture or not."""
    project.write(
        "conftest.py",
        """
        import pytest
        from agent import ask

        @pytest.hookimpl(trylast=True)
        def pytest_runtest_setup(item):
            ask("warm up")
        """,
    )
    project.test(
        f"""
        @pytest.mark.cassette(strict=True)
        def test_plan({fixture}):
            ask("body")
        """
    )

    project.run(passed=1)
    run = project.run("--record-mode=none", passed=1)

    assert run.live == []


def test_an_error_of_a_wider_fixture_comes_before_what_it_left_open(project):
    """It may be the cause."""
    project.test(
        """
        import agentcassette

        @pytest.fixture(scope="module")
        def around():
            agentcassette.record("outer.json").open()
            raise ValueError("the cause")

        @pytest.mark.cassette
        def test_plan(request):
            request.getfixturevalue("around")
        """
    )

    run = project.run("-p", "no:cacheprovider", subprocess=True, failed=1)

    assert "ValueError: the cause" in run.text


@pytest.mark.parametrize("fixture", ["", "tmp_path"])
def test_no_frame_of_ours_is_told_of(project, fixture):
    """Nor that there are any."""
    project.test(
        f"""
        @pytest.mark.cassette
        def test_plan({fixture}):
            ask("hello")
        """
    )
    project.write("cassettes/test_plan.json", "no JSON")

    run = project.run(errors=1)

    assert "no valid JSON" in run.text
    assert "raceback" not in run.text
    assert "plugin.py" not in run.text


@pytest.mark.parametrize("fixture", ["", "tmp_path"])
def test_a_marked_test_never_runs_without_a_session(project, fixture):
    """Also where somebody swallows what was wrong in its set-up."""
    project.write(
        "conftest.py",
        """
        import pytest

        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_setup(item):
            try:
                return (yield)
            except pytest.fail.Exception:
                pass
        """,
    )
    project.test(
        f"""
        @pytest.mark.cassette(intercept="agent:nothing")
        def test_plan({fixture}):
            ask("hello")
        """
    )

    run = project.run(failed=1)

    assert run.live == []
    assert "test_it.py::test_plan: intercept:" in run.text


def test_nothing_is_opened_where_fixtures_are_only_planned(project):
    """`--setup-plan` sets nothing up, so a cassette that can't be read is no error."""
    project.test(
        """
        @pytest.mark.cassette
        def test_plan():
            ask("hello")
        """
    )
    project.write("cassettes/test_plan.json", "no JSON")

    run = project.run("--setup-plan")

    assert run.code == pytest.ExitCode.OK
    assert run.changed == set()


@pytest.mark.parametrize("mark", ["skip", "skipif(True, reason='why not')"])
def test_nothing_is_opened_for_a_test_that_is_skipped(project, mark):
    """Nobody reads the cassette of a test that does not run."""
    project.test(
        f"""
        @pytest.mark.{mark}
        @pytest.mark.cassette
        def test_plan():
            ask("hello")
        """
    )
    project.write("cassettes/test_plan.json", "no JSON")

    project.run(skipped=1)


@pytest.mark.parametrize("scope", ["function", "module"])
def test_the_session_is_gone_after_an_interrupted_set_up(project, scope):
    """Calls that are made in this process later on are nobody's."""
    project.test(
        f"""
        @pytest.fixture(scope={scope!r})
        def broken():
            pytest.exit('enough')

        @pytest.mark.cassette
        def test_plan(broken):
            ask("hello")
        """
    )

    project.run()

    with agentcassette.record(project.path / "later.json"):
        pass


def test_there_is_no_session_where_a_class_can_not_be_set_up(project):
    """The test comes to none of its own fixtures then."""
    project.test(
        """
        class TestPlan:
            @classmethod
            def setup_class(cls):
                raise ValueError("no class")

            @pytest.mark.cassette
            def test_plan(self):
                ask("hello")

        def test_other():
            ask("other")
        """
    )

    run = project.run(errors=1, passed=1)

    assert run.live == ["other"]


def test_the_session_is_gone_after_the_test(project):
    """The next test without a cassette calls the real thing."""
    project.test(
        """
        @pytest.mark.cassette
        def test_one():
            ask("one")

        def test_two():
            ask("two")
        """
    )

    project.run(passed=2)
    run = project.run(passed=2)

    assert run.live == ["two"]


def test_a_doctest_is_refused(project):
    """It is no function, and nothing would tell how it went."""
    project.write("test_it.txt", '>>> cassette = getfixture("cassette")\n')

    run = project.run("-p", "doctest", "--doctest-glob=*.txt", failed=1)

    reason = "test_it.txt::test_it.txt: only a test that is a function or a method can have"
    assert reason in run.text
    assert "_planning.py" not in run.text
