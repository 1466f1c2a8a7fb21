"""Differences as lines for a person to read."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any

from agentcassette._alignment import align
from agentcassette._differences import Difference, path_text, similarity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["render_differences", "shortened", "visible"]

# So many characters of what is equal stand before and after the word that is not, or more where a
# line has room for more.
_CONTEXT = 24

_NO_LIMIT = 1_000_000_000


def render_differences(
    differences: Sequence[Difference], *, limit: int | None = 20, width: int = 100
) -> list[str]:
    """Write differences as lines, each with its path.

    A short value stands beside what it was, of a long one only what is around the change. Texts of
    several lines are compared line by line.

    Args:
        differences: What to write.
        limit: The number of lines at most, or None. A last line says what was left out.
        width: The number of characters in a line at most.

    Returns:
        The lines, without line ends and without colours.
    """
    most = _NO_LIMIT if limit is None else limit
    lines: list[str] = []
    for index, difference in enumerate(differences):
        left = len(differences) - index - 1
        room = most - len(lines) - (left > 0)
        block = [shortened(line, width) for line in islice(_lines(difference, width), room + 1)]
        if len(block) <= room:
            lines.extend(block)
            continue
        # The last line tells what is left out: the rest of this difference, or all of it, and more.
        shown = block[: most - len(lines) - 1]
        more = left if shown else left + 1
        rest = f"… {more} more difference{'' if more == 1 else 's'}" if more else "… cut here"
        return [*lines, *shown, rest]
    return lines


def shortened(text: str, width: int) -> str:
    """Cut a text to a number of characters, the last of which then says so."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _lines(difference: Difference, width: int) -> Iterator[str]:
    place = visible(path_text(difference.path)) or "the whole value"
    a, b = _shown(difference.a), _shown(difference.b)
    if difference.kind == "added":
        yield f"+ {place}: {b}"
    elif difference.kind == "removed":
        yield f"- {place}: {a}"
    elif difference.kind == "type":
        a_type, b_type = visible(difference.a_type), visible(difference.b_type)
        if not isinstance(difference.a, (dict, list)):
            a_type = f"{shortened(a, width // 4)} ({a_type})"
            b_type = f"{shortened(b, width // 4)} ({b_type})"
        yield f"{place}: {a_type} -> {b_type}"
    elif len(f"{place}: {a} -> {b}") <= width:
        yield f"{place}: {a} -> {b}"
    else:
        yield f"{place}:"
        yield from _changed(difference.a, difference.b, width)


def _changed(a: Any, b: Any, width: int) -> Iterator[str]:
    if not isinstance(a, str) or not isinstance(b, str):
        yield f"  - {_shown(a)}"
        yield f"  + {_shown(b)}"
    elif "\n" in a and "\n" in b:
        yield from _changed_lines(a.split("\n"), b.split("\n"), width)
    else:
        yield from _around_the_change(a, b, width)


def _changed_lines(a: list[str], b: list[str], width: int) -> Iterator[str]:
    """Write the lines that differ, each run of them between the line before and the line after."""
    at_a = at_b = 0
    for kind, i, j in align(a, b, lambda i, j: similarity(a[i], b[j])):
        equal = a[at_a:i]
        is_first = at_a + at_b == 0
        if is_first or len(equal) > len("ab"):
            yield from (f"    {visible(line)}" for line in equal[: 0 if is_first else 1])
            yield f"  @@ line {j + 1} @@"
            equal = equal[-1:]
        yield from (f"    {visible(line)}" for line in equal)
        at_a, at_b = i + (kind != "added"), j + (kind != "removed")
        if kind == "changed" and _is_subtle(a[i], b[j], width):
            yield from _around_the_change(a[i], b[j], width)
            continue
        yield from (f"  - {visible(line)}" for line in a[i:at_a])
        yield from (f"  + {visible(line)}" for line in b[j:at_b])
    yield from (f"    {visible(line)}" for line in a[at_a : at_a + 1])


def _is_subtle(a: str, b: str, width: int) -> bool:
    """Tell whether the difference of two lines would not be seen, or be cut off."""
    longest = max(len(visible(a)), len(visible(b)))
    return longest > width - len("  - ") or a.split() == b.split()


def _around_the_change(a: str, b: str, width: int) -> Iterator[str]:
    """Write of two texts what is around the first place where they differ."""
    a, b = _shown(a)[1:-1], _shown(b)[1:-1]
    width -= len('  - …""…')
    start = _common_start(a, b)
    end = _common_start(a[start:][::-1], b[start:][::-1])
    changed = max(len(a), len(b)) - start - end
    context = max(min(_CONTEXT, width // 3), (width - changed) // 2)
    first = max(0, start - context)
    if first:  # begin with a whole word, if one begins in between
        first = max(first, a.find(" ", first, start) + 1)
    for sign, text in (("-", a), ("+", b)):
        stop = min(len(text) - end + context, first + width)
        yield f'  {sign} {"…" * (first > 0)}"{text[first:stop]}"{"…" * (stop < len(text))}'


def _common_start(a: str, b: str) -> int:
    """Tell how many characters two texts have in common at the start, by halving."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _shown(value: Any) -> str:
    return visible(json.dumps(value, ensure_ascii=False))


def visible(text: str) -> str:
    """Escape what a terminal does not show or would obey, and what no pipe takes."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
