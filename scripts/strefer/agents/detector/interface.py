"""The detector agent: boxes on frames for phrases (open-vocabulary detection)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

Box = tuple[float, float, float, float]  # x0, y0, x1, y1 in pixels of the frame


@dataclass(frozen=True)
class RawDetection:
    """A box as the engine gives it. `label` is one of the phrases, or nothing where no phrase is
    sure enough. `score` is a probability, that of the surest word at the box."""

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
            text_threshold: a phrase is a box's label only if one of its words is above this score.
        """
        ...


@dataclass(frozen=True)
class TextPrompt:
    """Grounding DINO's prompt, and where in it each phrase is.

    Attributes:
        text: the phrases in lower case, each ended by a dot.
        spans: phrase to its first character and the one after its last, without phrases that have
            nothing to look for.
    """

    text: str
    spans: dict[str, tuple[int, int]]

    def tokens(self, offsets: Sequence[tuple[int, int]]) -> dict[str, list[int]]:
        """The numbers of each phrase's tokens.

        Args:
            offsets: of each token of `text`, its first character and the one after its last; equal
                for special tokens.
        """
        return {
            phrase: [
                number
                for number, (start, end) in enumerate(offsets)
                if first <= start < end <= last
            ]
            for phrase, (first, last) in self.spans.items()
        }


def prompt_of(phrases: Sequence[str]) -> TextPrompt:
    """The prompt for phrases. Dots and question marks, which end a phrase, become spaces.

    Raises:
        ValueError: if there are no phrases.
    """
    if not phrases:
        raise ValueError("detector: no phrase to look for")
    parts, spans, end = [], {}, 0
    for phrase in phrases:
        words = " ".join(re.sub("[.?]", " ", phrase.lower()).split())
        if words and phrase not in spans:
            spans[phrase] = (end, end + len(words))
            parts.append(words + ". ")
            end += len(parts[-1])
    return TextPrompt("".join(parts).strip(), spans)


def read_queries(
    boxes: np.ndarray,
    probabilities: np.ndarray,
    tokens: Mapping[str, Sequence[int]],
    thresholds: tuple[float, float],
    size: tuple[int, int],
) -> list[RawDetection]:
    """Detections from what Grounding DINO says of one frame.

    A box's score is that of its surest token. Its phrase is that with the highest mean over the
    phrase's own tokens (how the model's authors evaluate it on categories of several words), among
    those with a token above the threshold.

    Args:
        boxes: float [Q, 4], middle and size as shares of the frame.
        probabilities: float [Q, T], how probably each box shows each token of the prompt.
        tokens: the numbers of each phrase's tokens.
        thresholds: `box_threshold` and `text_threshold` of `Detector.detect`.
        size: width and height of the frame in pixels.
    """
    scores = probabilities.max(axis=1, initial=0.0)
    kept = np.flatnonzero(scores > thresholds[0])
    probabilities = probabilities[kept]
    labels, best = [""] * len(kept), np.full(len(kept), -np.inf)
    for phrase, numbers in tokens.items():
        of_phrase = probabilities[:, [n for n in numbers if n < probabilities.shape[1]]]
        if not of_phrase.shape[1]:
            continue  # the prompt was longer than the model reads
        means, named = of_phrase.mean(axis=1), of_phrase.max(axis=1) > thresholds[1]
        for row in np.flatnonzero(named & (means > best)):
            labels[row], best[row] = phrase, means[row]
    middles, halves = boxes[kept, :2], boxes[kept, 2:] * boxes.dtype.type(0.5)
    corners = np.concatenate([middles - halves, middles + halves], axis=1)
    corners = corners * np.asarray([*size, *size], boxes.dtype)
    raw = [
        RawDetection((box[0], box[1], box[2], box[3]), score, label)
        for box, score, label in zip(corners.tolist(), scores[kept].tolist(), labels, strict=True)
    ]
    return in_order(raw, *size)


def in_order(detections: Sequence[RawDetection], width_px: int, height_px: int) -> list:
    """The detections cut to the frame, empty ones left out, best score first."""
    cut = []
    for found in detections:
        x0, y0, x1, y1 = found.box
        box = (max(x0, 0.0), max(y0, 0.0), min(x1, float(width_px)), min(y1, float(height_px)))
        if box[0] < box[2] and box[1] < box[3]:
            cut.append(RawDetection(box, found.score, found.label))
    # Ties are settled by place, so that the order does not hang on the engine's.
    return sorted(cut, key=lambda d: (-d.score, d.box))
