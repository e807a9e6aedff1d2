"""Assigning by likeness: the embedding of a box's crop against that of the expression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from strefer.agents.assigner.interface import Box, ScoringAssigner

if TYPE_CHECKING:
    from strefer.agents.embedder import Embedder

MARGIN = 0.1  # of the box's sides, around it: an entity is told better with its outline in sight


class EmbedderAssigner(ScoringAssigner):
    """Scores are what the embedder finds probable. Each expression is embedded once."""

    dense = True

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder
        self._texts: dict[str, np.ndarray] = {}

    def scores(
        self, frame: np.ndarray, boxes: Sequence[Box], expressions: Sequence[str]
    ) -> np.ndarray:
        return self.scores_of_frames([frame], [boxes], expressions)[0]

    def scores_of_frames(
        self,
        frames: Sequence[np.ndarray],
        boxes: Sequence[Sequence[Box]],
        expressions: Sequence[str],
    ) -> list[np.ndarray]:
        size_px = self.embedder.image_px
        crops = [crop(f, box, size_px) for f, b in zip(frames, boxes, strict=True) for box in b]
        if not crops or not expressions:
            return [np.zeros((len(expressions), len(b))) for b in boxes]
        images = self.embedder.embed_images(np.stack(crops))
        matrix = self.embedder.match(self._text_rows(expressions), images)
        return np.split(matrix, np.cumsum([len(b) for b in boxes])[:-1], axis=1)

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
