"""Joining tracks: both directions at their shared frame, duplicates, and windows of a long film."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from strefer.agents.tracker.interface import Masks
from strefer.masklets.working_track import WorkingTrack
from strefer.masks import box_ious, box_of_rle, rle_iou


def join_directions(
    forward: Sequence[Masks], backward: Sequence[Masks], shared_frame: int
) -> list[Masks]:
    """The paper's step 3: pair forward and backward tracks by their boxes on the shared frame.

    The pairing is optimal in the sum of boxes' overlaps. The forward track gives the mask of the
    shared frame.

    Returns:
        One for each forward track, in order.
    """
    if len(forward) != len(backward):
        raise ValueError(f"{len(forward)} tracks forward, but {len(backward)} backward")
    boxes = [
        [box_of_rle(masks[shared_frame]) for masks in direction]
        for direction in (forward, backward)
    ]
    rows, columns = linear_sum_assignment(box_ious(*boxes), maximize=True)
    return [backward[column] | forward[row] for row, column in zip(rows, columns, strict=True)]


def overlap_in_time(first: WorkingTrack, second: WorkingTrack) -> tuple[float, int]:
    """Mean mask overlap over the frames on which both tracks have a mask, and their number."""
    common = sorted(first.masks.keys() & second.masks.keys())
    if not common:
        return 0.0, 0
    ious = [rle_iou(first.masks[frame], second.masks[frame]) for frame in common]
    return float(np.mean(ious)), len(common)


def is_duplicate(first: WorkingTrack, second: WorkingTrack, join_iou: float) -> bool:
    """True if two tracks follow one object: of one kind, and overlapping by `join_iou` on the
    mean over at least half of the shorter one's frames."""
    if first.noun != second.noun:
        return False
    overlap, common = overlap_in_time(first, second)
    return overlap >= join_iou and 2 * common >= min(len(first.masks), len(second.masks))


def merged(first: WorkingTrack, second: WorkingTrack) -> WorkingTrack:
    """Two tracks of one object as one. Each frame has the mask of the track that started nearer:
    a tracker's errors grow with the distance."""
    masks = {}
    for frame in sorted(first.masks.keys() | second.masks.keys()):
        owners = [track for track in (first, second) if frame in track.masks]
        masks[frame] = min(owners, key=lambda track: track.distance(frame)).masks[frame]
    return WorkingTrack(first.noun, [*first.detections, *second.detections], masks)


def join_duplicates(
    tracks: Sequence[WorkingTrack], new: Sequence[WorkingTrack], join_iou: float
) -> list[WorkingTrack]:
    """The tracks with the new ones, each new one joined to the first track that it duplicates."""
    joined = list(tracks)
    for candidate in new:
        twin = next((i for i, t in enumerate(joined) if is_duplicate(t, candidate, join_iou)), None)
        if twin is None:
            joined.append(candidate)
        else:
            joined[twin] = merged(joined[twin], candidate)
    return joined


def carry_over(
    tracks: Sequence[WorkingTrack],
    of_window: Sequence[WorkingTrack],
    shared_frames: Sequence[int],
    join_iou: float,
) -> list[WorkingTrack]:
    """The tracks of a long film with those of its next window, identities carried across.

    Tracks of one kind are paired optimally by the mean overlap of their masks over the frames that
    the windows share (frames where neither has a mask do not count); a pair below `join_iou` is
    two objects.
    """
    ious = np.zeros((len(tracks), len(of_window)))
    for i, old in enumerate(tracks):
        for j, new in enumerate(of_window):
            if old.noun == new.noun:
                ious[i, j] = _shared_overlap(old, new, shared_frames)
    carried = list(tracks)
    known = set()
    for i, j in zip(*linear_sum_assignment(ious, maximize=True), strict=True):
        if ious[i, j] >= join_iou:
            carried[i] = merged(tracks[i], of_window[j])
            known.add(j)
    return carried + [track for j, track in enumerate(of_window) if j not in known]


def _shared_overlap(old: WorkingTrack, new: WorkingTrack, frames: Sequence[int]) -> float:
    ious = []
    for frame in frames:
        if frame in old.masks and frame in new.masks:
            ious.append(rle_iou(old.masks[frame], new.masks[frame]))
        elif frame in old.masks or frame in new.masks:
            ious.append(0.0)
    return float(np.mean(ious)) if ious else 0.0
