"""Stage `clips`: the video clipper, which cuts a film into semantic segments.

Hard cuts come from PySceneDetect's content detector. Within a shot, frames are embedded and
clustered: neighbours are merged bottom-up while their average cosine distance is below a
threshold, so that a cluster is a stretch of time (`segmentation.py`). Both are fed by one decoding
pass, and what is kept of a frame is its embedding: an hour of film needs no more memory for frames
than a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from strefer import frames
from strefer.agents.embedder import Embedder, load_embedder
from strefer.clips.hard_cuts import CutDetector
from strefer.clips.segmentation import boundaries_within, without_short_ends
from strefer.records import Clips, Segment, Video, to_json
from strefer.stage.run import Item, ItemFailure, Shard, Worker, one_by_one, read_records, run_stage

_EMBEDDING_BATCH = 16  # frames; bounds the memory


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
        options: `content_threshold` of the content detector; `embedding_fps`, frames embedded a
            second; `distance_threshold`, the cosine distance from which neighbours stay apart;
            `min_segment_s`.
        embedder: the embedder's specification.
        threads: CPU threads for decoding.
    """
    items = [
        Item(video_id, content=video.digest, context=video)
        for video_id, (video,) in read_records(videos, Video).items()
    ]

    def start() -> Worker:
        model = load_embedder(embedder)
        return one_by_one(lambda item: _cut_film(item.context, options, model, threads))

    run_stage("clips", items, start, shard)


def _cut_film(
    video: Video, options: Mapping[str, Any], embedder: Embedder, threads: int
) -> dict[str, Any]:
    try:
        return to_json(Clips(segment_film(video, options, embedder, threads)))
    except (frames.DecodingError, OSError) as error:
        raise ItemFailure(f"{video.path}: {error}") from None


def segment_film(
    video: Video, options: Mapping[str, Any], embedder: Embedder, threads: int = 1
) -> tuple[Segment, ...]:
    """The segments of a film; they tile it without gap or overlap.

    Args:
        options, threads: as in `cut_clips`.

    Raises:
        DecodingError: if the film cannot be decoded.
    """
    cuts_s, times_s, embeddings = watch_film(video, options, embedder, threads)
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
            distance_threshold=options["distance_threshold"],
            min_segment_s=options["min_segment_s"],
        ):
            starts[change_s] = "change"
    ordered = sorted(starts)
    ends = [*ordered[1:], video.duration_s]
    return tuple(
        Segment(index, start_s, end_s, starts[start_s])
        for index, (start_s, end_s) in enumerate(zip(ordered, ends, strict=True))
    )


def watch_film(
    video: Video, options: Mapping[str, Any], embedder: Embedder, threads: int = 1
) -> tuple[list[float], np.ndarray, np.ndarray]:
    """Decode a film once, for cuts and embeddings.

    Returns:
        Times of hard cuts in seconds; times of the embedded frames, float64 [N]; their
        embeddings, float32 [N, D], of unit length.
    """
    film_size = (video.width_px, video.height_px)
    detector = CutDetector(
        options["content_threshold"], options["min_segment_s"], video.fps, film_size
    )
    shown_size = embedder.best_size(film_size)
    cuts_s: list[float] = []
    times_s: list[float] = []
    pending: list[np.ndarray] = []
    # One block that grows: small arrays kept between the model's large ones would split its memory.
    embeddings = bytearray()
    step_s, next_s = 1 / options["embedding_fps"], 0.0
    for picture in frames.iterate_pictures(video.path, threads):
        # Scaled as PySceneDetect's own scene manager does.
        small = picture.pixels(detector.size, interpolation="FAST_BILINEAR")
        cuts_s += detector.feed(picture.time_s, small)
        if picture.time_s < next_s - 1e-6:
            continue
        next_s = max(next_s + step_s, picture.time_s + 1e-6)
        times_s.append(picture.time_s)
        pending.append(picture.pixels(shown_size))
        if len(pending) == _EMBEDDING_BATCH:
            embeddings += embedder.embed_images(np.stack(pending)).tobytes()
            pending.clear()
    if pending:
        embeddings += embedder.embed_images(np.stack(pending)).tobytes()
    rows = np.frombuffer(embeddings, np.float32).reshape(len(times_s), -1)
    return cuts_s, np.array(times_s), rows
