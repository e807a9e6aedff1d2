"""Decoding: frames of a film in memory, in order of their times.

Times are seconds from the first frame of the film. A film whose first timestamp is not zero
(negative ones exist) is shifted so that it is. What is wanted of a long film is reached by its key
frames, with the pixels that decoding all of it would give.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import av
import numpy as np
from av.stream import Disposition

from strefer.films.decoding import CannotJump, FilmReader
from strefer.films.film_faults import DecodingError
from strefer.films.key_frames import KeyFrames, find_key_frames
from strefer.films.opening import open_film
from strefer.films.pictures import Picture, notes_on
from strefer.films.storage import film_here

_PICTURE_FORMATS = {"gif", "apng", "webp_pipe"}  # one frame is a still picture, not a film


def key_frames(path: str | Path) -> KeyFrames:
    """The key frames of a film; looked up once as long as the file does not change."""
    with film_here(path) as here:
        seen = os.stat(here)
        # The time of a copy is that of its last use.
        return _key_frames(str(path), seen.st_size, seen.st_mtime_ns if here == path else 0)


@lru_cache(maxsize=4096)
def _key_frames(path: str, size: int, mtime_ns: int) -> KeyFrames:
    with open_film(path) as (container, stream):
        found = find_key_frames(container, stream)
    return found or KeyFrames([], [], [], [], usable=False)


def iterate_pictures(path: str | Path, threads: int = 1) -> Iterator[Picture]:
    """Every frame of a film, in order.

    Args:
        threads: of the decoder.

    Raises:
        DecodingError: if the film cannot be decoded.
    """
    with open_film(path, threads) as (container, stream):
        yield from FilmReader(container, stream).pictures()


def read_frames(
    path: str | Path, times_s: Sequence[float], size: tuple[int, int] | None = None
) -> np.ndarray:
    """The frames shown at the given times (the last frame at or before each).

    Args:
        times_s: ascending times; past the end gives the last frame.
        size: width and height in pixels that frames are scaled to, bicubically: what a model will
            see costs less than all of a large picture. The film's size if None.

    Returns:
        uint8 RGB [T, H, W, 3].

    Raises:
        DecodingError: if the film cannot be decoded or has no frame.
    """
    return np.stack(list(iterate_frames_at(path, times_s, size)))


def iterate_frames_at(
    path: str | Path, times_s: Sequence[float], size: tuple[int, int] | None = None
) -> Iterator[np.ndarray]:
    """As `read_frames`, one frame at a time: memory stays small however many are wanted.

    Yields:
        uint8 RGB [H, W, 3], one for each time.

    Raises:
        DecodingError: if the film cannot be decoded or has no frame.
    """
    wanted = list(times_s)
    done = 0
    try:
        for picture in _shown_at(path, wanted):
            yield picture.pixels(size)
            done += 1
    except CannotJump:
        key_frames(path).usable = False
        for picture in _shown_at(path, wanted[done:]):
            yield picture.pixels(size)


def _shown_at(path: str | Path, wanted: Sequence[float]) -> Iterator[Picture]:
    count = 0
    shown: Picture | None = None
    with open_film(path) as (container, stream):
        film = FilmReader(container, stream, lambda: key_frames(path))
        for picture in film.pictures():
            while shown and count < len(wanted) and wanted[count] < picture.time_s - 1e-6:
                yield shown
                count += 1
            if count == len(wanted):
                return
            shown, film.wanted_s = picture, wanted[count]
    if shown is None:
        raise DecodingError("no frame can be decoded")
    for _ in wanted[count:]:
        yield shown


def fit_size(size: tuple[int, int], max_pixels: int) -> tuple[int, int]:
    """The largest size of the same shape with at most `max_pixels`, never larger than `size`.

    Args:
        size: width and height in pixels.
    """
    width, height = size
    scale = min(1.0, (max_pixels / (width * height)) ** 0.5)
    return max(1, int(width * scale)), max(1, int(height * scale))


def sample_times(duration_s: float, count: int, fps: float, start_s: float = 0.0) -> list[float]:
    """`count` evenly spaced times, first and last frame included.

    Args:
        duration_s: length of the film or window in seconds.
        fps: the film's rate: the last frame begins one frame before the end.
        start_s: where the window begins.
    """
    last_s = max(duration_s - 1 / fps, 0.0)
    if count == 1:
        return [start_s + last_s / 2]
    return [round(start_s + last_s * i / (count - 1), 6) for i in range(count)]


def sampled_rate(duration_s: float, count: int, fps: float) -> float:
    """The number of frames per second that `sample_times` takes with the same arguments."""
    last_s = duration_s - 1 / fps
    return (count - 1) / last_s if count > 1 and last_s > 0 else fps


@dataclass(frozen=True)
class Shape:
    """The result of `measure`.

    Attributes:
        fps: the mean rate, also for films with a variable rate.
        width_px, height_px: as displayed.
        notes: what was chosen or could not be corrected, in words.
    """

    duration_s: float
    fps: float
    n_frames: int
    width_px: int
    height_px: int
    notes: tuple[str, ...] = ()


# A container may promise a few frames more than it has; a truncated file lacks many.
_MIN_SHARE_OF_PROMISE = 0.95
_LONGEST_LAST_S = 1.0  # a last frame is not shown longer than this, or than one before it


def measure(path: str | Path) -> Shape:
    """Decode a film from start to end and measure it.

    Raises:
        DecodingError: if it cannot be decoded, or ends before its container says.
    """
    times_s: list[float] = []
    interlaced = False
    with open_film(path) as (container, stream):
        for picture in FilmReader(container, stream).pictures():
            if not times_s:
                film_size, notes = picture.film_size, notes_on(picture.frame)
                picture.pixels(size=(16, 16))  # fails if its colours are unknown
            times_s.append(picture.time_s)
            interlaced = interlaced or picture.frame.interlaced_frame
        if not times_s:
            raise DecodingError("no frame can be decoded")
        if len(times_s) == 1 and container.format.name in _PICTURE_FORMATS:
            raise DecodingError("a still picture, not a film")
        fps, duration_s = rate_and_duration(times_s, picture.frame, stream)
        _refuse_truncated(stream, len(times_s), duration_s)
        notes = [*_notes_on_file(container, stream, duration_s), *notes]
    if interlaced:
        notes.append("interlaced; every other row is shown")
    shape = round(duration_s, 6), round(fps, 6), len(times_s), *film_size
    return Shape(*shape, tuple(notes))


def promised_duration(path: str | Path) -> float:
    """Seconds that a film's header promises, 0 if it promises none. Nothing is decoded.

    Raises:
        DecodingError: if it cannot be opened.
    """
    with open_film(path) as (container, stream):
        return max(_promised_s(container, stream), 0.0)


def rate_and_duration(
    times_s: Sequence[float], last: av.VideoFrame | av.Packet, stream: av.VideoStream
) -> tuple[float, float]:
    """Mean rate in frames per second, and seconds up to the end of the last frame."""
    nominal_s = 1 / float(stream.average_rate or 25)
    last_s = times_s[-1]
    steps_s = np.diff(times_s)
    mean_s = last_s / len(steps_s) if last_s > 0 else nominal_s
    longest_s = max(steps_s.max(initial=0.0), nominal_s, _LONGEST_LAST_S)
    own_s = float((last.duration or 0) * (last.time_base or 0))
    if not 0 < own_s <= longest_s:
        own_s = float(np.median(steps_s)) if last_s > 0 else nominal_s
    # A header rounds a constant rate's step.
    duration_s = last_s + (mean_s if abs(own_s - mean_s) < 1e-3 else own_s)
    return 1 / mean_s, duration_s


def _promised_s(container: av.container.InputContainer, stream: av.VideoStream) -> float:
    if stream.duration:
        return float(stream.duration * stream.time_base)
    # Of all streams, counted from zero in some formats and from the first timestamp in others.
    start_s = max(container.start_time or 0, 0) / av.time_base
    return (container.duration or 0) / av.time_base - start_s


def _refuse_truncated(stream: av.VideoStream, n_frames: int, duration_s: float) -> None:
    promised_s = float((stream.duration or 0) * (stream.time_base or 0))
    # A trimmed film keeps the frames that its edit list hides, and counts them; not so its time.
    lacks_frames = n_frames < stream.frames * _MIN_SHARE_OF_PROMISE
    if lacks_frames and duration_s < promised_s * _MIN_SHARE_OF_PROMISE:
        raise DecodingError(
            f"truncated: {stream.frames} frames promised, {n_frames} can be decoded"
        )


def _notes_on_file(
    container: av.container.InputContainer, stream: av.VideoStream, duration_s: float
) -> list[str]:
    notes = []
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if len(streams) > 1:
        size = f"{stream.width}x{stream.height}"
        notes.append(f"{len(streams)} video streams; stream {stream.index} ({size}) is used")
    promised_s = _promised_s(container, stream)
    if duration_s < min(promised_s * _MIN_SHARE_OF_PROMISE, promised_s - 0.5):
        notes.append(
            f"its pictures end after {duration_s:.2f} s; its header says {promised_s:.2f} s"
        )
    if stream.metadata.get("alpha_mode") == "1":
        notes.append("its transparency is not decoded")
    return notes
