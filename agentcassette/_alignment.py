"""Which items of two lists belong together, although items were added, removed and changed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Change", "align"]

# Where more would have to be compared than this, items are paired by their places: so many pairs
# of equal items, when common runs are searched, and so many similarities within a changed part.
_MAX_EQUAL_PAIRS = 100_000
_MAX_SIMILARITIES = 1_000

# Two items that have nothing in common are still one change rather than a removal and an addition,
# unless that keeps one of them from its likeness.
_NOTHING_IN_COMMON = 0.01


class Change(NamedTuple):
    """What became of one item.

    Attributes:
        kind: ``"changed"``, ``"added"`` or ``"removed"``.
        a: Its place in the one list; of what was added, the place that it would have.
        b: Its place in the other list; of what was removed, the place that it would have.
    """

    kind: str
    a: int
    b: int


def align(
    a: Sequence[str], b: Sequence[str], similarity: Callable[[int, int], float]
) -> list[Change]:
    """Tell how one list became another, with as little change as can be seen in short time.

    Args:
        a: The items of the one list, each as a text that equal items have in common.
        b: The items of the other list.
        similarity: Tells of two places, one in each list, how much their items have in common:
            from 0 to 1.

    Returns:
        The changes, in order. What is left of the one list is what is left of the other.
    """
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    end_a, end_b = len(a), len(b)
    while min(end_a, end_b) > start and a[end_a - 1] == b[end_b - 1]:
        end_a, end_b = end_a - 1, end_b - 1
    parts = _differing_parts(a, b, range(start, end_a), range(start, end_b))
    return [change for part in parts for change in _paired(*part, similarity)]


def _differing_parts(
    a: Sequence[str], b: Sequence[str], within_a: range, within_b: range
) -> list[tuple[range, range]]:
    """Give the parts between the runs of items that both lists have."""
    items_a, items_b = [a[place] for place in within_a], [b[place] for place in within_b]
    in_b = Counter(items_b)
    equal_pairs = sum(count * in_b[item] for item, count in Counter(items_a).items())
    if not 0 < equal_pairs <= _MAX_EQUAL_PAIRS:
        return [(within_a, within_b)]
    from difflib import SequenceMatcher

    operations = SequenceMatcher(None, items_a, items_b, autojunk=False).get_opcodes()
    return [
        (within_a[from_a:to_a], within_b[from_b:to_b])
        for tag, from_a, to_a, from_b, to_b in operations
        if tag != "equal"
    ]


def _paired(a: range, b: range, similarity: Callable[[int, int], float]) -> Iterator[Change]:
    """Pair the items of two parts that have none in common, the similar ones with each other."""
    i = j = 0
    if 1 < len(a) * len(b) <= _MAX_SIMILARITIES:
        gain = [[_NOTHING_IN_COMMON + similarity(x, y) for y in b] for x in a]
        best = _best_sums(gain)
        while i < len(a) and j < len(b):
            if best[i][j] == gain[i][j] + best[i + 1][j + 1]:
                yield Change("changed", a[i], b[j])
                i, j = i + 1, j + 1
            elif best[i][j] == best[i + 1][j]:
                yield Change("removed", a[i], b[j])
                i += 1
            else:
                yield Change("added", a[i], b[j])
                j += 1
    while i < len(a) and j < len(b):
        yield Change("changed", a[i], b[j])
        i, j = i + 1, j + 1
    for place in a[i:]:
        yield Change("removed", place, b.stop)
    for place in b[j:]:
        yield Change("added", a.stop, place)


def _best_sums(gain: list[list[float]]) -> list[list[float]]:
    """Tell how much can be gained by pairs in order, from each two places on to the end."""
    best = [[0.0] * (len(gain[0]) + 1) for _ in range(len(gain) + 1)]
    for i in reversed(range(len(gain))):
        for j in reversed(range(len(gain[0]))):
            paired = gain[i][j] + best[i + 1][j + 1]
            best[i][j] = max(paired, best[i + 1][j], best[i][j + 1])
    return best
