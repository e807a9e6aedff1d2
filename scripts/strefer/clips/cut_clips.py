"""Stage `clips`: the video clipper, which cuts a film into semantic segments.

Hard cuts come from a shot detector (`hard_cuts.py`). Within a shot, frames are embedded and
clustered: neighbours are merged bottom-up while their average cosine distance is below a
threshold, so that a cluster is a stretch of time (`segmentation.py`). Both are fed by one decoding
pass, and what is kept of a frame is its embedding: an hour of film needs no more memory for frames
than a second.

Embedders spread their cosines differently, so the threshold counts in what the embedder makes of
frames of this film that show the same: of neighbours, and of a frame that is slightly shifted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from strefer import frames
from strefer.agents.embedder import Embedder, load_embedder
from strefer.clips.appearance import line_of, nearest_frames, packed
from strefer.clips.hard_cuts import load_shot_detector
from strefer.clips.segmentation import boundaries_within, noise_of, without_short_ends
from strefer.clips.shots import Cut
from strefer.records import Appearance, Clips, Segment, Video
from strefer.stage.ahead import flat_ahead
from strefer.stage.batches import by_item, in_batches
from strefer.stage.run import Item, ItemFailure, Shard, Worker, read_records, run_stage

_LOOK = 16  # frames that are handed on together; bounds the memory
_LOOKS_TOGETHER = 16  # of one film or of several, that the embedder is given together
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
        Item(video_id, content=video.digest, context=video, film_s=video.duration_s)
        for video_id, (video,) in read_records(videos, Video).items()
    ]

    def start() -> Worker:
        model = load_embedder(embedder)
        load_shot_detector(options, 25.0, (48, 27))  # what it lacks ends the job, not each film

        def look_at(item: Item) -> Iterator[tuple[Item, _Look | ItemFailure]]:
            try:
                for look in _look_at(item.context, options, model, threads):
                    yield item, look
            except (frames.DecodingError, OSError) as error:
                yield item, ItemFailure(f"{item.context.path}: {error}")

        return lambda missing: by_item(
            in_batches(
                flat_ahead(missing, look_at, threads),
                _LOOKS_TOGETHER,
                lambda looks: _embed(model, [look for _, look in looks]),
            ),
            lambda item, seen: line_of(_segments(item.context, options, _watched(seen))),
        )

    run_stage("clips", items, start, shard)


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
    looks = _look_at(video, options, embedder, threads)
    return _segments(video, options, _watched(_embed(embedder, [look])[0] for look in looks))


def _segments(video: Video, options: Mapping[str, Any], watched: WatchedFilm) -> Clips:
    times_s, embeddings = watched.times_s, watched.embeddings
    found_s = [cut.time_s for cut in watched.cuts]
    noise = noise_of(times_s, embeddings, found_s, watched.shifted)
    # Timestamps may be doubled, also the first one.
    cuts_s = sorted({cut_s for cut_s in found_s if 0 < cut_s < video.duration_s})
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
    means = [embeddings[nearest_frames(times_s, s.start_s, s.end_s)].mean(0) for s in segments]
    seen = Appearance(
        packed(means), round(noise, 6), round(watched.contrast, 2), round(watched.motion, 2)
    )
    probabilities = tuple(c.probability for c in watched.cuts if c.probability is not None)
    return Clips(segments, tuple(found_s), seen, probabilities)


@dataclass(frozen=True)
class WatchedFilm:
    """The result of one decoding pass.

    Attributes:
        cuts: in order of time.
        times_s: float64 [N], times of the embedded frames.
        embeddings: float32 [N, D], of unit length.
        shifted: mean cosine distance between two views of one frame, from opposite corners.
        contrast, motion: as in `Appearance`.
    """

    cuts: tuple[Cut, ...]
    times_s: np.ndarray
    embeddings: np.ndarray
    shifted: float
    contrast: float
    motion: float


@dataclass(frozen=True)
class _Look:
    """Some frames of a film that are to be embedded, uint8 [B, H, W, 3], with their times; or,
    last of all, views from corners, with what is known of the whole film."""

    shown: np.ndarray
    times_s: tuple[float, ...] = ()
    cuts: tuple[Cut, ...] = ()
    contrast: float = 0.0
    motion: float = 0.0

    @property
    def nbytes(self) -> int:
        return self.shown.nbytes


def _look_at(
    video: Video, options: Mapping[str, Any], embedder: Embedder, threads: int
) -> Iterator[_Look]:
    """Decode a film once, for cuts and for what is to be embedded."""
    film_size = (video.width_px, video.height_px)
    detector = load_shot_detector(options, video.fps, film_size)
    shown_size = embedder.best_size(film_size)
    cuts: list[Cut] = []
    times_s: list[float] = []
    pending: list[np.ndarray] = []
    step_s, next_s = 1 / options["embedding_fps"], 0.0
    views: list[np.ndarray] = []
    first: np.ndarray | None = None
    contrast = motion = 0.0
    for picture in frames.iterate_pictures(video.path, threads):
        # Scaled as PySceneDetect's own scene manager does.
        small = picture.pixels(detector.size, interpolation="FAST_BILINEAR")
        cuts += detector.feed(picture.time_s, small)
        if picture.time_s < next_s - 1e-6:
            continue
        next_s = max(next_s + step_s, picture.time_s + 1e-6)
        times_s.append(picture.time_s)
        shown = picture.pixels(shown_size)
        pending.append(shown)
        grey = shown.mean(axis=2, dtype=np.float32)
        first = grey if first is None else first
        contrast = max(contrast, float(grey.std()))
        motion = max(motion, float(np.abs(grey - first).mean()))
        if picture.time_s >= video.duration_s * (len(views) + 1) / (2 * _SHIFTED_FRAMES) - 1e-6:
            views += _opposite_views(shown, mirrored=len(views) % 4 == 2)
        if len(pending) == _LOOK:
            yield _Look(np.stack(pending), tuple(times_s))
            pending, times_s = [], []
    cuts += detector.finish()
    if pending:
        yield _Look(np.stack(pending), tuple(times_s))
    views = views or _opposite_views(shown, mirrored=False)
    yield _Look(np.stack(views), (), tuple(cuts), contrast, motion)


Seen = tuple[_Look, np.ndarray]  # with its embeddings, float32 [B, D]


def _embed(embedder: Embedder, looks: Sequence[_Look]) -> list[Seen]:
    """Embed looks of several films together; those of one size in one call."""
    rows: dict[int, np.ndarray] = {}
    by_size: dict[tuple[int, ...], list[int]] = {}
    for number, look in enumerate(looks):
        by_size.setdefault(look.shown.shape[1:], []).append(number)
    for numbers in by_size.values():
        together = embedder.embed_images(np.concatenate([looks[n].shown for n in numbers]))
        ends = np.cumsum([len(looks[n].shown) for n in numbers])
        rows |= dict(zip(numbers, np.split(together, ends[:-1]), strict=True))
    # Without the frames: one look of a film is held, not all of them.
    return [(replace(look, shown=look.shown[:0]), rows[n]) for n, look in enumerate(looks)]


def _watched(seen: Iterable[Seen]) -> WatchedFilm:
    """Assemble a film from its looks, in order."""
    times_s: list[float] = []
    # One block that grows: small arrays kept between the model's large ones would split its memory.
    embeddings = bytearray()
    for look, rows in seen:
        if look.times_s:
            times_s += look.times_s
            embeddings += rows.tobytes()
    pairs = rows.reshape(-1, 2, rows.shape[1])
    shifted = 1 - float((pairs[:, 0] * pairs[:, 1]).sum(axis=1).mean())
    rows = np.frombuffer(embeddings, np.float32).reshape(len(times_s), -1)
    return WatchedFilm(look.cuts, np.array(times_s), rows, shifted, look.contrast, look.motion)


def _opposite_views(frame: np.ndarray, *, mirrored: bool) -> list[np.ndarray]:
    """A frame seen from its upper left and lower right corner, or from the two others."""
    height, width = (math.ceil(side * _SHIFTED_SHARE) for side in frame.shape[:2])
    columns = slice(0, width), slice(frame.shape[1] - width, None)
    first, second = columns[::-1] if mirrored else columns
    return [frame[:height, first], frame[frame.shape[0] - height :, second]]
