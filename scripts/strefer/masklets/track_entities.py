"""Stage `tracks`: steps 1-3 of the masklet generator, from sampled frames to tracked objects.

A film is decoded once and stays in memory; the tracker's image features of a frame are computed
once for both directions and for all starting frames; a shard loads each model once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from strefer.agents.detector.interface import Detector
from strefer.agents.detector.load import load_detector
from strefer.agents.tracker.interface import Tracker
from strefer.agents.tracker.load import load_tracker
from strefer.masklets.joining import carry_over
from strefer.masklets.options import TrackOptions
from strefer.masklets.tracking_ours import track_ours
from strefer.masklets.tracking_paper import track_paper
from strefer.masklets.windows import plan_times, plan_windows, read_windows
from strefer.masklets.working_track import WorkingTrack, track_records
from strefer.records import References, Tracks, Video, to_json
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
        agents: specifications of `detector` and `tracker`.
    """
    settings = TrackOptions(**options)
    entities_by_video = read_records(references, References)
    items = []
    for video_id, [video] in read_records(videos, Video).items():
        for of_video in entities_by_video.get(video_id, []):
            nouns = [entity.generalized_noun for entity in of_video.entities]
            # Only kinds and their number count here: another wording needs no new tracking.
            content = {"video": video.digest, "nouns": nouns}
            items.append(Item(video_id, content, (video, nouns), film_s=video.duration_s))

    def start() -> Worker:
        detector, tracker = load_detector(agents["detector"]), load_tracker(agents["tracker"])
        return one_by_one(
            lambda item, frames: to_json(
                track_film(*item.context, frames, detector, tracker, settings)
            ),
            lambda item: read_film(*item.context, settings),
        )

    run_stage("tracks", items, start, shard)


def _plan(video: Video, options: TrackOptions) -> tuple[list[float], list[range]]:
    """The times of a film's sampled frames, and the windows over them."""
    # The paper's procedure knows one window, of whatever length.
    window_s = video.duration_s if options.procedure == "paper" else options.window_s
    times_s = plan_times(video.duration_s, video.fps, options.frames, window_s)
    return times_s, plan_windows(len(times_s), options.frames, window_s, options.overlap_s)


def read_film(video: Video, nouns: Sequence[str], options: TrackOptions) -> Iterator[np.ndarray]:
    """The sampled frames of each window of a film, uint8 [T, H, W, 3]; none if there is nothing to
    track.

    Raises:
        DecodingError: if the film cannot be decoded.
    """
    return read_windows(video.path, *_plan(video, options)) if nouns else iter(())


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
    starting_frames: list[int] = []
    tracks: list[WorkingTrack] = []
    if not nouns:
        return Tracks(tuple(times_s), (), ())
    seen_to = 0
    track = track_paper if options.procedure == "paper" else track_ours
    for window, frames in zip(windows, read, strict=True):
        starts, of_window = track(frames, nouns, detector, tracker, options)
        starting_frames += [window.start + frame for frame in starts]
        shared = range(window.start, seen_to)
        moved = [t.shifted(window.start) for t in of_window]
        tracks = carry_over(tracks, moved, shared, options.join_iou) if tracks else moved
        seen_to = window.stop
    return Tracks(tuple(times_s), tuple(starting_frames), track_records(tracks))
