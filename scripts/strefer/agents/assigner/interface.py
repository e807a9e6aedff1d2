"""The assigner agent: which of the boxes on a frame does an expression refer to?

Two ways to ask, each derived from the other where an engine has only one: `scores`, a matrix that
our procedure settles in one optimal assignment, and `choose`, the paper's protocol, one question
an expression answered with box numbers.
"""

from __future__ import annotations

import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    pass

log = logging.getLogger("strefer")

Box = tuple[float, float, float, float]  # x0, y0, x1, y1 in pixels of the frame

ADAPTERS = ("embedder", "detector", "chat", "rexseek")


class Assigner(ABC):
    """An assigner with a loaded model.

    Attributes:
        dense: whether it is cheap enough to be asked about every frame of a film. Its scores then
            also show where a track drifted off its entity.
    """

    dense: bool = False

    @abstractmethod
    def scores(
        self, frame: np.ndarray, boxes: Sequence[Box], expressions: Sequence[str]
    ) -> np.ndarray:
        """Return the probability that each expression means each box, float [E, B] in [0, 1].

        Each pair is judged independently: a row or a column may sum to any number.

        Args:
            frame: uint8 RGB [H, W, 3].
            boxes: the candidates.
            expressions: without an article.
        """

    @abstractmethod
    def choose(
        self, frame: np.ndarray, boxes: Sequence[Box], expressions: Sequence[str]
    ) -> list[list[int]]:
        """For each expression the numbers of the boxes that it refers to, best first."""

    def prepare(self, frame: np.ndarray, boxes: Sequence[Box]) -> np.ndarray:
        """What `scores_of_frames` needs from a frame, prepared ahead of time in another thread."""
        return frame

    def scores_of_frames(
        self,
        prepared: Sequence[np.ndarray],
        boxes: Sequence[Sequence[Box]],
        expressions: Sequence[Sequence[str]],
    ) -> list[np.ndarray]:
        """`scores` on several frames, of one film or of several; an engine that gains by it takes
        them together."""
        return list(map(self.scores, prepared, boxes, expressions))


class ScoringAssigner(Assigner):
    """An assigner that knows scores; it chooses the best box."""

    def choose(
        self, frame: np.ndarray, boxes: Sequence[Box], expressions: Sequence[str]
    ) -> list[list[int]]:
        if not boxes:
            return [[] for _ in expressions]
        return [[int(row.argmax())] for row in self.scores(frame, boxes, expressions)]


class ChoosingAssigner(Assigner):
    """An assigner that answers with box numbers; a choice among k boxes is worth 1 / k each."""

    def scores(
        self, frame: np.ndarray, boxes: Sequence[Box], expressions: Sequence[str]
    ) -> np.ndarray:
        matrix = np.zeros((len(expressions), len(boxes)))
        for row, chosen in zip(matrix, self.choose(frame, boxes, expressions), strict=True):
            row[chosen] = 1 / max(len(chosen), 1)
        return matrix


def parse_objects(reply: str, count: int) -> list[int]:
    """Box numbers from a reply in RexSeek's format, `<objects><obj0><obj2></objects>`.

    Plain numbers ("0 and " "2") are accepted too; "none" or an empty list of objects means no box.
    Numbers that match no box are skipped if others do, as RexSeek's authors do.

    Args:
        reply: the model's text.
        count: how many boxes there were.

    Raises:
        ValueError: if there is neither a number nor "none", or no number is a box's.
    """
    tagged = re.findall(r"<obj(\d{1,9})>", reply)
    rest = re.sub(r"<ground>.*?</ground>", " ", reply, flags=re.DOTALL)
    if not tagged and "<objects>" not in reply and re.search(r"\bno(ne|t|)\b", rest.lower()):
        return []
    numbers = tagged or re.findall(r"(?<![\w.])\d{1,9}(?!\w)", rest)
    if not numbers and "<objects>" not in reply:
        raise ValueError("the reply names no object")
    chosen = list(dict.fromkeys(int(number) for number in numbers))
    known = [number for number in chosen if number < count]
    if chosen and not known:
        raise ValueError(f"the reply names object {chosen[0]}, but there are {count}")
    return known


def unanswered(expression: str, reason: str) -> list[int]:
    """Return no box and log why: a reply that cannot be parsed costs one expression, not the
    film."""
    log.warning("assigner, %r: %s; it gets no box", expression, reason)
    return []
