"""Write clips as separate films, for trainers that read whole files."""

from __future__ import annotations

import hashlib
import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from strefer.files import atomic_write
from strefer.frames import iterate_pictures


def clip_film(film: str, clip_s: tuple[float, float], folder: Path) -> str:
    """The path of a clip as an H.264 film in a folder; it is made once."""
    name = hashlib.sha256(f"{film} {clip_s}".encode()).hexdigest()[:16]
    file = folder / f"{Path(film).stem}-{name}.mp4"
    if not file.exists():
        write_clip(film, clip_s, file)
    return os.path.abspath(file)


def write_clip(film: str | Path, clip_s: tuple[float, float], file: Path) -> None:
    """Cut a clip [start, end) to a film that begins at 0; frames keep their times.

    Raises:
        ValueError: if the clip contains no frame.
        DecodingError: if the film cannot be decoded.
    """
    base = Fraction(1, 90_000)
    with (
        atomic_write(file, "wb") as written,
        av.open(written, "w", format="mp4") as container,
    ):
        stream = None
        for picture in iterate_pictures(film):
            if picture.time_s >= clip_s[1] - 1e-6:
                break
            if picture.time_s < clip_s[0] - 1e-6:
                continue
            pixels = picture.pixels()
            pixels = pixels[: len(pixels) // 2 * 2, : pixels.shape[1] // 2 * 2]
            if stream is None:
                stream = container.add_stream("libx264", rate=30)
                stream.height, stream.width, stream.pix_fmt = *pixels.shape[:2], "yuv420p"
                stream.codec_context.time_base, stream.options = base, {"crf": "18"}
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            frame.pts, frame.time_base = round((picture.time_s - clip_s[0]) / base), base
            container.mux(stream.encode(frame))
        if stream is None:
            raise ValueError(f"{film}: no frame from {clip_s[0]:g} to {clip_s[1]:g} s")
        container.mux(stream.encode(None))
