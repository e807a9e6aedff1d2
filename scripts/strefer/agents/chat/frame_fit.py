"""Frames at the size that a chat model sees, before any engine makes copies of them.

Limits are in pixels, not in tokens: they can be kept before it is known which engine or server cuts
frames into patches of which size, and they mean the same for all of them.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from strefer.agents.chat.interface import ChatRequest
from strefer.films.apart import iterate_frames_apart

# The limit of Qwen's own code (qwen-vl-utils) for a video frame: 768 tokens of 28 x 28 px.
MAX_PIXELS = 768 * 28 * 28
# All frames of a prompt: the limit that Qwen3-VL's processor has, about 16,000 tokens of 28 x 28 px
# where two frames share their tokens.
MAX_PROMPT_PIXELS = 25_165_824
FITS = ("none", "squash", "pad", "crop")


@dataclass(frozen=True)
class FrameFit:
    """Scales frames down and brings them into shape.

    Attributes:
        max_pixels: of a frame.
        max_prompt_pixels: of all frames of a prompt together.
        fit: "none" keeps the shape; "squash" scales to a square, "pad" puts black bars around it,
            "crop" takes the middle.
    """

    max_pixels: int = MAX_PIXELS
    max_prompt_pixels: int = MAX_PROMPT_PIXELS
    fit: str = "none"

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> FrameFit:
        """That of a chat model's specification; null and what is missing mean the default.

        Raises:
            ValueError: if `fit` is none that there is.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        fit = cls(**{name: spec[name] for name in names if spec.get(name) is not None})
        if fit.fit not in FITS:
            raise ValueError(f"chat model: `fit` is {fit.fit!r}, not one of {', '.join(FITS)}")
        return fit

    def size(self, width: int, height: int, n_frames: int) -> tuple[int, int]:
        """Width and height in pixels that a frame gets in a prompt of `n_frames`."""
        most = min(self.max_pixels, self.max_prompt_pixels // n_frames)
        if self.fit == "none":
            scale = min(1.0, math.sqrt(most / (width * height)))
            return max(1, int(width * scale)), max(1, int(height * scale))
        side = min(width, height) if self.fit == "crop" else max(width, height)
        side = max(1, min(side, math.isqrt(most)))
        return side, side

    def read(
        self, path: str, times_s: Sequence[float], film_size: tuple[int, int], n_frames: int
    ) -> Iterator[np.ndarray]:
        """The frames of a film at these times, decoded to their size in prompts of `n_frames`.

        Args:
            film_size: width and height in pixels.

        Raises:
            DecodingError: if the film cannot be decoded.
        """
        width, height = size = self.size(*film_size, n_frames)
        if self.fit in ("pad", "crop"):  # the square comes afterwards
            side = min(film_size) if self.fit == "crop" else max(film_size)
            width, height = (max(1, round(length * size[0] / side)) for length in film_size)
        size = None if (width, height) == film_size else (width, height)
        for frame in iterate_frames_apart(path, times_s, size):
            yield self.scaled(frame, n_frames)

    def scaled(self, frame: np.ndarray, n_frames: int) -> np.ndarray:
        """A frame, uint8 RGB [H, W, 3], at its size in a prompt of `n_frames`; the same array if
        that is its size already."""
        height, width = frame.shape[:2]
        size = self.size(width, height, n_frames)
        if size == (width, height):
            return frame
        picture = Image.fromarray(frame)
        if self.fit in ("none", "squash"):
            return np.asarray(picture.resize(size, Image.Resampling.BICUBIC))
        side = min(width, height) if self.fit == "crop" else max(width, height)
        left, top = (width - side) // 2, (height - side) // 2  # negative for bars
        square = picture.crop((left, top, left + side, top + side))
        return np.asarray(square.resize(size, Image.Resampling.BICUBIC))

    def requests(self, requests: Sequence[ChatRequest]) -> list[ChatRequest]:
        """The requests with scaled frames; those that share an array of frames still do."""
        arrays: dict[int, np.ndarray] = {}
        for frames in (r.frames for r in requests if r.frames is not None):
            if id(frames) not in arrays:
                scaled = [self.scaled(frame, len(frames)) for frame in frames]
                unchanged = all(one.shape == frames.shape[1:] for one in scaled)
                arrays[id(frames)] = frames if unchanged else np.stack(scaled)
        return [
            r if r.frames is None else dataclasses.replace(r, frames=arrays[id(r.frames)])
            for r in requests
        ]

    def longest(self, sizes: Iterable[tuple[int, int]], n_frames: int) -> np.ndarray:
        """Black frames as large as those of the largest film, to see whether they fit a model.

        Args:
            sizes: width and height in pixels of each film.
        """
        largest = max((self.size(*size, n_frames) for size in sizes), key=lambda s: s[0] * s[1])
        return np.zeros((n_frames, largest[1], largest[0], 3), np.uint8)
