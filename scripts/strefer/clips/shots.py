"""Interface of all shot detectors."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np


class Cut(NamedTuple):
    """The time of a shot's first frame in seconds; and how sure its detector is that a shot begins
    there, from 0 to 1, or None if it does not say."""

    time_s: float
    probability: float | None = None


class ShotDetector(Protocol):
    """Finds cuts in a stream of frames. It gives every cut, however fast they follow.

    Attributes:
        size: width and height in pixels that it wants its frames in.
    """

    size: tuple[int, int]

    def feed(self, time_s: float, frame: np.ndarray) -> list[Cut]:
        """Take the next frame.

        Args:
            frame: uint8 RGB [H, W, 3] of the size `size`.

        Returns:
            The cuts that are known now.
        """
        ...

    def finish(self) -> list[Cut]:
        """The remaining cuts, after the last frame."""
        ...
