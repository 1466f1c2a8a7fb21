"""Async tests: pytest-asyncio and anyio run them in tasks and contexts of their own.

Some versions of pytest-asyncio leave loops behind, so it runs in processes of its own.
"""

from __future__ import annotations

import pytest
import pytest_asyncio

# The version that goes with pytest 7.4 calls the scope of a test's loop otherwise.
IS_OLD = tuple(map(int, pytest_asyncio.__version__.split(".")[:2])) < (0, 24)
SCOPE = "scope" if IS_OLD else "loop_scope"
DEFAULT_SCOPE = () if IS_OLD else ("-o", "asyncio_default_fixture_loop_scope=function")
ASYNCIO = ("-p", "pytest_asyncio.plugin", *DEFAULT_SCOPE)


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_pytest_asyncio(project, mode):
    """In both modes, on loops of every scope, from tasks and from threads."""
    project.test(
        f"""
        import asyncio

        @pytest.mark.asyncio
        @pytest.mark.cassette(strict=True)
        async def test_function(cassette):
            answers = await asyncio.gather(*map(ask_async, ["one", "two", "three"]))
            assert [answer["text"] for answer in answers] == ["ONE", "TWO", "THREE"]
            assert len(cassette.calls()) == 3

        @pytest.mark.asyncio({SCOPE}="module")
        @pytest.mark.cassette(strict=True)
        async def test_module(cassette):
            await asyncio.get_running_loop().run_in_executor(None, ask, "thread")
            assert len(cassette.calls()) == 1

        @pytest.mark.asyncio({SCOPE}="session")
        @pytest.mark.cassette(strict=True)
        async def test_session(cassette):
            await asyncio.ensure_future(ask_async("task"))
            assert len(cassette.calls()) == 1
        """
    )
    options = (*ASYNCIO, "-o", f"asyncio_mode={mode}")

    first = project.run(*options, subprocess=True, passed=3)
    second = project.run(*options, subprocess=True, passed=3)

    assert first.live == ["one", "two", "three", "thread", "task"]
    assert second.live == []


def test_async_fixtures_of_pytest_asyncio(project):
    """Those of the test's own run in its session, wider ones outside."""
    project.test(
        f"""
        import pytest_asyncio

        @pytest_asyncio.fixture(scope="module"{"" if IS_OLD else ", loop_scope='module'"})
        async def wide():
            await ask_async("wide")

        @pytest_asyncio.fixture{"" if IS_OLD else "(loop_scope='module')"}
        async def greeting():
            yield await ask_async("set up")
            await ask_async("tear down")

        @pytest.mark.asyncio({SCOPE}="module")
        @pytest.mark.cassette(strict=True)
        async def test_plan(wide, greeting, cassette):
            await ask_async("body")
            assert [call.args for call in cassette.calls()] == [("set up",), ("body",)]
        """
    )

    project.run(*ASYNCIO, subprocess=True, passed=1)
    run = project.run(*ASYNCIO, subprocess=True, passed=1)

    assert run.live == ["wide"]


def test_anyio(project):
    """Its plugin runs tests and fixtures in one task."""
    project.test(
        """
        import anyio

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.fixture
        async def greeting():
            yield await ask_async("set up")
            await ask_async("tear down")

        @pytest.mark.anyio
        @pytest.mark.cassette(strict=True)
        async def test_plan(greeting, cassette):
            async with anyio.create_task_group() as group:
                group.start_soon(ask_async, "one")
                group.start_soon(ask_async, "two")
            await anyio.to_thread.run_sync(ask, "thread")
            assert len(cassette.calls()) == 4
        """
    )

    first = project.run("-p", "anyio", passed=1)
    second = project.run("-p", "anyio", passed=1)

    assert set(first.live) == {"set up", "one", "two", "thread", "tear down"}
    assert second.live == []


def test_a_swallowed_drift_of_an_async_test(project):
    """It fails as a sync one does."""
    test = """
        @pytest.mark.asyncio
        @pytest.mark.cassette(strict=True)
        async def test_plan():
            try:
                await ask_async("hello")
            except Exception:
                pass
        """
    project.test(test)
    project.run(*ASYNCIO, subprocess=True, passed=1)
    project.test(test.replace("hello", "good day"))

    run = project.run(*ASYNCIO, subprocess=True, failed=1)

    assert run.live == []
    assert "Replay diverged at step 0: ask_async differs at prompt" in run.lines
