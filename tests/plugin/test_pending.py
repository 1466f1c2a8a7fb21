"""What a failed test has paid for: kept in pytest's cache, and used by the next run."""

from __future__ import annotations

import pytest

TEST = """
@pytest.mark.cassette
def test_plan():
    ask("a")
    ask("b")
    assert {good}
"""

CACHED = ("-p", "cacheprovider")


@pytest.fixture
def cached(project):
    """Give a project whose runs have a cache, and a way to run it."""

    def run(*args, **outcomes):
        return project.run(*CACHED, *args, **outcomes)

    project.run_cached = run
    return project


def test_the_next_run_does_not_pay_again(cached):
    """The test was mended, and not the agent."""
    cached.test(TEST.format(good=False))
    first = cached.run_cached(failed=1)
    cached.test(TEST.format(good=True))
    second = cached.run_cached(passed=1)

    assert first.live == ["a", "b"]
    assert "cassettes/test_plan.json" not in first.changed
    assert second.live == []
    assert "cassettes/test_plan.json" in second.changed
    assert cached.cassette("cassettes/test_plan.json").num_steps == 2


def test_the_summary_says_so(cached):
    """Whoever sees a red test wants to know what it costs to go on."""
    cached.test(TEST.format(good=False))
    first = cached.run_cached(failed=1)
    cached.test(TEST.format(good=True))
    second = cached.run_cached(passed=1)

    at = first.lines.index("cassettes: 1 pending")
    assert first.lines[at + 1 : at + 3] == [
        "failed; what was paid for is kept, and used when the test runs again, with",
        "pytest test_it.py::test_plan  (60 tokens)",
    ]
    at = second.lines.index("cassettes: 1 recorded; 60 tokens and 0.0s of live calls not spent")
    assert second.lines[at + 1] == "2 calls answered from what failed runs had left"


def test_what_is_still_pending_is_still_said(cached):
    """The second run paid for nothing, and yet there is no cassette."""
    cached.test(TEST.format(good=False))
    cached.run_cached(failed=1)
    second = cached.run_cached(failed=1)

    at = second.lines.index("cassettes: 1 pending; 60 tokens and 0.0s of live calls not spent")
    assert second.lines[at + 1 : at + 4] == [
        "failed; what was paid for is kept, and used when the test runs again, with",
        "pytest test_it.py::test_plan",
        "2 calls answered from what failed runs had left",
    ]


def test_the_command_that_goes_on_has_the_mode_of_the_run(cached):
    """Another mode would replay the old cassette, or start afresh."""
    cached.test(TEST.format(good=True))
    cached.run_cached(passed=1)
    cached.test(TEST.replace('"b"', '"c"').format(good=False))

    run = cached.run_cached("--record-mode=update", failed=1)

    assert "pytest --record-mode=update test_it.py::test_plan  (30 tokens)" in run.lines


def test_a_cassette_that_can_not_be_written_leaves_what_was_paid_for(cached):
    """The test has passed, and its next run needs no call."""
    blocking = 'open("cassettes", "w").close()'
    cached.test(TEST.format(good=blocking + " is None"))
    first = cached.run_cached(passed=1, errors=1)
    (cached.path / "cassettes").unlink()
    cached.test(TEST.format(good=True))
    second = cached.run_cached(passed=1)

    assert "the cassette can't be written" in first.text
    assert "cassettes: 1 pending" in first.lines
    assert (first.live, second.live) == (["a", "b"], [])


def test_an_update_goes_on_where_it_failed(cached):
    """The cassette stays as it was until the test passes."""
    cached.test(TEST.format(good=True))
    cached.run_cached(passed=1)
    cached.test(TEST.replace('ask("b")', 'ask("c"); ask("d")').format(good=False))
    failed = cached.run_cached("--record-mode=update", failed=1)
    cached.test(TEST.replace('ask("b")', 'ask("c"); ask("d")').format(good=True))
    passed = cached.run_cached("--record-mode=update", passed=1)

    assert failed.live == ["c", "d"]
    assert "cassettes/test_plan.json" not in failed.changed
    assert passed.live == []
    assert cached.cassette("cassettes/test_plan.json").num_steps == 3


def test_all_and_reruns_start_afresh(cached):
    """A flaky model may answer otherwise the next time."""
    cached.plugins += ["rerunfailures"]
    cached.test(TEST.format(good=False))
    rerun = cached.run_cached("--reruns=1", failed=1, rerun=1)
    again = cached.run_cached("--record-mode=all", failed=1)

    assert rerun.live == ["a", "b"] * 2
    assert again.live == ["a", "b"]


def test_tests_that_share_a_cassette_do_not_share_what_is_pending(cached):
    """Each has made calls of its own."""
    cached.test(
        """
        @pytest.mark.cassette("shared.json")
        @pytest.mark.parametrize("word", ["a", "b"])
        def test_it(word):
            ask(word)
            assert False
        """
    )
    cached.run_cached(failed=2)
    again = cached.run_cached(failed=2)

    assert again.live == []


def test_without_a_cache_it_is_said(project):
    """What is lost is paid for twice."""
    project.test(TEST.format(good=False))
    run = project.run(failed=1)

    at = run.lines.index("cassettes: 1 not written")
    assert run.lines[at + 1 : at + 3] == [
        "failed; what was paid for is lost, as there is no cache folder to keep it in",
        "test_it.py::test_plan  (60 tokens)",
    ]


def test_a_skipped_test_keeps_what_it_has_paid_for(cached):
    """It writes nothing and owes nothing."""
    cached.test(
        """
        @pytest.mark.cassette
        def test_plan():
            ask("a")
            pytest.skip("not today")
        """
    )
    cached.run_cached(skipped=1)
    again = cached.run_cached(skipped=1)

    assert again.live == []


def test_a_cache_that_can_not_be_written_fails_the_test(cached):
    """What was paid for is lost, and that is told at once."""
    cached.test(
        """
        import shutil
        from pathlib import Path

        @pytest.mark.cassette
        def test_plan(request):
            ask("a")
            folder = request.config.cache.mkdir("agentcassette-pending")
            shutil.rmtree(folder)
            Path(folder).write_text("")
            assert False
        """
    )
    run = cached.run_cached(failed=1, errors=1)

    assert "the calls can't be kept" in run.text


def test_under_xdist(cached):
    """The workers share the cache."""
    cached.plugins += ["xdist.plugin", "xdist.looponfail"]
    cached.test(
        """
        @pytest.mark.cassette
        @pytest.mark.parametrize("word", list("abcd"))
        def test_it(word):
            ask(word)
            assert False
        """
    )
    first = cached.run_cached("-n2", failed=4, subprocess=True)
    again = cached.run_cached("-n2", failed=4, subprocess=True)

    assert sorted(first.live) == list("abcd")
    assert again.live == []


def test_a_cache_that_can_not_be_written(cached):
    """A checkout may be mounted to be read only: a failure keeps nothing."""
    cached.write(".pytest_cache", "no folder")
    cached.test(TEST.format(good=False))
    failed = cached.run_cached("-W", "ignore", failed=1)
    cached.test(TEST.format(good=True))
    passed = cached.run_cached("-W", "ignore", passed=1)
    replayed = cached.run_cached("-W", "ignore", "--record-mode=none", passed=1)

    assert "cassettes: 1 not written" in failed.lines
    assert passed.live == failed.live == ["a", "b"]
    assert replayed.live == []
