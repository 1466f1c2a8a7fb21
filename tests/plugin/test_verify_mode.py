"""`--record-mode=verify`: the calls run for real, nothing is written, differences are told."""

from __future__ import annotations

import pytest

CACHED = ("-p", "cacheprovider")
XDIST = ("-p", "xdist", "-n", "2")

AGENT = '''
    from pathlib import Path

    from agentcassette import intercept

    ANSWERS = {}


    @intercept(kind="llm")
    def ask(prompt, *, api_key=None, account=None):
        """Stand for a model; what it answers is written to files."""
        with Path(__file__).with_name("live.txt").open("a") as file:
            file.write(f"{prompt}\\n")
        answer = {"text": prompt.upper(), "usage": {"input_tokens": 20, "output_tokens": 10}}
        return {**answer, **ANSWERS.get(prompt, {})}


    @intercept(kind="tool")
    def search(query):
        """Stand for a tool."""
        if query in ANSWERS:
            raise ANSWERS[query]
        return [f"about {query}"]
    '''

TEST = """
    @pytest.mark.cassette
    def test_plan():
        ask("one")
        search("two")

    @pytest.mark.cassette
    def test_other():
        ask("three")
    """


def answers(text):
    """The agent on another day."""
    return AGENT.replace("ANSWERS = {}", f"ANSWERS = {text}")


@pytest.fixture
def recorded(project):
    """A project whose tests have cassettes."""
    project.write("agent.py", AGENT)
    project.edit("pytest.ini", "[pytest]\n", "[pytest]\ncassette_stale = ignore\n")
    project.test(TEST)
    project.run(passed=2)
    return project


def test_a_cassette_that_still_holds(recorded):
    """All calls are made, and paid for; what a model says may differ."""
    recorded.write("agent.py", AGENT.replace("prompt.upper()", "prompt.title()"))

    run = recorded.run("--record-mode=verify", passed=2)

    assert sorted(run.live) == ["one", "three"]
    assert run.changed == set()
    assert "cassettes: 2 verified" in run.lines
    assert "differs" not in run.text


def test_a_cassette_that_differs(recorded):
    """The test passes, and the summary names it, with the first of its differences."""
    recorded.write(
        "agent.py",
        answers('{"one": {"text": None, "cost": 1.5}, "two": KeyError("no such place")}'),
    )
    recorded.edit("test_it.py", 'search("two")', 'pytest.raises(KeyError, search, "two")')

    run = recorded.run("--record-mode=verify", "--cassette-report", passed=2)

    assert run.changed == set()
    at = run.lines.index("cassettes: 1 verified, 1 differing")
    assert run.lines[at + 1 : at + 4] == [
        "today's run differs; if that is right, record it with",
        "pytest --record-mode=all test_it.py::test_plan",
        "step 0, ask: result.text: a text -> nothing (and 2 more)",
    ]
    at = next(i for i, line in enumerate(run.lines) if line.startswith("differs "))
    assert run.lines[at].endswith("test_it.py::test_plan")
    assert run.lines[at + 1 : at + 4] == [
        "step 0, ask: result.text: a text -> nothing",
        "step 0, ask: result.cost is new (a number)",
        "step 1, search: raises KeyError today: 'no such place'",
    ]


def test_calls_and_tokens_that_differ(recorded):
    """New calls, dropped calls, other arguments, and a bill that has doubled."""
    usage = '{"usage": {"input_tokens": 20, "output_tokens": 310}}'
    recorded.write("agent.py", answers(f'{{"one": {usage}}}'))
    recorded.edit("test_it.py", 'search("two")', 'ask("four")')
    recorded.edit("test_it.py", 'ask("three")', 'ask("five")')

    run = recorded.run("--record-mode=verify", "--cassette-report", passed=2)

    for line in (
        'step 0, ask: prompt: "three" -> "five"',
        "step 1 of today, ask: not on tape",
        "step 1, search: not called today",
        "tokens out: 14 -> 320, most of it in step 0, ask (10 -> 310)",
    ):
        assert line in run.lines


def test_without_a_cassette_no_call_is_made(project):
    """In one line, and with what to do; not even where the agent catches the error."""
    project.write("agent.py", AGENT)
    project.test(
        """
        @pytest.mark.cassette
        def test_plan():
            ask("one")

        @pytest.mark.cassette
        def test_caught():
            try:
                ask("one")
            except Exception:
                pass

        @pytest.mark.cassette
        def test_nothing():
            pass
        """
    )

    run = project.run(*CACHED, "--record-mode=verify", passed=1, failed=2)

    assert run.live == []
    assert not any(name.startswith("cassettes/") for name in run.changed)
    assert (
        "E       agentcassette.CassetteNotFound: no cassette at cassettes/test_plan.json and"
        " --record-mode=verify: record it with pytest --record-mode=all test_it.py::test_plan"
    ) in run.text
    assert "cassettes: 2 without a cassette" in run.lines


