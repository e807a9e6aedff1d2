"""Step 2 of the masklet generator: detections, and the paper's choice of the starting frame."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

import numpy as np

from strefer.agents.detector.interface import RawDetection
from strefer.masks import box_ious
from strefer.records import Detection

FIRST_NOUN = "person"


def phrases_of(nouns: Sequence[str]) -> list[str]:
    """The detector's phrases: the unique generalized nouns in lower case, `person` first, the
    others in their order."""
    unique = list(dict.fromkeys(noun.strip().lower() for noun in nouns))
    return sorted(unique, key=lambda noun: noun != FIRST_NOUN)


def usable(raw: Sequence[RawDetection], frame: int, min_score: float) -> list[Detection]:
    """The detections with a score of at least `min_score` and a label that is not empty."""
    return [
        Detection(frame, found.box, found.score, found.label)
        for found in raw
        if found.score >= min_score and found.label
    ]


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


def noun_of_label(label: str, phrases: Sequence[str]) -> str | None:
    """The phrase that a label stands for: the label itself, or the first phrase among its words.

    A detector's label is whatever words of the prompt went over its threshold, so that one of two
    kinds ("dog horse") must be read as one of them.
    """
    label = " ".join(label.lower().split())
    if label in phrases:
        return label
    padded = f" {label} "
    inside = [(padded.find(f" {phrase} "), phrase) for phrase in phrases]
    found = sorted((place, phrase) for place, phrase in inside if place >= 0)
    return found[0][1] if found else None


def named(detections: Sequence[Detection], phrases: Sequence[str]) -> list[Detection]:
    """The detections whose label stands for a phrase, with that phrase as the label."""
    pairs = [(d, noun_of_label(d.label, phrases)) for d in detections]
    return [Detection(d.frame, d.box, d.score, noun) for d, noun in pairs if noun is not None]


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
