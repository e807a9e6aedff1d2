"""Steps 1-3 as the paper has them: one starting frame, tracked both ways.

Source: Strefer (arXiv 2509.03501), masklet generator. Each detection above the paper's thresholds
starts a track, whatever its label.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from strefer.agents.detector.interface import Detector
from strefer.agents.tracker.interface import Tracker
from strefer.masklets.joining import join_directions
from strefer.masklets.options import TrackOptions
from strefer.masklets.starting_frame import (
    breadth_first,
    choose_starting_frame,
    phrases_of,
    surest,
    usable,
)
from strefer.masklets.working_track import WorkingTrack, without_empty
from strefer.records import Detection


def track_paper(
    frames: np.ndarray,
    nouns: Sequence[str],
    detector: Detector,
    tracker: Tracker,
    options: TrackOptions,
) -> tuple[list[int], list[WorkingTrack]]:
    """Tracks of one film.

    Args:
        frames: uint8 [T, H, W, 3], the sampled frames.
        nouns: the generalized noun of each expression.

    Returns:
        The starting frame (none without a detection), and a track for each detection on it.
    """
    phrases = phrases_of(nouns)

    def detect(frame: int) -> list[Detection]:
        [raw] = detector.detect(
            [frames[frame]], phrases, options.box_threshold, options.text_threshold
        )
        return surest(usable(raw, frame, options.min_score), options.max_objects)

    starts = choose_starting_frame(detect, breadth_first(len(frames)), len(nouns))
    if not starts:
        return [], []
    start_frame = starts[0].frame
    boxes = [detection.box for detection in starts]
    session = tracker.open_session(frames)
    forward = tracker.propagate(session, start_frame, boxes, reverse=False)
    backward = tracker.propagate(session, start_frame, boxes, reverse=True)
    joined = join_directions(forward, backward, start_frame)
    return [start_frame], [
        WorkingTrack(detection.label, [detection], without_empty(masks))
        for detection, masks in zip(starts, joined, strict=True)
    ]
