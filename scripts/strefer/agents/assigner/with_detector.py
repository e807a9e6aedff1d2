"""Assigning by grounding: the detector is asked for the expression itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from strefer.agents.assigner.interface import Box, ScoringAssigner
from strefer.agents.detector.interface import Detector
from strefer.masks import box_ious

SAME_BOX_IOU = 0.5
# Boxes compete with each other here, so that weak ones may speak too.
BOX_THRESHOLD, TEXT_THRESHOLD = 0.05, 0.05


class DetectorAssigner(ScoringAssigner):
    """A box's score is that of the best detection of the expression at its place, in [0, 1]."""

    def __init__(self, detector: Detector) -> None:
        self.detector = detector

    def scores(
        self, frame: np.ndarray, boxes: Sequence[Box], expressions: Sequence[str]
    ) -> np.ndarray:
        matrix = np.zeros((len(expressions), len(boxes)))
        for row, expression in zip(matrix, expressions, strict=True):
            # A prompt with several long expressions mixes their words, so each is asked alone.
            [found] = self.detector.detect([frame], [expression], BOX_THRESHOLD, TEXT_THRESHOLD)
            same = box_ious(boxes, [d.box for d in found]) >= SAME_BOX_IOU
            if found:
                row[:] = (same * [d.score for d in found]).max(axis=1, initial=0.0)
        return matrix
