"""Checks what a line says of movement against how the masklet moves.

This simply compares words with a few measures of the masklet in the window: how far and how
steadily its centre moves sideways, how far its lower edge rises, and how much its shape changes
from frame to frame. Frames in which the mask is cut off are ignored, medians and quantiles tolerate
wrong frames, and values between the thresholds decide nothing. It is valid only for fixed cameras;
use `check_motion: false` for others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise
from statistics import fmean, median, quantiles

import numpy as np

from strefer.instructions.metadata.masks import Masks
from strefer.instructions.verification.claims import Window
from strefer.masks import decode_mask, rle_areas, rle_ious

# Paths are shares of the picture's width, rises of the entity's own height, changes 1 - IoU.
PATH_SOME, PATH_PLAIN, PATH_AWAY = 0.05, 0.15, 0.28
RISE_NONE = 0.03
CHANGE_NONE, CHANGE_SOME, CHANGE_PART, CHANGE_LARGE = 0.08, 0.2, 0.35, 0.5
ARM = 0.04  # share of a mask that changes in its upper half alone: more is an arm that moves
ROUND, ROUND_FILL = 0.85, (0.7, 0.86)  # a disc's box is square, and it fills 0.785 of it
PAUSES = 0.4  # share of a path's steps that go hardly anywhere: more is a stop
SLOW = 0.25  # of an even step
WHOLE = 0.6  # masks of less than this share of the median area, or more than its inverse, are odd
THERE = 0.6  # share of the window's frames that show it whole: with less, a path is a guess
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
    """Measures of an entity's masklet in a window.

    Attributes:
        masks, entity: whose masklet.
        frames: those with a whole mask, at least two.
        n_sampled: how many frames of the window were sampled.
    """

    masks: Masks
    entity: int
    frames: tuple[int, ...]
    n_sampled: int

    @cached_property
    def path(self) -> float:
        """How far the centre moves to the right, in picture widths; negative to the left. This is
        the median slope between any two frames (Theil and Sen), times the time between the outer
        ones."""
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
        """Vertical range of the lower edge, from its 10% to its 90% quantile, in multiples of the
        entity's height."""
        boxes = [self.masks.box(self.entity, frame) for frame in self.frames]
        low, *_, high = quantiles(self.foot_px, n=10, method="inclusive")
        return (high - low) / median(box[3] - box[1] for box in boxes)

    @cached_property
    def is_round(self) -> bool:
        """True if the mask is a disc, whose turning is invisible."""
        sides, fills = [], []
        for frame in self.frames:
            x0, y0, x1, y1 = self.masks.box(self.entity, frame)
            sides.append(min(x1 - x0, y1 - y0) / max(x1 - x0, y1 - y0))
            area = rle_areas([self.masks.by_entity[self.entity][frame]])[0]
            fills.append(area / ((x1 - x0) * (y1 - y0)))
        return median(sides) > ROUND and ROUND_FILL[0] < median(fills) < ROUND_FILL[1]

    @cached_property
    def change(self) -> float:
        """Change of the mask from one frame to the next, 1 - IoU. A periodic motion may repeat its
        pose in many frames, so we take the 90th percentile."""
        codes = [self.masks.by_entity[self.entity][frame] for frame in self.frames]
        changes = [1 - float(rle_ious([a], [b])[0, 0]) for a, b in pairwise(codes)]
        return changes[0] if len(changes) == 1 else quantiles(changes, n=10, method="inclusive")[-1]

    @cached_property
    def moves_an_arm(self) -> bool:
        """True if the mask's upper half changes from frame to frame, and the lower half hardly."""
        upper, lower = [], []
        decoded = [decode_mask(self.masks.by_entity[self.entity][frame]) for frame in self.frames]
        for one, other in pairwise(decoded):
            rows = np.flatnonzero(one.any(axis=1))
            differs, middle = one ^ other, (rows[0] + rows[-1]) // 2
            upper.append(differs[:middle].sum() / one.sum())
            lower.append(differs[middle:].sum() / one.sum())
        return median(upper) > ARM and median(lower) < median(upper) / 2

    @cached_property
    def pauses(self) -> float:
        """Share of the steps, from frame to frame, that go less than `SLOW` of an even step."""
        at = [self.masks.middle_px(self.entity, f) for f in self.frames]
        even_px = abs(self.path) * self.masks.width_px / (len(at) - 1)
        return fmean(abs(x2 - x1) < SLOW * even_px for x1, x2 in pairwise(at))


