"""Decoded frames as pictures: what a player would show of the stored pixels.

The stored picture may be stretched, turned, mirrored, interlaced, transparent or of high dynamic
range. All of this is corrected per frame, from what the frame says of itself, so that a frame looks
the same however it was reached. A frame that needs none of it is scaled to RGB and nothing else.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache

import av
import numpy as np
from av.video.reformatter import Colorspace, ColorTrc, VideoReformatter

from strefer.films import colours
from strefer.films.film_faults import DecodingError, is_machines

_WIDEST_PIXEL = 10  # sample aspect ratios beyond are errors of the file
_UNSPECIFIED = 2  # in ITU-T H.273


@dataclass(frozen=True)
class Orientation:
    """How to turn stored rows and columns into displayed ones: first transpose, then mirror."""

    transposed: bool = False
    flip_rows: bool = False
    flip_columns: bool = False
    exact: bool = True  # False: the matrix turns by another angle, and this is the nearest

    def turn(self, pixels: np.ndarray) -> np.ndarray:
        """The picture upright; a view where it can be."""
        if self.transposed:
            pixels = pixels.swapaxes(0, 1)
        return pixels[:: -1 if self.flip_rows else 1, :: -1 if self.flip_columns else 1]


_UPRIGHT = Orientation()


def orientation_of(frame: av.VideoFrame) -> Orientation:
    """A frame's orientation by its display matrix, as players obey it."""
    data = frame.side_data.get("DISPLAYMATRIX")
    return _orientation(bytes(data)) if data is not None else _UPRIGHT


@lru_cache(maxsize=256)
def _orientation(matrix: bytes) -> Orientation:
    # A stored point (x, y) is shown at (a x + c y, b x + d y).
    a, b, _, c, d, *_ = struct.unpack("=9i", matrix)
    straight, across = abs(a) + abs(d), abs(b) + abs(c)
    exact = 50 * min(straight, across) < max(straight, across)
    if straight >= across:
        return Orientation(False, flip_rows=d < 0, flip_columns=a < 0, exact=exact)
    return Orientation(True, flip_rows=b < 0, flip_columns=c < 0, exact=exact)


@cache
def _has_alpha(pixel_format: str) -> bool:
    found = av.VideoFormat(pixel_format)
    return found.has_palette or any(part.is_alpha for part in found.components)


