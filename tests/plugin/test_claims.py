"""Which test a cassette belongs to."""

from __future__ import annotations

import pytest

from pytest_agentcassette._claims import Claim, Clash, clashes, is_defined
from pytest_agentcassette._location import Location

MODULE = """
def test_function():
    pass

async def test_async():
    pass

if __name__ == "somewhere":
    try:
        def test_conditional():
            pass
    except ImportError:
        class TestConditional:
            def test_method(self):
                pass

class TestOuter:
    def test_method(self):
        pass

    class TestInner:
        def test_method(self):
            pass
"""


def claim(test, path, *, explicit=False):
    """A claim of a test to a file."""
    return Claim(test, Location(path, None, explicit=explicit))


@pytest.mark.parametrize(
    ("claims", "expected"),
    {
        "files of their own": ([claim("a", "a.json"), claim("b", "b.json")], []),
        "one file": (
            [claim("a", "x.json"), claim("b", "x.json")],
            [Clash("x.json", ("a", "b"))],
        ),
        "one file but for the case": (
            [claim("a", "x.json"), claim("b", "X.json")],
            [Clash("x.json", ("a", "b"))],
        ),
        "one file but for the way an accent is written": (
            [claim("a", "\u00e9.json"), claim("b", "e\u0301.json")],
            [Clash("\u00e9.json", ("a", "b"))],
        ),
        "both chose it": (
            [claim("a", "x.json", explicit=True), claim("b", "x.json", explicit=True)],
            [],
        ),
        "one chose it": ([claim("a", "x.json", explicit=True), claim("b", "x.json")], []),
        "one test, collected twice": ([claim("a", "x.json"), claim("a", "x.json")], []),
        "three, and two others": (
            [claim(test, path) for test, path in zip("abcde", "xyxyx")],
            [Clash("x", ("a", "c", "e")), Clash("y", ("b", "d"))],
        ),
    }.values(),
    ids=[
        "files of their own",
        "one file",
        "one file but for the case",
        "one file but for the way an accent is written",
        "both chose it",
        "one chose it",
        "one test, collected twice",
        "three, and two others",
    ],
)
def test_clashes(claims, expected):
    """Files that tests share without having chosen them."""
    assert clashes(claims) == expected


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("test_it.py::test_function", True),
        ("test_it.py::test_function[1-a]", True),
        ("test_it.py::test_function[a::b]", True),
        ("test_it.py::test_async", True),
        ("test_it.py::test_conditional", True),
        ("test_it.py::TestConditional::test_method", True),
        ("test_it.py::TestOuter", True),
        ("test_it.py::TestOuter::test_method", True),
        ("test_it.py::TestOuter::TestInner::test_method", True),
        ("test_it.py::test_method", False),
        ("test_it.py::TestOther::test_method", False),
        ("test_it.py::TestOuter::test_function", False),
        ("test_gone.py::test_function", False),
        ("broken.py::test_function", False),
        ("test_it.py", False),
    ],
)
def test_whether_a_test_is_still_written_down(tmp_path, test, expected):
    """Told by its module, without importing it."""
    (tmp_path / "test_it.py").write_text(MODULE)
    (tmp_path / "broken.py").write_text("def test_function(:")

    assert is_defined(test, tmp_path) is expected
