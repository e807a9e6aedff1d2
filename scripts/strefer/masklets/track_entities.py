"""Stage `tracks`: steps 1-3 of the masklet generator, from sampled frames to tracked objects.

A film is decoded once and stays in memory; the tracker's image features of a frame are computed
once for both directions and for all starting frames; a shard loads each model once.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from strefer.agents.concept_tracker.interface import FPS, ConceptTracker
from strefer.agents.concept_tracker.load import load_concept_tracker
from strefer.agents.detector.interface import Detector
from strefer.agents.detector.load import load_detector
from strefer.agents.tracker.interface import Tracker
from strefer.agents.tracker.load import load_tracker
from strefer.films.apart import iterate_frames_apart
from strefer.masklets.joining import carry_over
from strefer.masklets.options import TrackOptions
from strefer.masklets.tracking_concepts import dense_times, track_concepts
from strefer.masklets.tracking_ours import track_ours
from strefer.masklets.tracking_paper import track_paper
from strefer.masklets.windows import plan_times, plan_windows, read_windows
from strefer.masklets.working_track import WorkingTrack, track_records
from strefer.records import Entity, References, Tracks, Video, to_json
from strefer.stage.run import Item, Shard, Worker, one_by_one, read_records, run_stage


def track_entities(
    videos: Path,
    references: Path,
    shard: Shard,
    options: dict[str, Any],
    agents: dict[str, dict[str, Any]],
) -> None:
    """Write the shard file of `Tracks` records.

    Args:
        videos, references: the shard's files of these stages.
        options: as `TrackOptions`.
        agents: specifications of `detector` and `tracker`, or of `concept_tracker`.
    """
    settings = TrackOptions(**options)
    by_concepts = settings.procedure == "concepts"
    entities_by_video = read_records(references, References)
    items = []
    for video_id, [video] in read_records(videos, Video).items():
        for of_video in entities_by_video.get(video_id, []):
            nouns = [entity.generalized_noun for entity in of_video.entities]
            # If only kinds and their number matter, a new wording does not require tracking again.
            content = {"video": video.digest, "nouns": nouns}
            if by_concepts:
                content["expressions"] = [entity.expression for entity in of_video.entities]
            named = of_video.entities if by_concepts else nouns
            items.append(Item(video_id, content, (video, named), film_s=video.duration_s))

    def start() -> Worker:
        if by_concepts:
            models, track = (load_concept_tracker(agents["concept_tracker"]),), track_by_concepts
        else:
            models = (load_detector(agents["detector"]), load_tracker(agents["tracker"]))
            track = track_film
        return one_by_one(
            lambda item, frames: to_json(track(*item.context, frames, *models, settings)),
            lambda item: read_film(*item.context, settings),
        )

    run_stage("tracks", items, start, shard)


def _plan(video: Video, options: TrackOptions) -> tuple[list[float], list[range]]:
    """The times of a film's sampled frames, and the windows over them."""
    # The paper's procedure has a single window of any length.
    window_s = video.duration_s if options.procedure == "paper" else options.window_s
    times_s = plan_times(video.duration_s, video.fps, options.frames, window_s)
    return times_s, plan_windows(len(times_s), options.frames, window_s, options.overlap_s)


def read_film(video: Video, named: Sequence[Any], options: TrackOptions) -> Iterator[np.ndarray]:
    """The sampled frames of each window of a film, uint8 [T, H, W, 3]; for a concept tracker all
    that it sees of each window, one by one, [H, W, 3]. None if there is nothing to track.

    Raises:
        DecodingError: if the film cannot be decoded.
    """
    times_s, windows = _plan(video, options)
    if not named:
        return iter(())
    if options.procedure != "concepts":
        return read_windows(video.path, times_s, windows)
    return itertools.chain.from_iterable(
        iterate_frames_apart(video.path, _seen(times_s, window)[0]) for window in windows
    )


def _seen(times_s: Sequence[float], window: range) -> tuple[list[float], int]:
    """The times that a concept tracker sees of a window, and which of them are sampled."""
    return dense_times(times_s[window.start : window.stop], FPS)


def track_film(
    video: Video,
    nouns: Sequence[str],
    read: Iterator[np.ndarray],
    detector: Detector,
    tracker: Tracker,
    options: TrackOptions,
) -> Tracks:
    """The tracks of one film.

    Args:
        nouns: the generalized noun of each expression; without any there is nothing to track.
        read: what `read_film` gives.
    """
    times_s, windows = _plan(video, options)
    track = track_paper if options.procedure == "paper" else track_ours
    of_windows = (track(frames, nouns, detector, tracker, options) for frames in read)
    return _whole(times_s, windows, of_windows if nouns else (), options.join_iou)


def track_by_concepts(
    video: Video,
    entities: Sequence[Entity],
    read: Iterator[np.ndarray],
    tracker: ConceptTracker,
    options: TrackOptions,
) -> Tracks:
    """The tracks of one film, by a concept tracker. What windows share is decoded twice: no window
    is held.

    Args:
        read: what `read_film` gives.
    """
    times_s, windows = _plan(video, options)

    def of_window(window: range) -> tuple[list[int], list[WorkingTrack]]:
        seen_s, every = _seen(times_s, window)
        frames = itertools.islice(read, len(seen_s))
        return track_concepts(frames, len(seen_s), every, entities, tracker, options)

    return _whole(times_s, windows, map(of_window, windows if entities else ()), options.join_iou)


def _whole(
    times_s: Sequence[float],
    windows: Sequence[range],
    of_windows: Iterable[tuple[list[int], list[WorkingTrack]]],
    join_iou: float,
) -> Tracks:
    """The windows' starting frames and tracks as those of the film."""
    starting_frames: list[int] = []
    tracks: list[WorkingTrack] = []
    seen_to = 0
    for window, (starts, of_window) in zip(windows, of_windows, strict=False):
        starting_frames += [window.start + frame for frame in starts]
        shared = range(window.start, seen_to)
        moved = [track.shifted(window.start) for track in of_window]
        tracks = carry_over(tracks, moved, shared, join_iou) if tracks else moved
        seen_to = window.stop
    return Tracks(tuple(times_s), tuple(starting_frames), track_records(tracks))