def _over_black(rgba: np.ndarray) -> np.ndarray:
    alpha = rgba[..., 3:].astype(np.uint16)
    return ((rgba[..., :3] * alpha + 127) // 255).astype(np.uint8)


def _finish_of(frame: av.VideoFrame) -> tuple[str, Callable[[np.ndarray], np.ndarray] | None]:
    """The RGB format to scale a frame to, and what is to be done with it then."""
    transfer, primaries = frame.color_trc, frame.color_primaries
    if not colours.is_standard(transfer, primaries):
        return "rgb48le", lambda rgb: colours.to_standard(rgb, transfer, primaries)
    return ("rgba", _over_black) if _has_alpha(frame.format.name) else ("rgb24", None)


class FrameConverter:
    """Turns the frames of one opened film into pictures, in the caller's thread. libswscale's
    contexts cost more to make than to use, so each serves all frames."""

    def __init__(self, pixel_aspect: Fraction | None = None) -> None:
        """Args:
        pixel_aspect: width of a stored pixel by its height; None if unknown: square.
        """
        known = pixel_aspect and 1 / _WIDEST_PIXEL <= pixel_aspect <= _WIDEST_PIXEL
        self.pixel_aspect = pixel_aspect if known else Fraction(1)
        self._orientations: dict[int, Orientation] = {}
        self._scalers: dict[tuple, VideoReformatter] = {}
        self._fields: dict[tuple, av.filter.Graph] = {}

    def shown_size(self, frame: av.VideoFrame) -> tuple[int, int]:
        """Width and height in pixels that a player shows a frame in."""
        width, height = max(1, round(frame.width * self.pixel_aspect)), frame.height
        return (height, width) if self._orientation_of(frame).transposed else (width, height)

    def _orientation_of(self, frame: av.VideoFrame) -> Orientation:
        # Accessing a frame's side data keeps the frame alive (PyAV creates a reference cycle), so
        # we keep only one frame for all that are turned by the same angle.
        found = self._orientations.get(frame.rotation)
        if found is None:
            found = self._orientations[frame.rotation] = orientation_of(frame)
        return found

    def convert(self, frame: av.VideoFrame, size: tuple[int, int], how: str) -> np.ndarray:
        """uint8 RGB [H, W, 3].

        Args:
            size: width and height in pixels of the displayed picture.
            how: libswscale's interpolation.

        Raises:
            DecodingError: if libswscale does not know the frame's colours.
        """
        orientation = self._orientation_of(frame)
        width, height = size[::-1] if orientation.transposed else size
        pixel_format, finish = _finish_of(frame)
        try:
            if frame.interlaced_frame:
                frame = self._first_field(frame)
            pixels = self._scaled(frame, width, height, pixel_format, how)
        except av.FFmpegError as error:
            if is_machines(error):
                raise
            raise DecodingError(
                f"its pixels ({frame.format.name}) cannot be converted to RGB"
            ) from None
        if finish:
            pixels = finish(pixels)
        if orientation == _UPRIGHT:
            return pixels
        return np.ascontiguousarray(orientation.turn(pixels))

    def _scaled(
        self, frame: av.VideoFrame, width: int, height: int, pixel_format: str, how: str
    ) -> np.ndarray:
        key = (width, height, pixel_format, how)
        scaler = self._scalers.setdefault(key, VideoReformatter())
        matrix = None
        if frame.colorspace == _UNSPECIFIED and frame.color_trc in (colours.PQ, colours.HLG):
            matrix = Colorspace.BT2020
        scaled = scaler.reformat(
            frame,
            width,
            height,
            pixel_format,
            src_colorspace=matrix,
            interpolation=how,
            threads=1,
        )
        return scaled.to_ndarray()

    def _first_field(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Every other row of an interlaced frame: the others show another moment."""
        key = (frame.width, frame.height, frame.format.name)
        graph = self._fields.get(key)
        if graph is None:
            graph = self._fields[key] = av.filter.Graph()
            source = graph.add_buffer(
                width=frame.width,
                height=frame.height,
                format=frame.format,
                time_base=frame.time_base or Fraction(1, 1000),
            )
            graph.link_nodes(source, graph.add("field", "type=top"), graph.add("buffersink"))
            graph.configure()
        graph.vpush(frame)
        return graph.vpull()


@dataclass(frozen=True)
class Picture:
    """A decoded frame whose pixels are not made yet: that costs as much as decoding, and less
    for a small picture.

    Attributes:
        film_size: width and height in pixels of the film's first frame as displayed. Some films
            change their size.
    """

    time_s: float
    frame: av.VideoFrame
    film_size: tuple[int, int]
    converter: FrameConverter

    def pixels(
        self, size: tuple[int, int] | None = None, interpolation: str = "BICUBIC"
    ) -> np.ndarray:
        """uint8 RGB [H, W, 3], as a player shows it.

        Args:
            size: width and height in pixels that the picture is scaled to; the film's if None.
            interpolation: libswscale's. "BICUBIC" is what vision encoders mostly know;
                "FAST_BILINEAR" looks at four pixels, as OpenCV's linear one does.

        Raises:
            DecodingError: if the frame's colours are unknown.
        """
        if size is None:
            size, interpolation = self.film_size, "BILINEAR"
        return self.converter.convert(self.frame, size, interpolation)


_NO_CURVE = {
    int(ColorTrc.LINEAR): "linear",
    int(ColorTrc.LOG): "logarithmic",
    int(ColorTrc.LOG_SQRT): "logarithmic",
    int(ColorTrc.SMPTE428): "SMPTE 428",
}
_NO_MATRIX = {10: "BT.2020 constant luminance", 12: "chromaticity-derived", 14: "ICtCp"}
_PROJECTIONS = {
    "SPHERICAL": "a 360-degree film, shown as it is stored",
    "STEREO3D": "a stereoscopic film, shown as it is stored",
    "DOVI_RPU_BUFFER": "Dolby Vision: the colours are those of its base layer",
}


def notes_on(frame: av.VideoFrame) -> list[str]:
    """Describe how a frame's appearance was adapted, or could not be."""
    notes = []
    if frame.color_trc in (colours.PQ, colours.HLG):
        curve = "PQ" if frame.color_trc == colours.PQ else "HLG"
        notes.append(f"high dynamic range ({curve}), tone-mapped")
    if frame.color_trc in _NO_CURVE:
        notes.append(f"its tones are {_NO_CURVE[frame.color_trc]} and shown as they are")
    if frame.colorspace in _NO_MATRIX:
        notes.append(f"its colour matrix ({_NO_MATRIX[frame.colorspace]}) is not known here")
    if not orientation_of(frame).exact:
        notes.append("turned by an angle that is not right; shown at the nearest right angle")
    notes += [text for name, text in _PROJECTIONS.items() if frame.side_data.get(name) is not None]
    return notes
