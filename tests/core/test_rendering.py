"""Differences as lines: readable, short, and with the change in sight."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agentcassette._differences import differences
from agentcassette._rendering import render_differences, shortened

FOX = "the quick brown fox jumps over the lazy dog and runs away from the big bad wolf; "


def rendered(a: Any, b: Any, **options: Any) -> list[str]:
    """Compare two values, and write the differences as lines."""
    return render_differences(differences(a, b, **options.pop("types", {})), **options)


SHORT = {
    "nothing": ({"a": 1}, {"a": 1}, []),
    "a number": ({"a": {"n": 1}}, {"a": {"n": 2}}, ["a.n: 1 -> 2"]),
    "a text": ({"a": "x"}, {"a": "y"}, ['a: "x" -> "y"']),
    "null and false": ({"a": None}, {"a": False}, ["a: null -> false"]),
    "the whole value": (1, "1", ['the whole value: 1 -> "1"']),
    "an item more": ({"a": []}, {"a": [{"x": 1}]}, ['+ a[0]: {"x": 1}']),
    "an item less": ({"a": [None]}, {"a": []}, ["- a[0]: null"]),
    "int and float": ([1], [1.0], ["[0]: 1 (int) -> 1.0 (float)"]),
    "short lines": ({"a": "x\ny"}, {"a": "x\nz"}, [r'a: "x\ny" -> "x\nz"']),
    "letters beyond ascii": ({"a": "ö"}, {"a": "日本"}, ['a: "ö" -> "日本"']),
    "what a terminal does not show": ({"a": "x y"}, {"a": "x\xa0y"}, [r'a: "x y" -> "x\xa0y"']),
    "what a terminal would obey": ({"a": ""}, {"a": "\x1b[2J\x9b"}, [r'a: "" -> "\u001b[2J\x9b"']),
    "a long list": (
        {"a": 1},
        {"a": list(range(40))},
        [
            "a:",
            "  - 1",
            f"  + {str(list(range(26)))[:-1]}, …",
        ],
    ),
}


@pytest.mark.parametrize(("a", "b", "expected"), SHORT.values(), ids=SHORT)
def test_a_short_difference_is_one_line(a, b, expected):
    """The path, what was there and what is, as JSON."""
    assert rendered(a, b) == expected


def test_types_are_told_where_the_json_is_equal():
    """A container's type stands for itself, a scalar's beside the value."""
    types = {"a_types": {"/a": "tuple", "/b": "uuid:UUID"}, "b_types": {"/a": "set"}}
    value = {"a": [1], "b": "x" * 90}
    shown = '"' + "x" * 23 + "…"
    assert rendered(value, value, types=types) == [
        "a: tuple -> set",
        f"b: {shown} (uuid:UUID) -> {shown} (str)",
    ]


def test_of_a_long_text_what_is_around_the_change_is_shown():
    """One word in 2,000 characters is found by eye at once."""
    a, b = FOX * 12 + "in Paris today" + FOX * 12, FOX * 12 + "in Berlin today" + FOX * 12
    behind = "todaythe quick brown fox jumps over the la"
    assert rendered({"text": a}, {"text": b}) == [
        "text:",
        f'  - …"and runs away from the big bad wolf; in Paris {behind}"…',
        f'  + …"and runs away from the big bad wolf; in Berlin {behind}"…',
    ]


AROUND = {
    "at the start": ("one " + FOX * 2, "two " + FOX * 2, '"one the', '"two the'),
    "at the end": (FOX * 2 + "one", FOX * 2 + "two", 'wolf; one"', 'wolf; two"'),
    "something appended": (FOX * 2, FOX * 2 + "more", 'wolf; "', 'wolf; more"'),
    "something put in front": (FOX * 2, "more " + FOX * 2, '"the quick', '"more the quick'),
    "everything": ("x" * 300, "y" * 300, '- "xxxxx', '+ "yyyyy'),
    "no blank to begin after": ("x" * 99 + "1", "x" * 99 + "2", 'xxx1"', 'xxx2"'),
    "more than fits": (FOX * 2 + "end", FOX * 3 + "end", 'wolf; end"', "wolf; the quick brown"),
    "a line break in one": ("x " * 60 + "\n" + FOX, "x " * 60 + FOX, r"x \nthe", "x the"),
}


@pytest.mark.parametrize(("a", "b", "old", "new"), AROUND.values(), ids=AROUND)
def test_the_change_of_a_long_text_is_in_sight(a, b, old, new):
    """Wherever it is, both sides of it are shown, within the width."""
    heading, was, now = rendered({"text": a}, {"text": b}, width=80)
    assert heading == "text:"
    assert old in was
    assert new in now
    assert max(len(was), len(now)) <= 80


def numbered(*, without: tuple[int, ...] = (), **lines: str) -> str:
    """Make a text of thirty lines, some of which are left out or replaced."""
    texts = (lines.get(f"line{number}", f"line {number}") for number in range(30))
    return "\n".join(text for number, text in enumerate(texts) if number not in without)


TEXTS = {
    "a line changed": (
        numbered(line7="old words here"),
        numbered(line7="new words here"),
        ["@@ line 8 @@", "  line 6", "- old words here", "+ new words here", "  line 8"],
    ),
    "the first line": (
        numbered(line0="old"),
        numbered(line0="new"),
        ["@@ line 1 @@", "- old", "+ new", "  line 1"],
    ),
    "the last line": (
        numbered(line29="old"),
        numbered(line29="new"),
        ["@@ line 30 @@", "  line 28", "- old", "+ new"],
    ),
    "a line removed": (
        numbered(),
        numbered(without=(9,)),
        ["@@ line 10 @@", "  line 8", "- line 9", "  line 10"],
    ),
    "lines added": (
        numbered(without=(9, 10)),
        numbered(),
        ["@@ line 10 @@", "  line 8", "+ line 9", "+ line 10", "  line 11"],
    ),
    "two places": (
        numbered(),
        numbered(line3="3", line9="9"),
        [
            "@@ line 4 @@",
            "  line 2",
            "- line 3",
            "+ 3",
            "  line 4",
            "@@ line 10 @@",
            "  line 8",
            "- line 9",
            "+ 9",
            "  line 10",
        ],
    ),
    "two places near each other": (
        numbered(),
        numbered(line3="3", line6="6"),
        [
            "@@ line 4 @@",
            "  line 2",
            "- line 3",
            "+ 3",
            "  line 4",
            "  line 5",
            "- line 6",
            "+ 6",
            "  line 7",
        ],
    ),
    "one line between": (
        numbered(),
        numbered(line3="3", line5="5"),
        ["@@ line 4 @@", "  line 2", "- line 3", "+ 3", "  line 4", "- line 5", "+ 5", "  line 6"],
    ),
    "a blank at the end of a line": (
        numbered(),
        numbered(line3="line 3 "),
        ["@@ line 4 @@", "  line 2", '- "line 3"', '+ "line 3 "', "  line 4"],
    ),
    "another line end": (
        numbered(),
        numbered(line3="line 3\r"),
        ["@@ line 4 @@", "  line 2", '- "line 3"', r'+ "line 3\r"', "  line 4"],
    ),
    "a line break at the end": (
        numbered(),
        numbered() + "\n",
        ["@@ line 31 @@", "  line 29", "+ "],
    ),
    "a long line": (
        numbered(line3=FOX * 3 + "in Paris"),
        numbered(line3=FOX * 3 + "in Berlin"),
        [
            "@@ line 4 @@",
            "  line 2",
            '- …"and runs away from the big bad wolf; in Paris"',
            '+ …"and runs away from the big bad wolf; in Berlin"',
            "  line 4",
        ],
    ),
    "what a terminal would obey": (
        numbered(),
        numbered(line3="\x1b[2J"),
        ["@@ line 4 @@", "  line 2", "- line 3", r"+ \x1b[2J", "  line 4"],
    ),
}


@pytest.mark.parametrize(("a", "b", "expected"), TEXTS.values(), ids=TEXTS)
def test_texts_of_several_lines_are_compared_line_by_line(a, b, expected):
    """Each run of changed lines has its number, and the lines before and after."""
    assert rendered({"text": a}, {"text": b}) == ["text:", *(f"  {line}" for line in expected)]


FIVE = ({f"k{n}": 1 for n in range(5)}, {f"k{n}": 2 for n in range(5)})
LONG = ({"a": numbered(), "b": 1}, {"a": numbered(line3="3", line20="20"), "b": 2})
LIMITS = {
    "all of them": (FIVE, 5, [f"k{n}: 1 -> 2" for n in range(5)]),
    "no limit": (FIVE, None, [f"k{n}: 1 -> 2" for n in range(5)]),
    "some of them": (FIVE, 3, ["k0: 1 -> 2", "k1: 1 -> 2", "… 3 more differences"]),
    "one line": (FIVE, 1, ["… 5 more differences"]),
    "a part of one": (
        LONG,
        4,
        ["a:", "  @@ line 4 @@", "    line 2", "… 1 more difference"],
    ),
    "a part of the last": (
        ({"a": LONG[0]["a"]}, {"a": LONG[1]["a"]}),
        4,
        ["a:", "  @@ line 4 @@", "    line 2", "… cut here"],
    ),
    "nothing of the last": (
        ({"b": 1, "a": LONG[0]["a"]}, {"b": 2, "a": LONG[1]["a"]}),
        2,
        ["b: 1 -> 2", "… 1 more difference"],
    ),
}


@pytest.mark.parametrize(("values", "limit", "expected"), LIMITS.values(), ids=LIMITS)
def test_lines_are_limited_and_what_is_left_out_is_told(values, limit, expected):
    """There are never more lines than wanted, the last of which tells of the others."""
    assert rendered(*values, limit=limit) == expected


def test_a_text_is_shortened_to_a_width():
    """The last character says that something is missing."""
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abcdefg", 6) == "abcde…"


JSON = st.recursive(
    st.none() | st.integers() | st.text() | st.text("ab \n", min_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
)


@given(JSON, JSON, st.integers(1, 30), st.integers(30, 120))
def test_lines_fit_and_can_be_printed(a, b, limit, width):
    """Whatever the values: within the limit and the width, and nothing that a terminal obeys."""
    lines = rendered(a, b, limit=limit, width=width)
    assert len(lines) <= limit
    assert all(len(line) <= width and line.isprintable() for line in lines)
    assert bool(lines) == bool(differences(a, b))


LETTERS = "ab \n\x7f"


@given(st.text(LETTERS), st.text(LETTERS), st.text(LETTERS), st.integers(24, 80))
@example("\x7f", "a\n", "\n", 24)  # a letter is not the length of what is shown for it
def test_two_sides_of_a_change_look_different(before, a, b, width):
    """No change of a text is hidden by the way it is written."""
    lines = rendered({"text": before * 9 + a}, {"text": before * 9 + b}, width=width, limit=None)
    pairs = [(old[4:], new[4:]) for old, new in zip(lines, lines[1:]) if is_change(old, new)]
    assert [pair for pair in pairs if pair[0] == pair[1]] == []


def is_change(old, new):
    """Tell whether a line stands in the place of another one; a line may also have moved."""
    return old.startswith("  - ") and new.startswith("  + ")