def test_nothing_is_kept_of_a_test_that_fails(recorded):
    """Not in the cassette, not in the cache; that it fails today is a difference of its own."""
    recorded.edit("test_it.py", 'search("two")', "assert False")

    run = recorded.run(*CACHED, "--record-mode=verify", passed=1, failed=1)

    assert not any(name.endswith(".json") for name in run.changed)
    assert not any("agentcassette-pending" in name for name in run.changed)
    at = run.lines.index("pytest --record-mode=all test_it.py::test_plan")
    assert run.lines[at + 1] == "the test fails today"


def test_a_test_that_fails_is_told_what_differs(recorded):
    """It is the likeliest reason."""
    recorded.write("agent.py", answers('{"one": {"text": None}}'))
    recorded.edit("test_it.py", 'ask("one")', 'assert ask("one")["text"]')

    run = recorded.run("--record-mode=verify", passed=1, failed=1)

    at = next(i for i, line in enumerate(run.lines) if "today's run differs from the c" in line)
    assert run.lines[at + 1] == "step 0, ask: result.text: a text -> nothing"
    assert "step 0, ask: result.text: a text -> nothing (and 1 more)" in run.lines


def test_a_test_that_fails_as_expected_is_verified(recorded):
    """It failed when it was recorded, too."""
    recorded.edit("test_it.py", 'search("two")', 'search("two"); assert False')
    recorded.edit("test_it.py", "def test_plan", "@pytest.mark.xfail\ndef test_plan")

    run = recorded.run("--record-mode=verify", passed=1, xfailed=1)

    assert "cassettes: 2 verified" in run.lines


def test_a_skipped_test_is_not_verified(recorded):
    """It says nothing about its cassette."""
    recorded.edit("test_it.py", 'ask("one")', 'pytest.skip("not today")')

    run = recorded.run("--record-mode=verify", passed=1, skipped=1)

    assert "cassettes: 1 verified" in run.lines


def test_secrets_are_not_told(recorded):
    """Neither today's nor those on tape, also by the names that the cassette alone knows."""
    recorded.test(
        """
        @pytest.mark.cassette(redact="account")
        def test_plan():
            ask("one", api_key="key-then", account="account-then")
        """
    )
    recorded.run("--record-mode=all", passed=1)
    recorded.edit("test_it.py", '(redact="account")', "")
    recorded.edit("test_it.py", "key-then", "key-now")
    recorded.edit("test_it.py", "account-then", "account-now")
    same = recorded.run("--record-mode=verify", passed=1)
    recorded.edit("test_it.py", '"one"', '"sk-proj-abcdefghijklmnopqrstuvwxyz012345"')

    run = recorded.run("--record-mode=verify", "--cassette-report", passed=1)

    assert "cassettes: 1 verified" in same.lines
    assert 'step 0, ask: prompt: "one" -> "****"' in run.lines
    for secret in ("key-then", "key-now", "account-then", "account-now", "sk-proj"):
        assert secret not in run.text


def test_what_is_not_compared_in_a_replay_is_not_compared(recorded):
    """`ignore` and `live` hold as ever."""
    recorded.test(
        """
        @pytest.mark.cassette(ignore="kwargs.account", live="tool")
        def test_plan():
            ask("one", account=1)
            search("two")
        """
    )
    recorded.run("--record-mode=all", passed=1)
    recorded.edit("test_it.py", "account=1", "account=2")
    recorded.edit("test_it.py", '"two"', '"three"')

    run = recorded.run("--record-mode=verify", passed=1)

    assert "cassettes: 1 verified" in run.lines


@pytest.mark.parametrize("workers", [[], [*XDIST]], ids=["alone", "-n 2"])
def test_the_workers_tell_the_controller(recorded, workers):
    """The outcomes and the differences come together there."""
    recorded.write("agent.py", answers('{"one": {"text": None}, "three": {"text": 3}}'))

    run = recorded.run(*workers, "--record-mode=verify", passed=2)

    assert run.changed == set()
    assert "cassettes: 2 differing" in run.lines
    at = run.lines.index("pytest --record-mode=all test_it.py::test_other")
    assert run.lines[at + 1] == "step 0, ask: result.text: a text -> a number"


