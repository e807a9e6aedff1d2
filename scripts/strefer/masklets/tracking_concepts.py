"""Steps 1-3 by a concept tracker: it is asked for the nouns and for the expressions, and finds
every object that they name, whenever it enters. No starting frame is chosen.

A noun brings all of a kind, an expression the one that is meant, also where its noun is not what
the model calls it. What both bring is one track; which expression it gets is left to step 4.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from strefer.agents.concept_tracker.interface import ConceptTracker
from strefer.masklets.joining import join_duplicates
from strefer.masklets.options import TrackOptions
from strefer.masklets.starting_frame import phrases_of
from strefer.masklets.working_track import WorkingTrack
from strefer.records import Detection, Entity


def dense_times(times_s: Sequence[float], fps: float) -> tuple[list[float], int]:
    """Times of about `fps` frames a second, or more, that have the given ones among them.

    Returns:
        The times, and the distance from one of the given ones to the next among them.
    """
    if len(times_s) < 2:
        return list(times_s), 1
    steps = np.diff(times_s)
    every = max(1, round(float(steps.max()) * fps))
    between = [
        float(start + step * part / every)
        for start, step in zip(times_s, steps, strict=False)
        for part in range(every)
    ]
    return [*between, times_s[-1]], every


def track_concepts(
    frames: Iterator[np.ndarray],
    n_frames: int,
    every: int,
    entities: Sequence[Entity],
    tracker: ConceptTracker,
    options: TrackOptions,
) -> tuple[list[int], list[WorkingTrack]]:
    """Tracks of one film, or of one window of it.

    Args:
        frames: uint8 [H, W, 3] each, `n_frames` of them.
        every: the sampled frames are the frames 0, `every`, 2 * `every`, ...

    Returns:
        The sampled frames on which objects appear, and the tracks.
    """
    nouns = phrases_of([entity.generalized_noun for entity in entities])
    noun_of = {e.expression: e.generalized_noun.strip().lower() for e in entities}
    noun_of |= {noun: noun for noun in nouns}
    phrases = list(dict.fromkeys([*nouns, *noun_of]))
    tracks: list[WorkingTrack] = []
    for found in tracker.follow(frames, n_frames, phrases, every, options.max_objects):
        if found.score >= options.min_score:
            noun = noun_of[found.phrase]
            start = Detection(found.first_frame, found.box, found.score, noun)
            new = [WorkingTrack(noun, [start], found.masks)]
            tracks = join_duplicates(tracks, new, options.join_iou)
    return sorted({start.frame for track in tracks for start in track.detections}), tracks
