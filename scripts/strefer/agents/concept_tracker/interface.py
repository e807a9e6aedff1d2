"""The concept tracker agent: from phrases to every object that they name, through a film."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from strefer.agents.tracker.interface import Box, Masks

FPS = 5.0  # what concept trackers see a second: SAM 3 was made for 4 to 6


@dataclass(frozen=True)
class Followed:
    """One object that a phrase names.

    Attributes:
        phrase: as it was asked.
        score: how probably the phrase names it, where it was found.
        first_frame: the first of the kept frames that shows it, counted among them.
        box: around its mask there, x0, y0, x1, y1 in pixels of the frames.
        masks: kept frame to run-length code, only frames that show it.
    """

    phrase: str
    score: float
    first_frame: int
    box: Box
    masks: Masks


class ConceptTracker(Protocol):
    """Detects and follows in one step, whenever an object enters. It judges by the number of frames
    whether an object has just entered or left long ago."""

    def follow(
        self,
        frames: Iterable[np.ndarray],
        n_frames: int,
        phrases: Sequence[str],
        every: int = 1,
        max_objects: int | None = None,
    ) -> list[Followed]:
        """Every object that a phrase names, phrase by phrase in order of their finding. An object
        that two phrases name comes twice.

        Args:
            frames: uint8 RGB [H, W, 3] each, about `FPS` per second; consumed one by one, none is
                kept.
            n_frames: number of frames.
            every: keep masks of the frames 0, `every`, 2 * `every`, ...
            max_objects: maximum number of objects to follow at a time; by default all.
        """
        ...
