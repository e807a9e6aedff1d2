"""Steps 1-3 in our procedure: further starting frames for what is not covered yet.

One starting frame loses entities that never share a frame with the others, and those that the
tracker does not know again when they return. Here the first `look_ahead` frames of the same
breadth-first order are looked at, and tracking starts again from detections that no track explains.
While there are fewer tracks of a kind than expressions, the other frames are looked at too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from strefer.agents.detector.interface import Detector
from strefer.agents.tracker.interface import Session, Tracker
from strefer.masklets.joining import join_duplicates
from strefer.masklets.options import TrackOptions
from strefer.masklets.starting_frame import (
    breadth_first_levels,
    phrases_of,
    suppressed,
    surest,
    usable,
)
from strefer.masklets.working_track import WorkingTrack, without_empty
from strefer.masks import box_ious
from strefer.records import Detection


class Lookout:
    """Detections of a film's frames, level after level of the breadth-first order, each frame
    looked at once; a level's frames go to the detector together."""

    def __init__(
        self,
        frames: np.ndarray,
        phrases: Sequence[str],
        detector: Detector,
        options: TrackOptions,
    ) -> None:
        self.frames = frames
        self.phrases = phrases
        self.detector = detector
        self.options = options
        self.waiting = breadth_first_levels(len(frames))
        self.found: dict[int, list[Detection]] = {}

    def look_further(self) -> bool:
        """Look at the next level; False if all frames have been looked at."""
        if not self.waiting:
            return False
        level, options = self.waiting.pop(0), self.options
        raw_by_frame = self.detector.detect(
            [self.frames[i] for i in level],
            self.phrases,
            options.box_threshold,
            options.text_threshold,
        )
        for frame, raw in zip(level, raw_by_frame, strict=True):
            found = suppressed(usable(raw, frame, options.min_score), options.nms_iou)
            self.found[frame] = surest(found, options.max_objects)
        return True


def track_ours(
    frames: np.ndarray,
    nouns: Sequence[str],
    detector: Detector,
    tracker: Tracker,
    options: TrackOptions,
) -> tuple[list[int], list[WorkingTrack]]:
    """Tracks of one film, or of one window of it.

    Args:
        frames: uint8 [T, H, W, 3], the sampled frames.
        nouns: the generalized noun of each expression.

    Returns:
        The starting frames in the order of their choice, and the tracks.
    """
    phrases = phrases_of(nouns)
    wanted = Counter(noun.strip().lower() for noun in nouns)
    lookout = Lookout(frames, phrases, detector, options)
    starting_frames: list[int] = []
    tracks: list[WorkingTrack] = []
    # Tracks of one object are counted once but stay separate: if a tracker drifts, overlap does not
    # prove identity, and step 4 can see which expression each of them follows.
    distinct: list[WorkingTrack] = []
    session = None
    while len(starting_frames) < options.max_starting_frames:
        missing = wanted - Counter(track.noun for track in distinct)
        starts = _next_starts(lookout, tracks, missing, starting_frames)
        if not starts:
            break
        # One session for all starting frames: each frame's image features are computed once.
        session = session or tracker.open_session(frames)
        first, last = 0, len(frames) - 1
        if not any(detection.label in missing for detection in starts):
            first, last = _gap(starts[0].frame, starting_frames, last)
        new = _track(tracker, session, starts, first, last, options.min_certainty)
        tracks += new
        distinct = join_duplicates(distinct, new, options.join_iou)
        starting_frames.append(starts[0].frame)
    return starting_frames, tracks


def _track(
    tracker: Tracker,
    session: Session,
    starts: Sequence[Detection],
    first: int,
    last: int,
    min_certainty: float,
) -> list[WorkingTrack]:
    """Tracks of the detections of one frame, both ways from `first` to `last`."""
    start_frame = starts[0].frame
    boxes = [detection.box for detection in starts]
    forward, backward = (
        tracker.propagate(session, start_frame, boxes, reverse, until, min_certainty)
        for reverse, until in ((False, last), (True, first))
    )
    tracks = [
        WorkingTrack(detection.label, [detection], without_empty(b | f))
        for detection, f, b in zip(starts, forward, backward, strict=True)
    ]
    return [track for track in tracks if track.masks]


def _gap(frame: int, used: Sequence[int], last: int) -> tuple[int, int]:
    """The frames around a starting frame, up to its neighbouring starting frames: beyond those,
    tracks that started there are more reliable."""
    first = max((other + 1 for other in used if other < frame), default=0)
    return first, min((other - 1 for other in used if other > frame), default=last)


def _next_starts(
    lookout: Lookout,
    tracks: Sequence[WorkingTrack],
    missing: Counter[str],
    used: Sequence[int],
) -> list[Detection]:
    """The unexplained detections of the next starting frame; none if there is nothing left to find.

    Of the frames looked at, and not in `used`, the one that adds most: most tracks of the kinds
    that are missing, then most tracks, then the surest. Further frames are looked at only while
    something is missing that no frame so far shows. A detection of a kind that is not missing
    starts a track too: it is an entity that returned and that the tracker did not know again.
    """
    while True:
        starts: list[Detection] = []
        best = (0, 0, 0.0)
        for frame in [f for f in lookout.found if f not in used]:
            new = unexplained(lookout.found[frame], tracks, lookout.options.explained_iou)
            gain = (Counter(d.label for d in new) & missing).total()
            worth = (gain, len(new), sum(d.score for d in new))
            if worth > best:
                best, starts = worth, new
        enough = len(lookout.found) >= lookout.options.look_ahead
        if enough and (best[0] or not missing):
            return starts
        if not lookout.look_further():
            return starts


def unexplained(
    detections: Sequence[Detection], tracks: Sequence[WorkingTrack], explained_iou: float
) -> list[Detection]:
    """The detections of one frame that no track's mask explains: none has a box around it that
    overlaps the detection by `explained_iou`."""
    if not detections:
        return []
    boxes = [box for t in tracks if (box := t.box(detections[0].frame)) is not None]
    overlaps = box_ious([d.box for d in detections], boxes).max(axis=1, initial=0.0)
    return [d for d, overlap in zip(detections, overlaps, strict=True) if overlap < explained_iou]
