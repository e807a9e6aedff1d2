"""Step 1 of the masklet generator: in which order sampled frames are looked at."""

from __future__ import annotations

from collections import deque


def breadth_first_levels(count: int) -> list[list[int]]:
    """The levels of the balanced binary tree over the indices 0 … count - 1, top level first.

    The root of a range is its middle, (start + end) // 2: of 32 frames 15; then 7, 23; then 3, 11,
    19, 27; and so on (Strefer, arXiv 2509.03501, masklet generator, step 1).
    """
    levels: list[list[int]] = []
    waiting = deque([(0, count - 1, 0)])
    while waiting:
        start, end, depth = waiting.popleft()
        if start > end:
            continue
        if depth == len(levels):
            levels.append([])
        middle = (start + end) // 2
        levels[depth].append(middle)
        waiting.append((start, middle - 1, depth + 1))
        waiting.append((middle + 1, end, depth + 1))
    return levels


def breadth_first(count: int) -> list[int]:
    """The indices 0 … count - 1, level after level: a prefix of it spreads over the whole film."""
    return [index for level in breadth_first_levels(count) for index in level]