def motion_in(masks: Masks, entity: int, window: Window) -> Motion | None:
    """The motion of an entity in a window; None if fewer than two frames show it whole."""
    frames = masks.frames(entity, window)
    if len(frames) < 2:
        return None
    n_sampled = sum(window[0] <= t < window[1] for t in masks.frame_times_s)
    areas = rle_areas([masks.by_entity[entity][frame] for frame in frames])
    usual = median(areas)
    whole = [f for f, area in zip(frames, areas, strict=True) if WHOLE <= area / usual <= 1 / WHOLE]
    return Motion(masks, entity, tuple(whole), n_sampled) if len(whole) > 1 else None


def contradiction(
    motion: Motion, deed: str, confirmed: bool = False, person: bool = False
) -> str | None:
    """Say why the masklet's motion contradicts the action; None if it does not.

    Args:
        person: whether the entity can move its arms while at rest.
        confirmed: whether two transcriptions agree on the action. A masklet that trembles while the
            entity rests, or lags while it walks or jumps, is then more likely to be wrong than the
            action.
    """
    side = _TO_SIDE.search(deed)
    if side or _CHASES.search(deed):
        return _against_going(motion, side[1] if side else None, confirmed)
    rests, rises = _RESTS.search(deed), _RISES.search(deed)
    waves, turns = _WAVES.search(deed), _TURNS.search(deed)
    if len(motion.frames) < MIN_FRAMES or not (rests or rises or waves or turns):
        return None
    if waves and motion.change > CHANGE_PART:
        return "all of the masklet moves"
    if rests and person and motion.moves_an_arm:
        return "an arm of the masklet moves"
    if confirmed and not (waves or turns):
        return None
    if not confirmed and (rises or turns) and abs(motion.path) > PATH_AWAY:
        return "the masklet moves away"
    if rests and motion.change > CHANGE_LARGE:
        return "the masklet moves"
    if rises and motion.rise < RISE_NONE:
        return "the masklet does not rise"
    if turns and motion.is_round:
        return None
    least = 0.0 if rests else CHANGE_NONE if waves else CHANGE_SOME
    return "the masklet keeps still" if motion.change < least else None


def _against_going(motion: Motion, side: str | None, confirmed: bool) -> str | None:
    """Say why the masklet does not move to this side or, for None, to any side."""
    many = len(motion.frames) >= MIN_FRAMES
    along = motion.path if side == "right" else -motion.path
    if side and along < -(PATH_SOME if many else PATH_AWAY):
        return "the masklet moves the other way"
    if confirmed or not many or len(motion.frames) < THERE * motion.n_sampled:
        return None
    if abs(motion.path) < PATH_SOME:
        return "the masklet stays where it is"
    return "the masklet stops on its way" if motion.pauses > PAUSES else None


def goes_after(motion: Motion, other: Motion) -> bool:
    """True if one moves behind the other: the same way, as far, on one line."""
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
    """True if the action is chasing or following somebody."""
    return bool(_CHASES.search(deed))


def goes(deed: str) -> bool:
    """True if the action is moving somewhere."""
    return bool(_TO_SIDE.search(deed)) or chases(deed)


def shows_in_shape(deed: str) -> bool:
    """True if the action is visible only as a change of shape."""
    return bool(_WAVES.search(deed) or _TURNS.search(deed))


def plainly_so(motion: Motion, deed: str) -> bool:
    """True if the masklet clearly moves to the side that the action names."""
    side = _TO_SIDE.search(deed)
    return bool(side) and (motion.path if side[1] == "right" else -motion.path) > PATH_PLAIN
