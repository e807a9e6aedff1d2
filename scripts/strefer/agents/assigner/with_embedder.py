"""Assigning by likeness: the embedding of a box's crop against that of the expression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from strefer.agents.assigner.interface import Box, ScoringAssigner

if TYPE_CHECKING:
    from strefer.agents.embedder import Embedder

MARGIN = 0.1  # of the box's sides, around it: an outline helps recognize an entity


class EmbedderAssigner(ScoringAssigner):
    """Scores are what the embedder finds probable. Each expression is embedded once."""

    dense = True

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder
        self._texts: dict[str, np.ndarray] = {}

    def scores(
        self, frame: np.ndarray, boxes: Sequence[Box], expressions: Sequence[str]
    ) -> np.ndarray:
        return self.scores_of_frames([self.prepare(frame, boxes)], [boxes], [expressions])[0]

    def prepare(self, frame: np.ndarray, boxes: Sequence[Box]) -> np.ndarray:
        """The crops of the boxes, uint8 [B, px, px, 3]."""
        size_px = self.embedder.image_px
        crops = [crop(frame, box, size_px) for box in boxes]
        return np.stack(crops) if crops else np.zeros((0, size_px, size_px, 3), np.uint8)

    def scores_of_frames(
        self,
        prepared: Sequence[np.ndarray],
        boxes: Sequence[Sequence[Box]],
        expressions: Sequence[Sequence[str]],
    ) -> list[np.ndarray]:
        scores = [np.zeros((len(e), len(b))) for e, b in zip(expressions, boxes, strict=True)]
        asked = [n for n, of_frame in enumerate(scores) if of_frame.size]
        if not asked:
            return scores
        images = self.embedder.embed_images(np.concatenate([prepared[n] for n in asked]))
        ends = np.cumsum([len(boxes[n]) for n in asked])
        for n, rows in zip(asked, np.split(images, ends[:-1]), strict=True):
            scores[n] = self.embedder.match(self._text_rows(expressions[n]), rows)
        return scores

    def _text_rows(self, expressions: Sequence[str]) -> np.ndarray:
        new = [e for e in dict.fromkeys(expressions) if e not in self._texts]
        if new:
            self._texts |= dict(zip(new, self.embedder.embed_texts(new), strict=True))
        return np.stack([self._texts[e] for e in expressions])


def crop(frame: np.ndarray, box: Box, size_px: int, margin: float = MARGIN) -> np.ndarray:
    """The box with its margin, cut to the frame and stretched to a square.

    Returns:
        uint8 [size_px, size_px, 3].
    """
    height_px, width_px = frame.shape[:2]
    dx, dy = margin * (box[2] - box[0]), margin * (box[3] - box[1])
    x0, y0 = max(int(np.floor(box[0] - dx)), 0), max(int(np.floor(box[1] - dy)), 0)
    x1 = min(max(int(np.ceil(box[2] + dx)), x0 + 1), width_px)
    y1 = min(max(int(np.ceil(box[3] + dy)), y0 + 1), height_px)
    cut = np.ascontiguousarray(frame[y0:y1, x0:x1])
    shrinks = min(cut.shape[:2]) > size_px
    kind = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(cut, (size_px, size_px), interpolation=kind)
