"""Stage `clips`: the video clipper, which cuts a film into semantic segments.

Hard cuts come from a shot detector (`cuts.py`). Within a shot, frames are embedded and
clustered: neighbours are merged bottom-up while their average cosine distance is below a
threshold, so that a cluster is a stretch of time (`segmentation.py`). Both are fed by one decoding
pass, and what is kept of a frame is its embedding: an hour of film needs no more memory for frames
than a second.

Embedders spread their cosines differently, so the threshold counts in what the embedder makes of
frames of this film that show the same: of neighbours, and of a frame that is slightly shifted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from strefer import frames
from strefer.agents.embedder import Embedder, load_embedder
from strefer.clips.hard_cuts import load_shot_detector
from strefer.clips.segmentation import boundaries_within, noise_of, without_short_ends
from strefer.records import Clips, Segment, Video, to_json
from strefer.stage.run import Item, ItemFailure, Shard, Worker, one_by_one, read_records, run_stage

_EMBEDDING_BATCH = 16  # frames; bounds the memory
_SHIFTED_FRAMES = 4  # of a film
_SHIFTED_SHARE = 0.9  # of a frame's sides: two such views, from opposite corners, show the same


def cut_clips(
    videos: Path,
    shard: Shard,
    options: Mapping[str, Any],
    embedder: Mapping[str, Any],
    threads: int,
) -> None:
    """Write the shard file of `Clips` records.

    Args:
        videos: the shard file of `Video` records.
        options: `shot_detector`; `content_threshold` of the content detector; `embedding_fps`,
            frames embedded a second; `distance_threshold`, the distance from which neighbours stay
            apart, in distances of frames that show the same; `min_segment_s`.
        embedder: the embedder's specification.
        threads: CPU threads for decoding.
    """
    items = [
        Item(video_id, content=video.digest, context=video)
        for video_id, (video,) in read_records(videos, Video).items()
    ]

    def start() -> Worker:
        model = load_embedder(embedder)
        load_shot_detector(options, 25.0, (48, 27))  # what it lacks ends the job, not each film
        return one_by_one(lambda item: _cut_film(item.context, options, model, threads))

    run_stage("clips", items, start, shard)


def _cut_film(
    video: Video, options: Mapping[str, Any], embedder: Embedder, threads: int
) -> dict[str, Any]:
    try:
        return to_json(segment_film(video, options, embedder, threads))
    except (frames.DecodingError, OSError) as error:
        raise ItemFailure(f"{video.path}: {error}") from None


def segment_film(
    video: Video, options: Mapping[str, Any], embedder: Embedder, threads: int = 1
) -> Clips:
    """The segments of a film; they tile it without gap or overlap. Each begins at a cut where it
    can, and cuts that follow too fast for a segment each stay inside one.

    Args:
        options, threads: as in `cut_clips`.

    Raises:
        DecodingError: if the film cannot be decoded.
    """
    watched = watch_film(video, options, embedder, threads)
    times_s, embeddings = watched.times_s, watched.embeddings
    noise = noise_of(times_s, embeddings, watched.cuts_s, watched.shifted)
    # Timestamps may be doubled, also the first one.
    cuts_s = sorted({cut_s for cut_s in watched.cuts_s if 0 < cut_s < video.duration_s})
    cuts_s = without_short_ends(cuts_s, video.duration_s, options["min_segment_s"])
    starts: dict[float, str] = {0.0: "start"} | dict.fromkeys(cuts_s, "cut")
    for start_s, end_s in zip([0.0, *cuts_s], [*cuts_s, video.duration_s], strict=True):
        # Rounding may put a cut a microsecond behind the frame that begins there.
        inside = (times_s >= start_s - 1e-5) & (times_s < end_s - 1e-5)
        for change_s in boundaries_within(
            times_s[inside],
            embeddings[inside],
            start_s,
            end_s,
            distance_threshold=options["distance_threshold"] * noise,
            min_segment_s=options["min_segment_s"],
        ):
            starts[change_s] = "change"
    ordered = sorted(starts)
    ends = [*ordered[1:], video.duration_s]
    segments = tuple(
        Segment(index, start_s, end_s, starts[start_s])
        for index, (start_s, end_s) in enumerate(zip(ordered, ends, strict=True))
    )
    return Clips(segments, tuple(watched.cuts_s))


@dataclass(frozen=True)
class WatchedFilm:
    """What one decoding pass gives.

    Attributes:
        cuts_s: times of hard cuts in seconds.
        times_s: float64 [N], times of the embedded frames.
        embeddings: float32 [N, D], of unit length.
        shifted: mean cosine distance between two views of one frame, from opposite corners.
    """

    cuts_s: list[float]
    times_s: np.ndarray
    embeddings: np.ndarray
    shifted: float


def watch_film(
    video: Video, options: Mapping[str, Any], embedder: Embedder, threads: int = 1
) -> WatchedFilm:
    """Decode a film once, for cuts and embeddings."""
    film_size = (video.width_px, video.height_px)
    detector = load_shot_detector(options, video.fps, film_size)
    shown_size = embedder.best_size(film_size)
    cuts_s: list[float] = []
    times_s: list[float] = []
    pending: list[np.ndarray] = []
    # One block that grows: small arrays kept between the model's large ones would split its memory.
    embeddings = bytearray()
    step_s, next_s = 1 / options["embedding_fps"], 0.0
    views: list[np.ndarray] = []
    for picture in frames.iterate_pictures(video.path, threads):
        # Scaled as PySceneDetect's own scene manager does.
        small = picture.pixels(detector.size, interpolation="FAST_BILINEAR")
        cuts_s += detector.feed(picture.time_s, small)
        if picture.time_s < next_s - 1e-6:
            continue
        next_s = max(next_s + step_s, picture.time_s + 1e-6)
        times_s.append(picture.time_s)
        shown = picture.pixels(shown_size)
        pending.append(shown)
        if picture.time_s >= video.duration_s * (len(views) + 1) / (2 * _SHIFTED_FRAMES) - 1e-6:
            views += _opposite_views(shown, mirrored=len(views) % 4 == 2)
        if len(pending) == _EMBEDDING_BATCH:
            embeddings += embedder.embed_images(np.stack(pending)).tobytes()
            pending.clear()
    cuts_s += detector.finish()
    if pending:
        embeddings += embedder.embed_images(np.stack(pending)).tobytes()
    rows = np.frombuffer(embeddings, np.float32).reshape(len(times_s), -1)
    views = views or _opposite_views(shown, mirrored=False)
    pairs = embedder.embed_images(np.stack(views)).reshape(-1, 2, rows.shape[1])
    shifted = 1 - float((pairs[:, 0] * pairs[:, 1]).sum(axis=1).mean())
    return WatchedFilm(cuts_s, np.array(times_s), rows, shifted)


def _opposite_views(frame: np.ndarray, *, mirrored: bool) -> list[np.ndarray]:
    """A frame seen from its upper left and lower right corner, or from the two others."""
    height, width = (math.ceil(side * _SHIFTED_SHARE) for side in frame.shape[:2])
    columns = slice(0, width), slice(frame.shape[1] - width, None)
    first, second = columns[::-1] if mirrored else columns
    return [frame[:height, first], frame[frame.shape[0] - height :, second]]
