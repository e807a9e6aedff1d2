"""Presence: which entity is in which scene, and for how long. It decides most hard cases."""

import random
from dataclasses import dataclass
from itertools import pairwise

from drawn_world.records import FPS

MAX_VISIBLE = 3  # in one scene
CLEAR_S = 0.75  # an absence, or a time together, that counts lasts at least this long


@dataclass(frozen=True)
class Window:
    """An entity's time in a scene, in frames; `kind`: "full", "enter" (late) or "leave" (early)."""

    start: int
    end: int
    kind: str


Windows = list[list[Window | None]]  # [entity][scene]


def _draw_row(rng: random.Random, n_scenes: int, late: bool, gap: bool) -> list[bool]:
    first = rng.randrange(1, n_scenes) if late and n_scenes > 1 else 0
    last = n_scenes - 1 if rng.random() < 0.65 else rng.randrange(first, n_scenes)
    row = [first <= i <= last for i in range(n_scenes)]
    if gap and last - first >= 2:
        gone = rng.randrange(first + 1, last)
        back = rng.randrange(gone + 1, last + 1)
        row = [here and not gone <= i < back for i, here in enumerate(row)]
    return row


def _draw_window(
    rng: random.Random, scene: tuple[int, int], may_enter: bool, may_leave: bool
) -> Window:
    start, end = scene
    wait = rng.randrange(int(CLEAR_S * FPS), max(int(CLEAR_S * FPS) + 1, int((end - start) * 0.4)))
    kinds = ["full"] * 3 + ["enter"] * (2 * may_enter) + ["leave"] * (2 * may_leave)
    kind = rng.choice(kinds)
    if kind == "enter":
        return Window(start + wait, end, kind)
    return Window(start, end - wait, kind) if kind == "leave" else Window(start, end, kind)


def _draw_windows(
    rng: random.Random, scenes: list[tuple[int, int]], n_entities: int, tags: frozenset[str]
) -> Windows:
    late, gap = "late_entry" in tags, "leaves_returns" in tags
    windows: Windows = []
    for _ in range(n_entities):
        row = _draw_row(rng, len(scenes), late and rng.random() < 0.45, gap and rng.random() < 0.55)
        drawn: list[Window | None] = []
        for i, scene in enumerate(scenes):
            if not row[i]:
                drawn.append(None)
                continue
            may_enter = not row[i - 1] if i else late
            may_leave = i + 1 == len(scenes) or not row[i + 1] or (gap and rng.random() < 0.4)
            drawn.append(_draw_window(rng, scene, may_enter, may_leave))
        windows.append(drawn)
    return windows


def _has_gap(row: list[Window | None]) -> bool:
    here = [window for window in row if window is not None]
    return any(b.start - a.end >= CLEAR_S * FPS for a, b in pairwise(here))


def _common_frames(first: list[Window | None], second: list[Window | None]) -> int:
    """The longest time that two entities share in one scene."""
    longest = 0
    for a, b in zip(first, second, strict=True):
        if a is not None and b is not None:
            longest = max(longest, min(a.end, b.end) - max(a.start, b.start))
    return longest


def presence_tags(windows: Windows) -> frozenset[str] | None:
    """The hard cases that these windows make, or None where one is doubtful or a scene wrong."""
    for scene in zip(*windows, strict=True):
        if not 1 <= sum(window is not None for window in scene) <= MAX_VISIBLE:
            return None
    tags = set()
    for i, row in enumerate(windows):
        if row[0] is None or row[0].start > 0:
            tags.add("late_entry")
        if _has_gap(row):
            tags.add("leaves_returns")
        for other in windows[:i]:
            common = _common_frames(row, other)
            # Walking in and out takes a second at the frame's edge: too short a time is doubtful.
            if 0 < common < 3 * CLEAR_S * FPS:
                return None
            if common <= 0:
                tags.add("never_together")
    return frozenset(tags)


def draw_presence(
    rng: random.Random,
    scenes: list[tuple[int, int]],
    n_entities: int,
    tags: frozenset[str] | None,
) -> Windows | None:
    """Windows whose hard cases are exactly `tags` (any, if None); None where none was found."""
    options = frozenset(("late_entry", "leaves_returns", "never_together"))
    for _ in range(400):
        windows = _draw_windows(rng, scenes, n_entities, options if tags is None else tags)
        found = presence_tags(windows)
        if found is not None and (tags is None or found == tags):
            return windows
    return None
