"""Sampled frames on disk at the encoder's size: a film is decoded once for all epochs, recipes and
nodes.

A file has the frames of one view as JPEGs, about 2 MB for 32 frames of 384 px. Its name depends on
the film's path, size and modification time and on the frames' times and size, so that stale files
are never used.
"""

from __future__ import annotations

import logging
import os
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from strefer.files import atomic_write, digest_of
from strefer.films.storage import is_remote, version_of
from strefer.frames import DecodingError, iterate_frames_at
from strefer.videollm.data.frame_source import View, view_of
from strefer.videollm.data.samples import Sample

log = logging.getLogger("strefer")
_QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 95]


class FrameStore:
    """Frames by view; safe for several processes at once.

    Args:
        folder: where the files are; students with encoders of several sizes may share it.
        image_size: side of the frames in pixels; films are squeezed to squares, as encoders see
            them.
    """

    def __init__(self, folder: Path, image_size: int) -> None:
        self.folder, self.image_size = Path(folder), image_size

    def get(self, view: View) -> np.ndarray:
        """uint8 RGB [T, size, size, 3], decoded from the film if they are not in the store yet.

        Raises:
            DecodingError: if the film cannot be decoded.
        """
        file = self._file(view)
        try:
            return self._read(file)
        except FileNotFoundError:
            pass
        except (ValueError, KeyError, zipfile.BadZipFile, cv2.error):
            log.warning("frame store: %s is damaged; decoding the film again", file)
        self._write(view)
        return self._read(file)

    def fill(self, samples: Sequence[Sample], n_frames: int, threads: int) -> None:
        """Put the samples' films and clips into the store. Faulty films are handled when their
        samples are read."""
        seen = dict.fromkeys((s.path, s.clip_s) for s in samples if s.path is not None)
        log.info("frame store %s: checking %d films and clips", self.folder, len(seen))
        with ThreadPoolExecutor(max(threads, 1)) as pool:
            found = pool.map(lambda one: self._put(one[0], n_frames, one[1]), seen)
            log.info("frame store %s: it now has %d of them", self.folder, sum(found))

    def _put(self, path: str, n_frames: int, clip_s: tuple[float, float] | None) -> bool:
        try:
            view = view_of(path, n_frames, clip_s)
            if not self._file(view).exists():
                self._write(view)
        except (ValueError, DecodingError, OSError):
            return False
        return True

    def _write(self, view: View) -> None:
        pictures = [
            cv2.imencode(".jpg", cv2.cvtColor(self._squeezed(frame), cv2.COLOR_RGB2BGR), _QUALITY)
            for frame in iterate_frames_at(view.path, view.times_s)
        ]
        with atomic_write(self._file(view), "wb") as written:
            np.savez(written, *(picture for _, picture in pictures))

    def _squeezed(self, frame: np.ndarray) -> np.ndarray:
        sides = (self.image_size, self.image_size)
        smaller = min(frame.shape[:2]) >= self.image_size
        how = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
        return cv2.resize(frame, sides, interpolation=how)

    def _read(self, file: Path) -> np.ndarray:
        with np.load(file) as pictures:
            # One block: to join frames afterwards costs as much as half of decoding them.
            frames = np.empty((len(pictures.files), self.image_size, self.image_size, 3), np.uint8)
            for frame, name in zip(frames, pictures.files, strict=True):
                frame[:] = _decoded(pictures[name])
        return frames

    def _file(self, view: View) -> Path:
        digest = digest_of(
            {"film": _mark(view.path), "times_s": list(view.times_s), "px": self.image_size}
        )
        return self.folder / digest[:2] / f"{digest[2:]}.npz"


def _mark(path: str) -> list[Any]:
    """What tells a film from others, and from what it was before."""
    if is_remote(path):
        return [path, version_of(path)]
    try:
        seen = os.stat(path)
    except OSError as error:
        raise DecodingError(f"cannot be read: {error.strerror}") from None
    return [os.path.abspath(path), seen.st_size, seen.st_mtime_ns]


def _decoded(picture: np.ndarray) -> np.ndarray:
    frame = cv2.imdecode(picture, cv2.IMREAD_COLOR_RGB)
    if frame is None:
        raise ValueError("not a picture")
    return frame
