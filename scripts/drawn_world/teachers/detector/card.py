"""Measure the demo's detector on films that it never saw, and write its card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from drawn_world.drawing.render import render
from drawn_world.plan.plan import plan_film
from drawn_world.teachers.detector.data import Sight, nouns_of, sight_of
from drawn_world.teachers.tracker.checkpoint import Progress
from drawn_world.vocabulary import GENERALIZED_NOUNS
from strefer.agents.assigner.with_detector import DetectorAssigner
from strefer.agents.detector.interface import Detector
from strefer.masklets.starting_frame import suppressed, usable
from strefer.masks import box_ious

# At a text threshold of 0.3 some labels have two nouns, of which the first need not be right.
BOX_THRESHOLD, TEXT_THRESHOLD, MIN_SCORE, NMS_IOU = 0.25, 0.5, 0.5, 0.7
_FRAMES_A_FILM = 6
_SAME_IOU = 0.5

_CARD = """\
---
license: apache-2.0
datasets: [drawn_world]
library_name: transformers
pipeline_tag: zero-shot-object-detection
---
# The demo's detector

A tiny Grounding DINO ({parameters:.1f} M parameters, fp16) that finds the entities of the demo
world in frames of 128 px. It stands in for Grounding DINO where no weights can be had, and is of no
use elsewhere. Class: `GroundingDinoForObjectDetection` of transformers.

- Prompts: generalized nouns ("person. dog. ball."), and single referring expressions
  ("red ball."). Its tokenizer knows the demo's words alone.
- Data: films of the demo world's split `train`, drawn by `drawn_world`; no other data or weights.
- Seed {seed}; {steps} steps; {minutes:.1f} CPU minutes on one thread. Make it again with
  `snakemake teachers`.
- Thresholds: box {box}, text {text}; kept from score {score} on; of boxes that overlap by more
  than IoU {nms} the better one.
- Licence: Apache-2.0.

Measured on {n_films} films of the split `held_out`, {frames} frames each as drawn (not decoded from
a film), through the pipeline's adapter; a hit has the right noun and IoU of at least 0.5.

| prompt | figure | value |
|---|---|---|
| the film's nouns | recall | {recall:.3f} |
| | precision | {precision:.3f} |
| | mean IoU of hits | {mean_iou:.3f} |
| all nouns | recall | {recall_all_nouns:.3f} |
| | precision | {precision_all_nouns:.3f} |
| one expression | right among the entities in sight of one noun | {expressions:.3f} |
"""


def measure_detector(detector: Detector, seeds: Sequence[int]) -> dict[str, float]:
    """Recall, precision and mean IoU of hits with the film's nouns as the prompt, the same with
    all nouns, and the share of expressions whose best box is theirs."""
    sights = [sight for seed in seeds for sight in held_out_sights(seed)]
    own = _figures(detector, sights, all_nouns=False)
    every = {f"{k}_all_nouns": v for k, v in _figures(detector, sights, all_nouns=True).items()}
    return own | every | {"expressions": _expressions_right(detector, sights)}


def held_out_sights(seed: int) -> list[Sight]:
    plan = plan_film(seed)
    times = np.linspace(0, plan.n_frames - 1, _FRAMES_A_FILM).round().astype(int)
    frames, masks = render(plan, times)
    return [sight_of(f, masks[:, i], plan.entities) for i, f in enumerate(frames)]


def _figures(detector: Detector, sights: Sequence[Sight], all_nouns: bool) -> dict[str, float]:
    wanted = found = 0
    overlaps: list[float] = []
    by_prompt: dict[tuple[str, ...], list[Sight]] = {}
    for sight in sights:
        phrases = tuple(nouns_of(sight.cast)) if not all_nouns else GENERALIZED_NOUNS
        by_prompt.setdefault(phrases, []).append(sight)
    for phrases, group in by_prompt.items():
        raw = detector.detect([s.frame for s in group], phrases, BOX_THRESHOLD, TEXT_THRESHOLD)
        for sight, detections in zip(group, raw, strict=True):
            kept = suppressed(usable(detections, 0, MIN_SCORE), NMS_IOU)
            wanted, found = wanted + len(sight.seen), found + len(kept)
            ious = box_ious([d.box for d in kept], [tuple(box) for box in sight.boxes.tolist()])
            for i, detection in enumerate(kept):  # best score first; each entity is hit once
                right = [e.generalized_noun == detection.label for e in sight.seen]
                ious[i] *= np.array(right, bool)
                if ious.shape[1] and ious[i].max() >= _SAME_IOU:
                    overlaps.append(float(ious[i].max()))
                    ious[:, ious[i].argmax()] = 0.0
    hits = len(overlaps)
    return {
        "recall": hits / max(wanted, 1),
        "precision": hits / max(found, 1),
        "mean_iou": float(np.mean(overlaps)) if overlaps else 0.0,
    }


def _expressions_right(detector: Detector, sights: Sequence[Sight]) -> float:
    """Of entities beside others of their noun: how often the expression's best box is theirs."""
    assigner, right = DetectorAssigner(detector), []
    for sight in sights:
        nouns = [e.generalized_noun for e in sight.seen]
        for i, entity in enumerate(sight.seen):
            rivals = [j for j, noun in enumerate(nouns) if noun == nouns[i]]
            if len(rivals) > 1:
                boxes = [tuple(sight.boxes[j].tolist()) for j in rivals]
                scores = assigner.scores(sight.frame, boxes, [entity.expression])[0]
                right.append(scores.max() > 0 and rivals[int(scores.argmax())] == i)
    return float(np.mean(right)) if right else float("nan")


def write_card(
    folder: Path,
    measures: dict[str, float],
    progress: Progress,
    seed: int,
    n_films: int,
    n_parameters: int,
) -> None:
    """Write README.md beside the weights."""
    text = _CARD.format(
        **measures,
        parameters=n_parameters / 1e6,
        seed=seed,
        steps=progress.steps,
        minutes=progress.seconds / 60,
        box=BOX_THRESHOLD,
        text=TEXT_THRESHOLD,
        score=MIN_SCORE,
        nms=NMS_IOU,
        n_films=n_films,
        frames=_FRAMES_A_FILM,
    )
    (folder / "README.md").write_text(text, encoding="utf-8")
