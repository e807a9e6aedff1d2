"""Whether what a line says of movement agrees with how the masklet moves.

A plain check of words against three measures of the masklet in the window: how far its middle goes
from side to side, how far its foot rises, and how much its shape changes from frame to frame. Each
is a median, so that single frames in which the mask is cut off or mistaken do not count; what lies
between the thresholds is left alone. It holds for cameras that stand still; `check_motion: false`
is for others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise
from statistics import median, quantiles

from strefer.instructions.claims import Window
from strefer.instructions.film import Masks
from strefer.masks import rle_areas, rle_ious

# Paths are shares of the picture's width, rises of the entity's own height, changes 1 - IoU.
PATH_SOME, PATH_PLAIN, PATH_FOR_OTHERS = 0.05, 0.15, 0.12
RISE_NONE = 0.03
CHANGE_NONE, CHANGE_SMALL, CHANGE_LARGE = 0.03, 0.15, 0.27
WHOLE = 0.6  # masks of less than this share of the median area, or more than its inverse, are odd
MIN_FRAMES = 4  # with fewer, a movement may have happened in between
FOLLOWS = 0.35  # two paths differ by less than this share of the longer one

_TO_SIDE = re.compile(r"\b(?:to|towards?|leaves) (?:the |its |his |her |their )?(left|right)\b")
_RESTS = re.compile(r"\b(?:stands?(?: still)?|sits?|lies|waits|rests|sleeps)\b(?! up| down)")
_RISES = re.compile(r"\b(?:jumps|leaps|hops|bounces)\b")
_WAVES = re.compile(r"\b(?:waves|nods|gestures|points)\b")
_TURNS = re.compile(r"\b(?:spins|rotates|turns around|dances)\b")
_CHASES = re.compile(r"\b(?:chases|follows|pursues|runs after)\b")


@dataclass(frozen=True)
class Motion:
    """What the masklet of an entity does in a window. `frames` are those with a whole mask."""

    masks: Masks
    entity: int
    frames: tuple[int, ...]

    @cached_property
    def path(self) -> float:
        """How far to the right the middle goes, in picture widths; negative to the left. The
        median slope between any two frames (Theil and Sen), times the time between the outer."""
        at = [
            (self.masks.frame_times_s[f], self.masks.middle_px(self.entity, f)) for f in self.frames
        ]
        slopes = [(x2 - x1) / (t2 - t1) for (t1, x1), (t2, x2) in combinations(at, 2)]
        return median(slopes) * (at[-1][0] - at[0][0]) / self.masks.width_px

    @cached_property
    def foot_px(self) -> list[float]:
        """The lowest edge of each mask."""
        return [self.masks.box(self.entity, frame)[3] for frame in self.frames]

    @cached_property
    def rise(self) -> float:
        """How far the foot goes up and down between its quartiles, in the entity's heights."""
        boxes = [self.masks.box(self.entity, frame) for frame in self.frames]
        low, _, high = quantiles(self.foot_px, n=4, method="inclusive")
        return (high - low) / median(box[3] - box[1] for box in boxes)

    @cached_property
    def change(self) -> float:
        """How much the mask changes from one frame to the next: 1 - IoU, the median."""
        codes = [self.masks.by_entity[self.entity][frame] for frame in self.frames]
        return 1 - median(float(rle_ious([a], [b])[0, 0]) for a, b in pairwise(codes))


def motion_in(masks: Masks, entity: int, window: Window) -> Motion | None:
    """The motion of an entity in a window; None if fewer than two frames show it whole."""
    frames = masks.frames(entity, window)
    if len(frames) < 2:
        return None
    areas = rle_areas([masks.by_entity[entity][frame] for frame in frames])
    usual = median(areas)
    whole = [f for f, area in zip(frames, areas, strict=True) if WHOLE <= area / usual <= 1 / WHOLE]
    return Motion(masks, entity, tuple(whole)) if len(whole) > 1 else None


def contradiction(motion: Motion, deed: str) -> str | None:
    """Why the deed cannot be, by the masklet's motion; None if it can."""
    many = len(motion.frames) >= MIN_FRAMES
    side = _TO_SIDE.search(deed)
    if side:
        along = motion.path if side[1] == "right" else -motion.path
        if along < -PATH_SOME:
            return "the masklet moves the other way"
        return "the masklet stays where it is" if along < PATH_SOME and many else None
    if _CHASES.search(deed):
        return "the masklet stays where it is" if abs(motion.path) < PATH_SOME and many else None
    rests, rises = _RESTS.search(deed), _RISES.search(deed)
    waves, turns = _WAVES.search(deed), _TURNS.search(deed)
    if not (rests or rises or waves or turns):
        return None
    if abs(motion.path) > PATH_FOR_OTHERS:
        return "the masklet moves away"
    if rests and motion.change > CHANGE_SMALL:
        return "the masklet moves"
    if waves and motion.change > CHANGE_LARGE:
        return "all of the masklet moves"
    if rises and many and motion.rise < RISE_NONE:
        return "the masklet does not rise"
    least = CHANGE_NONE if waves else CHANGE_SMALL
    return "the masklet keeps still" if many and not rests and motion.change < least else None


def goes_after(motion: Motion, other: Motion) -> bool:
    """Whether one moves behind the other: the same way, as far, on one line."""
    paths = motion.path, other.path
    if min(map(abs, paths)) < PATH_PLAIN or paths[0] * paths[1] < 0:
        return False
    shared = sorted(set(motion.frames) & set(other.frames))
    if len(shared) < 2 or abs(paths[0] - paths[1]) > FOLLOWS * max(map(abs, paths)):
        return False
    masks = motion.masks
    boxes = [masks.box(motion.entity, frame) for frame in shared]
    height_px = median(box[3] - box[1] for box in boxes)
    level = abs(median(motion.foot_px) - median(other.foot_px)) < height_px / 4
    gaps = [masks.middle_px(other.entity, f) - masks.middle_px(motion.entity, f) for f in shared]
    return level and all(gap * paths[0] > 0 for gap in gaps)


def chases(deed: str) -> bool:
    """Whether the deed is going after somebody."""
    return bool(_CHASES.search(deed))


def plainly_so(motion: Motion, deed: str) -> bool:
    """Whether the masklet plainly moves to the side that the deed names."""
    side = _TO_SIDE.search(deed)
    return bool(side) and (motion.path if side[1] == "right" else -motion.path) > PATH_PLAIN
