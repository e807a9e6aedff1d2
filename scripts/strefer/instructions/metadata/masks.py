"""The masklets of one film, by entity and sampled frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from statistics import fmean

from strefer.masks import box_of_rle, rle_ious
from strefer.records import Box, Rle

SIDE_MARGIN = 0.08  # of the picture's width: nearer than that, no side is plain


@dataclass(frozen=True)
class Masks:
    """The masklets of a film by entity: sampled frame -> mask, only where there are pixels.
    `scores` say how well each entity's expression fits its masklet, as the assigner sees it."""

    frame_times_s: tuple[float, ...]
    width_px: int
    by_entity: Mapping[int, Mapping[int, Rle]]
    scores: Mapping[int, float] = field(default_factory=dict)

    @cached_property
    def times_s(self) -> dict[int, list[float]]:
        """The times at which each entity's mask has pixels."""
        return {
            entity: [self.frame_times_s[frame] for frame in sorted(masks)]
            for entity, masks in self.by_entity.items()
        }

    def frames(self, entity: int, window: tuple[float, float]) -> list[int]:
        """Sampled frames of the window in which the entity has pixels."""
        return [
            frame
            for frame in sorted(self.by_entity.get(entity, ()))
            if window[0] <= self.frame_times_s[frame] < window[1]
        ]

    @cached_property
    def _boxes(self) -> dict[tuple[int, int], Box]:
        return {}

    def box(self, entity: int, frame: int) -> Box:
        """The box (x0, y0, x1, y1) of a mask, in px."""
        if (entity, frame) not in self._boxes:
            self._boxes[entity, frame] = box_of_rle(self.by_entity[entity][frame])
        return self._boxes[entity, frame]

    def middle_px(self, entity: int, frame: int) -> float:
        """The middle of a mask's box from left to right."""
        x0, _, x1, _ = self.box(entity, frame)
        return (x0 + x1) / 2

    def coincidence(self, entity: int, other: int) -> float:
        """Mean IoU of two masklets over the frames that show both; 0 if none does."""
        mine, others = (self.by_entity.get(e, {}) for e in (entity, other))
        shared = sorted(mine.keys() & others.keys())
        overlaps = [float(rle_ious([mine[f]], [others[f]])[0, 0]) for f in shared]
        return fmean(overlaps) if overlaps else 0.0

    def left_of(self, entity: int, other: int, window: tuple[float, float]) -> bool | None:
        """True if the entity is plainly to the left of the other wherever the window shows both;
        None where it never does."""
        shared = set(self.frames(entity, window)) & set(self.frames(other, window))
        if not shared:
            return None
        margin_px = SIDE_MARGIN * self.width_px
        return all(
            self.middle_px(other, frame) - self.middle_px(entity, frame) > margin_px
            for frame in shared
        )
