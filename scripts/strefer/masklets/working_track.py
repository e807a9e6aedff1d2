"""A track while it is being made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strefer.agents.tracker.interface import Masks
from strefer.masks import box_of_rle, rle_areas
from strefer.records import Box, Detection, Rle, Track


@dataclass
class WorkingTrack:
    """A tracked object.

    Attributes:
        noun: the generalized noun of its detections.
        detections: the boxes that it was started from.
        masks: frame index to run-length code; empty masks are left out.
    """

    noun: str
    detections: list[Detection]
    masks: dict[int, Rle]

    def box(self, frame: int) -> Box | None:
        """The box of its mask on a frame, None where it has none."""
        return box_of_rle(self.masks[frame]) if frame in self.masks else None

    def distance(self, frame: int) -> int:
        """Frames from its nearest starting frame."""
        return min(abs(frame - detection.frame) for detection in self.detections)

    def shifted(self, offset: int) -> WorkingTrack:
        """The same track with frames counted from `offset` on."""
        detections = [Detection(d.frame + offset, d.box, d.score, d.label) for d in self.detections]
        return WorkingTrack(
            self.noun, detections, {frame + offset: mask for frame, mask in self.masks.items()}
        )


def without_empty(masks: Masks) -> dict[int, Rle]:
    """The masks with at least one pixel, in order of frames."""
    areas = dict(zip(masks, rle_areas(list(masks.values())).tolist(), strict=True))
    return {frame: masks[frame] for frame in sorted(masks) if areas[frame]}


def track_records(tracks: Sequence[WorkingTrack]) -> tuple[Track, ...]:
    """The records, numbered in order."""
    return tuple(
        Track(
            track_id=number,
            generalized_noun=track.noun,
            detections=tuple(sorted(track.detections, key=lambda d: d.frame)),
            masks={str(f): track.masks[f] for f in sorted(track.masks)},
        )
        for number, track in enumerate(tracks)
    )
