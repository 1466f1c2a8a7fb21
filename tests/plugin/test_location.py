"""From the names of a test to the path of its cassette."""

from __future__ import annotations

import ntpath
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentcassette._location import Location, NameParts, locate

ROOT = Path("/project").absolute()
FOLDER = ROOT / "tests" / "unit"
LONGEST = 143  # bytes, of a file name on the tightest file system


def name_of(function="test_plan", parameters="", classes=()):
    """The name of a test's cassette."""
    location = locate(NameParts(classes, function, parameters), folder=FOLDER, root=ROOT)
    assert Path(location.path).parent == FOLDER / "cassettes"
    return Path(location.path).name


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({}, "test_plan.json"),
        ({"parameters": "[1-fast]"}, "test_plan[1-fast].json"),
        ({"classes": ["TestTrip"]}, "TestTrip.test_plan.json"),
        ({"classes": ["TestOuter", "TestInner"]}, "TestOuter.TestInner.test_plan.json"),
        ({"function": "test_größe"}, "test_größe.json"),
        ({"function": "test_Case"}, "test_Case.json"),
        ({"parameters": "[ü]"}, "test_plan[ü].json"),
        ({"function": "console"}, "console.json"),
    ],
)
def test_names_that_every_file_system_takes_stay_as_they_are(names, expected):
    """Nothing is put behind a name that can be written as it is."""
    assert name_of(**names) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"parameters": "[a/b]"}, "test_plan[a_b]-"),
        ({"parameters": "[gpt:4]"}, "test_plan[gpt_4]-"),
        ({"parameters": r"[a\nb]"}, "test_plan[a_nb]-"),
        ({"parameters": '["?*|<>]'}, "test_plan[______]-"),
        ({"parameters": "[a\x00\x7f\ud800]"}, "test_plan[a___]-"),
        ({"parameters": "[GPT]"}, "test_plan[GPT]-"),
        ({"parameters": "[ß]"}, "test_plan[ß]-"),
        ({"parameters": "[u\u0308]"}, "test_plan[ü]-"),
        ({"function": "con"}, "_con-"),
        ({"function": "test_plan", "classes": ["Nul"]}, "_Nul.test_plan-"),
        ({"function": "COM\u00b9"}, "_COM\u00b9-"),
        ({"parameters": f"[{'x' * 500}]"}, f"test_plan[{'x' * 101}-"),
    ],
)
def test_other_names_are_made_safe_and_told_apart_by_a_hash(names, expected):
    """Eight digits of a hash of the whole name make up for what was replaced or cut off."""
    name = name_of(**names)

    assert name[: -len("01234567.json")] == expected
    assert int(name[-len("01234567.json") : -len(".json")], 16) >= 0


def test_the_hash_is_of_the_whole_name_and_stays_the_same():
    """A change of it would lose every cassette that has one."""
    assert name_of(parameters="[GPT]") == "test_plan[GPT]-d5f72fe4.json"


texts = st.text(st.characters(exclude_categories=[]), max_size=200)


@given(texts, texts)
def test_two_cases_of_a_test_never_share_a_file(one, other):
    """Not on a file system that knows no case either, nor on one that normalizes."""
    names = [name_of(parameters=f"[{text}]") for text in (one, other)]

    assert (names[0].casefold() == names[1].casefold()) == (one == other)


@given(texts)
def test_every_name_fits_every_file_system(text):
    """Windows and eCryptfs are the tightest."""
    name = name_of(parameters=f"[{text}]")

    assert len(name.encode()) <= LONGEST - len(".tmp")
    assert not set(name) & set('<>:"/\\|?*') | {one for one in name if ord(one) < ord(" ")}
    assert ntpath.basename(name) == name
    assert not name.endswith((" ", "."))


@pytest.mark.parametrize(
    ("folder", "cassette_dir", "expected"),
    [
        (FOLDER, None, FOLDER / "cassettes"),
        (FOLDER, "tapes", ROOT / "tapes" / "tests" / "unit"),
        (FOLDER, "../tapes", ROOT.parent / "tapes" / "tests" / "unit"),
        (FOLDER, str(ROOT / "tapes"), ROOT / "tapes" / "tests" / "unit"),
        (ROOT, "tapes", ROOT / "tapes"),
        (ROOT.parent / "other", "tapes", ROOT / "tapes" / "other"),
    ],
)
def test_the_folder(folder, cassette_dir, expected):
    """Beside the tests, or mirrored below a folder that starts at the root."""
    location = locate(
        NameParts((), "test_plan"), folder=folder, root=ROOT, cassette_dir=cassette_dir
    )

    assert location == Location(str(expected / "test_plan.json"), None, explicit=False)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("mine.json", FOLDER / "mine.json"),
        ("../tapes/mine.json", ROOT / "tests" / "tapes" / "mine.json"),
        (str(ROOT / "mine.json"), ROOT / "mine.json"),
    ],
)
def test_a_path_of_the_tests_own(path, expected):
    """A relative one starts at the test's folder, whatever the folder of all cassettes is."""
    location = locate(
        NameParts(["TestTrip"], "test_plan"),
        folder=FOLDER,
        root=ROOT,
        cassette_dir="tapes",
        path=path,
    )

    assert location == Location(str(expected), None, explicit=True)


def test_a_method_may_have_its_cassette_where_earlier_versions_put_it():
    """They left the class out of the name."""
    location = locate(NameParts(["TestTrip"], "test_plan", "[1]"), folder=FOLDER, root=ROOT)

    assert location.fallback == str(FOLDER / "cassettes" / "test_plan[1].json")
