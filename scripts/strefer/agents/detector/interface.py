"""The detector agent: boxes on frames for phrases (open-vocabulary detection)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

Box = tuple[float, float, float, float]  # x0, y0, x1, y1 in pixels of the frame


@dataclass(frozen=True)
class RawDetection:
    """A box as the engine gives it. `label` is the words of the prompt that it matched: mostly one
    of the phrases, but it may be several, a part of one, or nothing."""

    box: Box
    score: float
    label: str


class Detector(Protocol):
    """An open-vocabulary detector."""

    def detect(
        self,
        frames: Sequence[np.ndarray],
        phrases: Sequence[str],
        box_threshold: float,
        text_threshold: float,
    ) -> list[list[RawDetection]]:
        """Boxes on each frame, best score first, cut to the frame.

        Args:
            frames: uint8 RGB [H, W, 3] each.
            phrases: what to look for; the prompt joins them by dots in the order given.
            box_threshold: boxes below this score are dropped.
            text_threshold: a word belongs to a box's label from this score on.
        """
        ...


def prompt_of(phrases: Sequence[str]) -> str:
    """Grounding DINO's prompt: lower case phrases, each ended by a dot.

    Raises:
        ValueError: if there is no phrase, or one is empty or holds a dot, which ends a phrase.
    """
    phrases = [phrase.strip().lower() for phrase in phrases]
    if not phrases:
        raise ValueError("detector: no phrase to look for")
    for phrase in phrases:
        if not phrase or "." in phrase:
            raise ValueError(f"detector: phrase {phrase!r} must have letters and no dot")
    return ". ".join(phrases) + "."


def in_order(detections: Sequence[RawDetection], width_px: int, height_px: int) -> list:
    """The detections cut to the frame, empty ones left out, best score first."""
    cut = []
    for found in detections:
        x0, y0, x1, y1 = found.box
        box = (max(x0, 0.0), max(y0, 0.0), min(x1, float(width_px)), min(y1, float(height_px)))
        if box[0] < box[2] and box[1] < box[3]:
            cut.append(RawDetection(box, found.score, found.label.strip()))
    # Ties are settled by place, so that the order does not hang on the engine's.
    return sorted(cut, key=lambda d: (-d.score, d.box))
