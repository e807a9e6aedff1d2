"""Step 2 of the masklet generator: detections, and the paper's choice of the starting frame."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence

import numpy as np

from strefer.agents.detector.interface import RawDetection
from strefer.masks import box_ious
from strefer.records import Detection

log = logging.getLogger("strefer")
FIRST_NOUN = "person"


def phrases_of(nouns: Sequence[str]) -> list[str]:
    """The detector's phrases: the unique generalized nouns in lower case, `person` first and the
    others in order."""
    unique = list(dict.fromkeys(noun.strip().lower() for noun in nouns))
    return sorted(unique, key=lambda noun: noun != FIRST_NOUN)


def usable(raw: Sequence[RawDetection], frame: int, min_score: float) -> list[Detection]:
    """The detections with a score of at least `min_score` and a label that is not empty."""
    return [
        Detection(frame, found.box, found.score, found.label)
        for found in raw
        if found.score >= min_score and found.label
    ]


def surest(detections: Sequence[Detection], limit: int) -> list[Detection]:
    """The `limit` detections with the highest scores; a line in the log where that leaves some out.

    Each object that is tracked costs the tracker as much as any other, so a crowd has to end.
    """
    if len(detections) <= limit:
        return list(detections)
    log.warning(
        "frame %d: %d detections; tracking the %d with the highest scores (tracks.max_objects)",
        detections[0].frame,
        len(detections),
        limit,
    )
    return sorted(detections, key=lambda d: (-d.score, d.box))[:limit]


def choose_starting_frame(
    detect: Callable[[int], list[Detection]], order: Sequence[int], wanted: int
) -> list[Detection]:
    """The detections of the paper's starting frame.

    That is the first frame in `order` with at least `wanted` detections; if there is none, the
    first of those with the most.

    Args:
        detect: usable detections of a frame; called only until a frame will do.
        order: the frames in breadth-first order.
        wanted: the number of expressions.
    """
    most: list[Detection] = []
    for frame in order:
        found = detect(frame)
        if len(found) >= wanted:
            return found
        if len(found) > len(most):
            most = found
    return most


def suppressed(detections: Sequence[Detection], nms_iou: float) -> list[Detection]:
    """The detections without those that overlap a better one by more than `nms_iou`.

    Kinds compete: one object found as a dog and as a horse is one object.
    """
    ranked = sorted(detections, key=lambda d: (-d.score, d.box))
    boxes = [d.box for d in ranked]
    ious = box_ious(boxes, boxes)
    kept: list[int] = []
    for i in range(len(ranked)):
        if not np.any(ious[i, kept] > nms_iou):
            kept.append(i)
    return [ranked[i] for i in kept]


def breadth_first_levels(count: int) -> list[list[int]]:
    """The levels of the balanced binary tree over the indices 0 … count - 1, top level first.

    The root of a range is its middle, (start + end) // 2: of 32 frames 15; then 7, 23; then 3, 11,
    19, 27; and so on (Strefer, arXiv 2509.03501, masklet generator, step 1).
    """
    levels: list[list[int]] = []
    waiting = deque([(0, count - 1, 0)])
    while waiting:
        start, end, depth = waiting.popleft()
        if start > end:
            continue
        if depth == len(levels):
            levels.append([])
        middle = (start + end) // 2
        levels[depth].append(middle)
        waiting.append((start, middle - 1, depth + 1))
        waiting.append((middle + 1, end, depth + 1))
    return levels


def breadth_first(count: int) -> list[int]:
    """The indices 0 … count - 1, level after level: a prefix of it spreads over the whole film."""
    return [index for level in breadth_first_levels(count) for index in level]
