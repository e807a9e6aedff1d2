"""Decoding an opened film: its frames with their times, and jumps to where the next is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

import av

from strefer.films.film_faults import DecodingError, is_machines
from strefer.films.key_frames import KeyFrames
from strefer.films.pictures import FrameConverter, Picture

_JUMP_FROM_S = 1.0  # a gap between wanted frames from which the key frames are looked up
_JUMP_FROM_FRAMES = 8  # what seeking costs, in frames decoded
_RESET_S = 1.0  # a step back in time from which a film's clock was set back


class Clock:
    """Times of a film's frames in seconds from its first, never going back."""

    def __init__(self, fps: float) -> None:
        self.last_s: float | None = None
        self._first_s: float | None = None  # as the film's own timestamps count
        self._step_s = 1 / fps

    def time_of(self, frame: av.VideoFrame) -> float:
        """The time of the next frame."""
        next_s = 0.0 if self.last_s is None else self.last_s + self._step_s
        time_s = next_s  # of a frame without a timestamp
        if frame.pts is not None and frame.time_base is not None:
            absolute_s = float(frame.pts * frame.time_base)
            if self._first_s is None:
                self._first_s = absolute_s - next_s
            elif absolute_s - self._first_s < self.last_s - _RESET_S:
                self._first_s = absolute_s - next_s  # the clock was set back: go on from here
            time_s = absolute_s - self._first_s
        self.last_s = time_s if self.last_s is None else max(time_s, self.last_s)
        return self.last_s

    def absolute_s(self, time_s: float) -> float:
        """A time as the film's own timestamps count it."""
        return (self._first_s or 0.0) + time_s


class CannotJump(Exception):
    """A key frame was not found where it should be, or does not give the frames it should."""


class FilmReader:
    """An opened film: its pictures in order; the consumer may say which time is wanted next, and
    frames that do not matter for it may then be left out."""

    def __init__(
        self,
        container: av.container.InputContainer,
        stream: av.VideoStream,
        look_up: Callable[[], KeyFrames] | None = None,
    ) -> None:
        """Args:
        look_up: gives the film's key frames; without it every frame is decoded.
        """
        self.container, self.stream = container, stream
        self.clock = Clock(float(stream.average_rate or 25))
        self.wanted_s = 0.0
        self._look_up = look_up
        self._keys: KeyFrames | None = None
        self._number = 0  # of the next frame, in the film

    def pictures(self) -> Iterator[Picture]:
        """Every frame from the first on, but for those that are left out."""
        converter, film_size = FrameConverter(self.stream.sample_aspect_ratio), None
        try:
            for frame in self._frames():
                film_size = film_size or converter.shown_size(frame)
                yield Picture(self.clock.time_of(frame), frame, film_size, converter)
        except av.FFmpegError as error:
            if is_machines(error):
                raise
            last_s = self.clock.last_s
            where = "at its first frame" if last_s is None else f"after {last_s:.2f} s"
            raise DecodingError(
                f"it is damaged or cut off, and cannot be decoded {where}"
            ) from None

    def _frames(self) -> Iterator[av.VideoFrame]:
        source: Iterator[av.VideoFrame] = self.container.decode(self.stream)
        jumped_to_s = 0.0
        while (frame := next(source, None)) is not None:
            self._number += 1
            yield frame
            if not self._look_up or frame.pts is None:
                continue
            if self.wanted_s - self.clock.last_s >= _JUMP_FROM_S and self.wanted_s != jumped_to_s:
                ahead = self._jump(frame.pts)
                if ahead is not None:
                    source, jumped_to_s = ahead, self.wanted_s

    def _jump(self, last_pts: int) -> Iterator[av.VideoFrame] | None:
        """The frames from the last key frame before the wanted time; None if that is not ahead by
        enough."""
        if self._keys is None:
            self._keys = self._look_up()
        if not self._keys.usable:
            return None
        absolute_s = self.clock.absolute_s(self.wanted_s)
        target = int((absolute_s + 1e-6) // self.stream.time_base)
        index = self._keys.last_before(target)
        if index < 0 or self._keys.numbers[index] - self._number < _JUMP_FROM_FRAMES:
            return None
        try:
            return self._frames_from(index, target, last_pts)
        except av.FFmpegError:
            raise CannotJump from None

    def _frames_from(self, index: int, target: int, last_pts: int) -> Iterator[av.VideoFrame]:
        assert self._keys is not None
        for timestamp in self._keys.entries(index, target):
            self.container.seek(timestamp, stream=self.stream)
            packets = self.container.demux(self.stream)
            key = next((packet for packet in packets if packet.size and packet.is_keyframe), None)
            found = -1 if key is None or key.pts is None else self._keys.find(key)
            if found >= 0 and key.pts <= target:
                self._number = self._keys.numbers[found]
                return self._decode_from(key, chain([key], packets), last_pts)
        raise CannotJump

    def _decode_from(
        self, key: av.Packet, packets: Iterator[av.Packet], last_pts: int
    ) -> Iterator[av.VideoFrame]:
        entered = False
        try:
            for packet in packets:
                for frame in packet.decode():
                    if frame.is_corrupt or frame.pts is None:
                        raise CannotJump
                    if frame.pts < key.pts:
                        continue  # it is shown before the key frame, and needs what precedes that
                    if not entered and not (frame.key_frame and frame.pts == key.pts):
                        raise CannotJump  # it was no key frame
                    entered = True
                    if frame.pts > last_pts:  # some formats seek further back than they need
                        yield frame
        except av.FFmpegError:
            raise CannotJump from None
