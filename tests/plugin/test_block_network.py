"""A replay that connects to anything but this machine fails, whatever became of the error."""

from __future__ import annotations

import pytest

from pytest_agentcassette._network import _guards

BLOCK = "--cassette-block-network"

REFUSED = "network blocked in replay: connection to 198.51.100.1:9"

CAUGHT = "The code under test caught this error and went on."

TEST = """
    {above}

    @pytest.mark.cassette
    def test_plan({arguments}):
        ask("hello")
        {then}
    """

FIXTURE = """
    @pytest.fixture{scope}
    def client():
        {before}
        yield
        {after}
    """


@pytest.fixture
def recorded(connected):
    """Give a function that records a test, and lets it do something else from then on."""

    def record(then, *, above="", arguments=""):
        connected.test(TEST.format(above="", arguments="", then=""))
        connected.run(passed=1)
        connected.test(TEST.format(above=above, arguments=arguments, then=then))
        return connected

    return record


def details(run):
    """Tell what a run printed before its summary, which names each failure once more."""
    return run.text.partition("short test summary")[0]


def test_a_connection_fails_the_test_where_it_is_made(recorded):
    """The error says what, where from, in which test, and what to do; no frame of ours is shown."""
    project = recorded("fetch('http://198.51.100.1/v1')")

    run = project.run(BLOCK, failed=1)

    assert [line[1:].strip() for line in run.lines if line.startswith("E ")] == [
        "agentcassette.LiveCallBlocked: network blocked in replay: connection to 198.51.100.1:80",
        "called at agent.py:28 in fetch",
        "test: test_it.py::test_plan",
        (
            "intercept what needs it and record that (pytest --record-mode=update"
            " test_it.py::test_plan), or let the test connect, with block_network=False on its"
            " marker"
        ),
    ]
    assert "FAILED test_it.py::test_plan - agentcassette.LiveCallBlocked: network blocked" in (
        run.text
    )
    assert "_network.py" not in run.text
    assert CAUGHT not in run.text


def test_a_swallowed_one_fails_it_all_the_same(recorded):
    """It is F, not E, and it is said once, however often the agent tried again."""
    project = recorded("swallow(fetch, 'https://api.example.invalid/v1')")

    run = project.run(BLOCK, failed=1)

    assert "network blocked in replay: lookup of api.example.invalid:443" in run.lines
    assert "called at agent.py:28 in fetch" in run.lines
    assert CAUGHT in run.lines
    assert run.text.count("lookup of api.example.invalid:443") == 1
    assert "FAILED test_it.py::test_plan - agentcassette.LiveCallBlocked: network blocked" in (
        run.text
    )


def test_several_are_all_named(recorded):
    """The first one is the error, the others stand below it."""
    project = recorded("swallow(reach), swallow(reach, '198.51.100.2'), swallow(reach)")

    run = project.run(BLOCK, failed=1)

    assert run.text.count("connection to 198.51.100.1:9") == 1
    assert run.text.count("connection to 198.51.100.2:9") == 1
    assert run.text.count("agentcassette: this was refused as well") == 1


def test_an_error_of_the_test_comes_first(recorded):
    """What was refused may be the reason, so it is told as well."""
    project = recorded("assert swallow(reach)")

    run = project.run(BLOCK, failed=1)

    assert "FAILED test_it.py::test_plan - assert None" in run.text
    assert "agentcassette: this was refused as well" in run.text
    assert REFUSED in run.lines


def test_a_drift_comes_first_as_well(recorded):
    """A test that fails for one of the two tells of both."""
    project = recorded("swallow(reach); swallow(ask, 'bye')")
    project.edit("test_it.py", "mark.cassette", "mark.cassette(strict=True)")

    run = project.run(BLOCK, failed=1)

    assert "FAILED test_it.py::test_plan - agentcassette.ReplayExhausted" in run.text
    assert REFUSED in run.lines


def test_an_error_that_tells_of_it_needs_no_note(recorded):
    """An SDK puts an error of its own around everything."""
    project = recorded(
        """
        try:
            reach()
        except Exception as error:
            raise RuntimeError("connection error") from error
        """
    )

    run = project.run(BLOCK, failed=1)

    assert "RuntimeError: connection error" in run.text
    assert "as well" not in run.text


def test_a_test_that_gives_up_fails(recorded):
    """To skip when the model can't be reached is what a test does with the network."""
    project = recorded("swallow(reach) or pytest.skip('no network')")

    run = project.run(BLOCK, failed=1)

    assert REFUSED in run.lines
    assert CAUGHT in run.lines
    assert "FAILED test_it.py::test_plan - agentcassette.LiveCallBlocked" in run.text


@pytest.mark.parametrize("then", ["swallow(reach)", "swallow(reach); assert 0"])
def test_an_expected_failure_stays_one(recorded, then):
    """The test failed as it should; neither its body nor its clean-up is any worse for it."""
    project = recorded(then, above="@pytest.mark.xfail")

    project.run(BLOCK, xfailed=1)


@pytest.mark.parametrize(
    ("before", "after", "outcomes"),
    [
        ("reach()", "", {"errors": 1}),
        ("swallow(reach)", "", {"failed": 1}),
        ("swallow(reach); pytest.skip()", "", {"errors": 1}),
        ("swallow(reach); assert 0", "", {"errors": 1}),
        ("", "reach()", {"passed": 1, "errors": 1}),
        ("", "swallow(reach)", {"passed": 1, "errors": 1}),
        ("", "swallow(reach); assert 0", {"passed": 1, "errors": 1}),
    ],
)
def test_the_fixtures_of_the_test_are_part_of_it(recorded, before, after, outcomes):
    """What they connect to is told, once, in set-up as in clean-up."""
    fixture = FIXTURE.format(scope="", before=before, after=after)
    project = recorded("", above=fixture, arguments="client")

    run = project.run(BLOCK, **outcomes)

    assert details(run).count(REFUSED) == 1