def test_streams_and_tasks_are_verified(recorded):
    """Chunks are items of a list; calls that run at the same time may come in any order."""
    recorded.write(
        "streams.py",
        """
        import asyncio
        from agentcassette import intercept

        @intercept(kind="llm")
        def chat(prompt):
            yield {"delta": prompt}
            yield {"delta": "", "usage": {"input_tokens": 1, "output_tokens": 2}}

        @intercept(kind="tool")
        async def look(place, seconds):
            await asyncio.sleep(seconds)
            return {"place": place}

        async def both(places):
            await asyncio.gather(*[look(place, 0) for place in places])
        """,
    )
    recorded.test(
        """
        from streams import *

        @pytest.mark.cassette
        def test_plan():
            list(chat("hello"))
            asyncio.run(both("ab"))
        """
    )
    recorded.run("--record-mode=all", passed=1)
    recorded.edit("test_it.py", '"ab"', '"ba"')
    same = recorded.run("--record-mode=verify", passed=1)
    recorded.edit("streams.py", 'yield {"delta": prompt}', "yield prompt")
    recorded.edit("streams.py", 'yield {"delta": "", ', "yield {")

    run = recorded.run("--record-mode=verify", "--cassette-report", passed=1)

    assert "cassettes: 1 verified" in same.lines
    assert "step 0, chat: result[].delta is gone (a text)" in run.lines


def test_calls_of_the_clean_up_are_verified(recorded):
    """The session is open until the other fixtures of the test are gone."""
    recorded.test(
        """
        @pytest.fixture
        def agent():
            yield
            ask("goodbye")

        @pytest.mark.cassette
        def test_plan(agent):
            ask("hello")
        """
    )
    recorded.run("--record-mode=all", passed=1)
    recorded.edit("test_it.py", '"goodbye"', '"good night"')

    run = recorded.run("--record-mode=verify", "--cassette-report", passed=1)

    assert 'step 1, ask: prompt: "goodbye" -> "good night"' in run.lines


def test_a_file_that_is_no_cassette_is_an_error(recorded):
    """As in every mode, and before any call is made."""
    recorded.write("cassettes/test_plan.json", "{}")

    run = recorded.run("--record-mode=verify", passed=1, errors=1)

    assert run.live == ["three"]
    assert "1 unusable" in run.text
    assert "pytest --record-mode=all test_it.py::test_plan" in run.lines


def test_the_mode_can_stand_in_the_ini_file_and_on_the_marker(recorded):
    """It is a mode like any other."""
    recorded.test(
        """
        @pytest.mark.cassette
        def test_plan(cassette):
            assert cassette.mode == "verify"
            ask("one")
            search("two")

        @pytest.mark.cassette(record_mode="verify")
        def test_other(cassette):
            assert cassette.mode == "verify"
            ask("four")
        """
    )

    run = recorded.run("-o", "cassette_record_mode=verify", passed=2)

    assert "cassettes: 1 verified, 1 differing" in run.lines


@pytest.mark.parametrize(("mode", "live"), [("none", []), ("once", []), ("all", ["one"])])
def test_a_marker_with_a_mode_keeps_it(recorded, mode, live):
    """Only none on the command line beats a marker."""
    marker = f"@pytest.mark.cassette(record_mode={mode!r})"
    recorded.edit("test_it.py", "def test_plan", f"{marker}\ndef test_plan")

    run = recorded.run("--record-mode=verify", passed=2)

    assert [prompt for prompt in run.live if prompt == "one"] == live
    assert "1 verified" in run.text


def test_nothing_is_saved_and_what_was_paid_is_the_cost(recorded):
    """The table tells what the night cost."""
    run = recorded.run("--record-mode=verify", "--cassette-report", passed=2)

    assert "not spent" not in run.text
    assert any(line.startswith("total         3         41   24     65") for line in run.lines)


def test_a_drift_is_no_longer_remembered_where_the_cassette_holds(recorded):
    """A replay would not drift either."""
    memory = recorded.path / ".pytest_cache/v/agentcassette/drifted"
    recorded.edit("test_it.py", '"one"', '"four"')
    recorded.run(*CACHED, "--record-mode=none", passed=2)
    assert "test_plan" in memory.read_text()
    recorded.run(*CACHED, "--record-mode=verify", passed=2)
    assert "test_plan" in memory.read_text()
    recorded.edit("test_it.py", '"four"', '"one"')

    recorded.run(*CACHED, "--record-mode=verify", passed=2)

    assert "test_plan" not in memory.read_text()


def test_the_last_attempt_counts(recorded):
    """A rerun is compared afresh."""
    recorded.test(
        """
        attempts = []

        @pytest.mark.cassette
        def test_other():
            attempts.append(1)
            ask("three" if len(attempts) > 1 else "four")
            assert len(attempts) > 1
        """
    )

    run = recorded.run(
        *("-p", "pytest_rerunfailures", "--reruns=1", "--record-mode=verify"), passed=1, rerun=1
    )

    assert run.live == ["four", "three"]
    assert "cassettes: 1 verified" in run.lines
