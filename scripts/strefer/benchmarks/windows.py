"""Windows of a film that a yes/no question asks about, picked from QVHighlights' annotation.

Two sets, both balanced and seeded:

`by_query` is as close to the paper's as its description allows: for each query one relevant window,
and one of the same length that overlaps no relevant one. Relevant windows begin or end with the
film more often than others, so that position alone is right in about 57%.

`by_swap` closes that gap: two queries on films of equal length lend each other their windows. Each
window is asked about twice, once where the answer is yes and once where it is no, and both windows
of a query are of equal length. So neither times nor words alone say anything.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

_STEP_S = 2  # QVHighlights' windows begin and end at multiples of two seconds

Window = tuple[float, float]
Asked = tuple[Mapping, Window, str]  # the query's line, the window in seconds, "yes" or "no"


def by_query(lines: Sequence[Mapping], seed: int) -> list[Asked]:
    """A relevant and an irrelevant window of each query. Where the rest of the film is shorter, a
    part of the relevant window is asked about. A query whose relevant windows leave no room (52 of
    the validation set's 1,550) is left out."""
    pick = random.Random(seed)
    asked: list[Asked] = []
    for line in lines:
        start_s, end_s = pick.choice(line["relevant_windows"])
        free = free_windows(line, end_s - start_s)
        if free:
            negative = pick.choice(free)
            positive = _part((start_s, end_s), negative[1] - negative[0], pick)
            asked += [(line, positive, "yes"), (line, negative, "no")]
    return asked


def by_swap(lines: Sequence[Mapping], seed: int) -> list[Asked]:
    """Two windows of each query that found a partner (with seed 0, 1,464 of the validation set's
    1,550)."""
    pick = random.Random(seed)
    waiting = [(line, tuple(pick.choice(line["relevant_windows"]))) for line in lines]
    pick.shuffle(waiting)
    # Pair first the query that leaves the least room, with the fitting one that leaves the least
    # room.
    waiting.sort(key=lambda one: -sum(end - start for start, end in one[0]["relevant_windows"]))
    asked: list[Asked] = []
    while waiting:
        line, window = waiting.pop(0)
        partner = next((i for i, one in enumerate(waiting) if _fit((line, window), one)), None)
        if partner is None:
            continue
        other, lent = waiting.pop(partner)
        length_s = min(window[1] - window[0], lent[1] - lent[0])
        window, lent = _part(window, length_s, pick), _part(lent, length_s, pick)
        asked += [(line, window, "yes"), (line, lent, "no")]
        asked += [(other, lent, "yes"), (other, window, "no")]
    return asked


def free_windows(line: Mapping, length_s: float) -> list[Window]:
    """Windows of that length, or of the longest that fits, that touch no relevant one."""
    taken, duration = line["relevant_windows"], line["duration"]
    for length in range(int(length_s), 0, -_STEP_S):
        found = [
            (float(start), float(start + length))
            for start in range(0, int(duration) - length + 1, _STEP_S)
            if _apart((start, start + length), taken)
        ]
        if found:
            return found
    return []


def _apart(window: Window, taken: Sequence[Sequence[float]]) -> bool:
    return all(window[1] <= start or end <= window[0] for start, end in taken)


def _fit(one: tuple[Mapping, Window], other: tuple[Mapping, Window]) -> bool:
    (line, window), (partner, lent) = one, other
    return (
        line["duration"] == partner["duration"]
        and _apart(window, partner["relevant_windows"])
        and _apart(lent, line["relevant_windows"])
    )


def _part(window: Window, length_s: float, pick: random.Random) -> Window:
    """A part of a window, of that length, that begins a whole number of steps after it."""
    steps = int(window[1] - window[0] - length_s) // _STEP_S
    start_s = float(window[0] + _STEP_S * pick.randint(0, steps))
    return start_s, start_s + length_s
