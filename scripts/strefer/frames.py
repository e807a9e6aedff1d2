"""Decoding: frames of a film in memory, one pass a call.

Times are seconds from the first frame of the film. A film whose first timestamp is not zero
(negative ones exist) is shifted so that it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from strefer.picture_folder import opening_options

# What a raw film may be. Playlists (HLS, DASH, concat) are left out: they name other files and
# addresses, and a film must not make this machine open them.
_OPEN_ONLY = {
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,mpegvideo,ogg,flv",
    "protocol_whitelist": "file",
}


class DecodingError(Exception):
    """The film cannot be decoded; the text says why."""


@contextmanager
def _open(
    path: str | Path, threads: int = 1
) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    # `file:` keeps a name with a colon from being read as a protocol.
    address, kind, options = f"file:{path}", None, dict(_OPEN_ONLY)
    if os.path.isdir(path):
        try:
            address, kind, options = opening_options(path)
        except (ValueError, OSError) as error:
            raise DecodingError(f"cannot be decoded: {error}") from None
    try:
        # Tags in other encodings than UTF-8 are common, and no reason to refuse a film.
        with av.open(address, format=kind, options=options, metadata_errors="replace") as container:
            if not container.streams.video:
                raise DecodingError("no video stream")
            stream = container.streams.video[0]
            stream.thread_count, stream.thread_type = threads, "AUTO"
            yield container, stream
    except av.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise  # the machine's fault, not the film's
        raise DecodingError(f"cannot be decoded: {error.strerror or error}") from None


def _decode(path: str | Path, threads: int = 1) -> Iterator[tuple[float, av.VideoFrame]]:
    """Every frame with its time, in order of presentation."""
    with _open(path, threads) as (container, stream):
        first: float | None = None
        rate = float(stream.average_rate or 25)
        last = -1.0
        for frame in container.decode(stream):
            if frame.pts is None or frame.time_base is None:
                time_s = last + 1 / rate if last >= 0 else 0.0  # a stream without timestamps
            else:
                absolute_s = float(frame.pts * frame.time_base)
                first = absolute_s if first is None else first
                time_s = absolute_s - first
            last = max(time_s, last)
            yield last, frame


class _Scalers:
    """libswscale's contexts, which cost more to make than to use: each serves all frames of a film.
    They run in the caller's thread."""

    def __init__(self) -> None:
        self._scalers: dict[tuple, VideoReformatter] = {}

    def scale(self, frame: av.VideoFrame, width: int, height: int, how: str) -> np.ndarray:
        """uint8 RGB [H, W, 3]; `how` is libswscale's interpolation."""
        scaler = self._scalers.setdefault((width, height, how), VideoReformatter())
        scaled = scaler.reformat(frame, width, height, "rgb24", interpolation=how, threads=1)
        return scaled.to_ndarray()


def _quarter_turns(frame: av.VideoFrame) -> int:
    """How often a frame has to be turned counterclockwise to stand upright."""
    return round((frame.rotation or 0) / 90) % 4


def _upright_size(frame: av.VideoFrame) -> tuple[int, int]:
    """Width and height in pixels."""
    stored = frame.width, frame.height
    return stored[::-1] if _quarter_turns(frame) % 2 else stored


@dataclass(frozen=True)
class Picture:
    """A decoded frame whose pixels are not made yet: that costs as much as decoding, and less
    for a small picture.

    Attributes:
        film_size: width and height in pixels of the film's first frame, upright. Films of several
            sizes exist.
    """

    time_s: float
    frame: av.VideoFrame
    film_size: tuple[int, int]
    scalers: _Scalers

    def pixels(
        self, size: tuple[int, int] | None = None, interpolation: str = "BICUBIC"
    ) -> np.ndarray:
        """uint8 RGB [H, W, 3], turned upright.

        Args:
            size: width and height in pixels that the picture is scaled to; the film's if None.
            interpolation: libswscale's. "BICUBIC" is what vision encoders mostly know;
                "FAST_BILINEAR" looks at four pixels, as OpenCV's linear one does.
        """
        turns = _quarter_turns(self.frame)
        if size is None:
            size, interpolation = self.film_size, "BILINEAR"
        width, height = size[::-1] if turns % 2 else size
        pixels = self.scalers.scale(self.frame, width, height, interpolation)
        return np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels


def iterate_pictures(path: str | Path, threads: int = 1) -> Iterator[Picture]:
    """Every frame of a film, in order.

    Args:
        threads: of the decoder.

    Raises:
        DecodingError: if the film cannot be decoded.
    """
    scalers, film_size = _Scalers(), None
    for time_s, frame in _decode(path, threads):
        film_size = film_size or _upright_size(frame)
        yield Picture(time_s, frame, film_size, scalers)


def read_frames(path: str | Path, times_s: Sequence[float]) -> np.ndarray:
    """The frames shown at the given times (the last frame at or before each), in one pass.

    Args:
        times_s: ascending times; past the end gives the last frame.

    Returns:
        uint8 RGB [T, H, W, 3].

    Raises:
        DecodingError: if the film cannot be decoded or has no frame.
    """
    return np.stack(list(iterate_frames_at(path, times_s)))


def iterate_frames_at(path: str | Path, times_s: Sequence[float]) -> Iterator[np.ndarray]:
    """As `read_frames`, one frame at a time: memory stays small however many are wanted.

    Yields:
        uint8 RGB [H, W, 3], one for each time.

    Raises:
        DecodingError: if the film cannot be decoded or has no frame.
    """
    wanted = list(times_s)
    count = 0
    shown: Picture | None = None
    for picture in iterate_pictures(path):
        while shown and count < len(wanted) and wanted[count] < picture.time_s - 1e-6:
            yield shown.pixels()
            count += 1
        if count == len(wanted):
            return
        shown = picture
    if shown is None:
        raise DecodingError("no frame can be decoded")
    for _ in wanted[count:]:
        yield shown.pixels()


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
    """How many frames a second `sample_times` takes with the same arguments."""
    last_s = duration_s - 1 / fps
    return (count - 1) / last_s if count > 1 and last_s > 0 else fps


@dataclass(frozen=True)
class Shape:
    """What `measure` finds. `fps` is the mean rate, also of films whose rate varies."""

    duration_s: float
    fps: float
    n_frames: int
    width_px: int
    height_px: int


# A container may promise a few frames more than it holds; a truncated file lacks many.
_MIN_SHARE_OF_PROMISE = 0.95


def measure(path: str | Path) -> Shape:
    """Decode a film from start to end and measure it.

    Raises:
        DecodingError: if it cannot be decoded, or ends before its container says.
    """
    count, last_s, height, width = 0, 0.0, 0, 0
    for time_s, frame in _decode(path):
        if not count:
            width, height = _upright_size(frame)
        count, last_s = count + 1, time_s
    if not count:
        raise DecodingError("no frame can be decoded")
    with _open(path) as (_, stream):
        promised, nominal_fps = stream.frames, float(stream.average_rate or 25)
        promised_s = float((stream.duration or 0) * (stream.time_base or 0))
    fps = (count - 1) / last_s if last_s > 0 else nominal_fps
    duration_s = last_s + 1 / fps
    # A trimmed film keeps the frames that its edit list hides, and counts them; not so its time.
    lacks_frames = count < promised * _MIN_SHARE_OF_PROMISE
    if lacks_frames and duration_s < promised_s * _MIN_SHARE_OF_PROMISE:
        raise DecodingError(f"truncated: {promised} frames promised, {count} can be decoded")
    return Shape(round(duration_s, 6), round(fps, 6), count, width, height)
