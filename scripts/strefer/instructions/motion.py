"""Whether what a line says of movement agrees with how the masklet moves.

A plain check of words against four measures of the masklet in the window: how far its middle goes
from side to side, how far its foot rises, and how much its shape changes from frame to frame. It
holds for cameras that stand still; `check_motion: false` is for others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from strefer.instructions.claims import Window
from strefer.instructions.film import Masks
from strefer.masks import rle_ious

# Paths are shares of the picture's width, rises of the entity's own height, changes 1 - IoU.
PATH_SOME, PATH_PLAIN = 0.05, 0.15
RISE_NONE, RISE_PLAIN = 0.05, 0.15
CHANGE_NONE, CHANGE_PLAIN = 0.02, 0.3
MIN_FRAMES = 4  # with fewer, a movement may have happened in between

_TO_SIDE = re.compile(r"\b(?:to|towards?|leaves) (?:the |its |his |her |their )?(left|right)\b")
_RESTS = re.compile(r"\b(?:stands?(?: still)?|sits?|lies|waits|rests|sleeps)\b(?! up| down)")
_RISES = re.compile(r"\b(?:jumps|leaps|hops|bounces)\b")
_GESTURES = re.compile(r"\b(?:waves|spins|rotates|turns around|dances)\b")


@dataclass(frozen=True)
class Motion:
    """What the masklet of an entity does in a window."""

    masks: Masks
    entity: int
    frames: tuple[int, ...]

    @cached_property
    def path(self) -> float:
        """How far to the right the middle goes, in picture widths; negative to the left."""
        ends = [self.masks.middle_px(self.entity, f) for f in (self.frames[0], self.frames[-1])]
        return (ends[1] - ends[0]) / self.masks.width_px

    @cached_property
    def rise(self) -> float:
        """How far the foot goes up and down, in the entity's heights."""
        boxes = [self.masks.box(self.entity, frame) for frame in self.frames]
        feet = [box[3] for box in boxes]
        return (max(feet) - min(feet)) / max(box[3] - box[1] for box in boxes)

    @cached_property
    def change(self) -> float:
        """How much the mask changes from one frame to the next: 1 - IoU, in the mean."""
        codes = [self.masks.by_entity[self.entity][frame] for frame in self.frames]
        ious = [rle_ious([a], [b])[0, 0] for a, b in pairwise(codes)]
        return 1 - float(sum(ious)) / len(ious)


def motion_in(masks: Masks, entity: int, window: Window) -> Motion | None:
    """The motion of an entity in a window; None if fewer than two frames show it."""
    frames = masks.frames(entity, window)
    return Motion(masks, entity, tuple(frames)) if len(frames) > 1 else None


def contradiction(motion: Motion, deed: str) -> str | None:
    """Why the deed cannot be, by the masklet's motion; None if it can."""
    many = len(motion.frames) >= MIN_FRAMES
    side = _TO_SIDE.search(deed)
    if side:
        along = motion.path if side[1] == "right" else -motion.path
        if along < -PATH_SOME:
            return "the masklet moves the other way"
        return "the masklet stays where it is" if along < PATH_SOME and many else None
    if _RESTS.search(deed):
        moves = abs(motion.path) > PATH_PLAIN or motion.rise > RISE_PLAIN
        return "the masklet moves" if moves or motion.change > CHANGE_PLAIN else None
    if _RISES.search(deed):
        return "the masklet does not rise" if many and motion.rise < RISE_NONE else None
    if _GESTURES.search(deed):
        if abs(motion.path) > PATH_PLAIN:
            return "the masklet moves"
        return "the masklet keeps still" if many and motion.change < CHANGE_NONE else None
    return None


def plainly_so(motion: Motion, deed: str) -> bool:
    """Whether the masklet plainly moves to the side that the deed names."""
    side = _TO_SIDE.search(deed)
    return bool(side) and (motion.path if side[1] == "right" else -motion.path) > PATH_PLAIN