def test_what_the_body_was_told_of_is_not_told_again(recorded):
    """The clean-up tries the same, at the same line."""
    project = recorded(
        "swallow(reach)",
        above=FIXTURE.format(scope="", before="", after="swallow(reach)"),
        arguments="client",
    )

    run = project.run(BLOCK, failed=1)

    assert details(run).count(REFUSED) == 1


def test_a_fixture_of_a_wider_scope_is_not(recorded):
    """It runs outside of the test's session, also where the test asks for it late."""
    project = recorded(
        "request.getfixturevalue('client'); swallow(reach, '198.51.100.2')",
        above=FIXTURE.format(scope="(scope='module')", before="reach()", after="reach()"),
        arguments="request",
    )

    run = project.run(BLOCK, failed=1)

    assert "connection to 198.51.100.2:9" in run.text
    assert REFUSED not in run.text


SITES = {
    "a thread": ("in_thread(reach)", "called at agent.py:23 in reach"),
    "a pool that runs a function of the library": (
        "in_pool(socket.getaddrinfo, 'api.example.invalid', 80)",
        "called while agent.py:50 in in_pool was waiting",
    ),
    "a coroutine": (
        "asyncio.run(look_up('api.example.invalid'))",
        "called while agent.py:55 in look_up was waiting",
    ),
    "a task of aiohttp": (
        "asyncio.run(ask_with_aiohttp('http://api.example.invalid/'))",
        "called while agent.py:61 in ask_with_aiohttp was waiting",
    ),
    "a task group of anyio": (
        "asyncio.run(ask_with_httpx('http://198.51.100.1/'))",
        "called while agent.py:67 in ask_with_httpx was waiting",
    ),
    "requests": (
        "requests.get('http://198.51.100.1/')",
        "called at test_it.py:10 in <lambda>",
    ),
}


@pytest.mark.parametrize(("then", "site"), SITES.values(), ids=SITES)
def test_the_call_site_is_found_whoever_connects(recorded, then, site):
    """It is a line of the project, also where the connection is made on a stack of its own."""
    project = recorded(f"swallow(lambda: {then})")

    run = project.run(BLOCK, failed=1)

    assert site in run.lines
    assert CAUGHT in run.lines


@pytest.mark.parametrize("base", ["TestCase", "IsolatedAsyncioTestCase"])
@pytest.mark.parametrize(
    ("then", "message"),
    [
        ("reach()", "E           agentcassette.LiveCallBlocked: network blocked"),
        ("swallow(reach)", CAUGHT),
        ("swallow(reach) or self.fail('no')", "agentcassette: this was refused as well"),
        ("swallow(reach) or self.skipTest('no')", CAUGHT),
    ],
)
def test_cases_of_unittest(connected, base, then, message):
    """They keep their errors to themselves until they are over."""
    test = f"""
        import unittest

        @pytest.mark.cassette
        class TestPlan(unittest.{base}):
            def test_plan(self):
                ask("hello")
                THEN
        """
    connected.test(test.replace("THEN", ""))
    connected.run(passed=1)
    connected.test(test.replace("THEN", then))

    run = connected.run(BLOCK, failed=1)

    assert message in run.text
    assert details(run).count("connection to 198.51.100.1:9") == 1


def test_a_subtest_tells_of_its_own(connected):
    """What another one swallowed is told in the end."""
    connected.test(
        """
        import unittest

        @pytest.mark.cassette(record_mode="none")
        class TestPlan(unittest.TestCase):
            def test_plan(self):
                with self.subTest("one"):
                    swallow(reach)
                with self.subTest("two"):
                    reach("198.51.100.2")
        """
    )

    run = connected.run(BLOCK)

    assert details(run).count("connection to 198.51.100.1:9") == 1
    assert "connection to 198.51.100.2:9" in details(run)


def test_workers_of_xdist(recorded):
    """The error comes back to the controller whole."""
    project = recorded("swallow(reach)")

    run = project.run(BLOCK, "-p", "xdist", "-n2", failed=1)

    assert REFUSED in run.lines
    assert "called at agent.py:23 in reach" in run.lines


def test_every_rerun_is_guarded(recorded):
    """A refusal is no flake."""
    project = recorded("swallow(reach)")

    run = project.run(BLOCK, "-p", "pytest_rerunfailures", "--reruns=2", failed=1, rerun=2)

    assert REFUSED in run.lines


def test_a_rerun_starts_afresh(recorded):
    """An attempt that was refused nothing passes."""
    project = recorded(
        "attempts.append(1); len(attempts) > 1 or swallow(reach)", above="attempts = []"
    )

    project.run(BLOCK, "-p", "pytest_rerunfailures", "--reruns=2", passed=1, rerun=1)


def test_a_run_inside_of_a_test_is_part_of_it(connected):
    """It has no guard of its own, so that of the test around it decides, and tells of it."""
    connected.test(
        """
        INNER = "from agent import *\\ndef test_inner(): swallow(reach)"

        @pytest.mark.cassette
        def test_outer(pytester):
            pytester.makepyfile(INNER)
            run = pytester.runpytest("-p", "pytest_agentcassette.plugin")
            run.assert_outcomes(passed=1)
        """
    )

    run = connected.run(BLOCK, "--record-mode=none", "-p", "pytester", failed=1)

    assert REFUSED in run.lines
    assert "test: test_it.py::test_outer" in run.lines


def test_nobody_guards_when_the_run_is_over(recorded):
    """Whatever became of its tests; so nothing of the run is kept alive."""
    project = recorded("pytest.exit('enough')")

    project.run(BLOCK)

    assert _guards() == []
