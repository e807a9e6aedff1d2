"""Detector and tracker by themselves: on true prompts, without what came before them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from drawn_world.quality.davis import region_j
from drawn_world.quality.films import MeasuredFilm
from drawn_world.truth import Truth
from drawn_world.vocabulary import GENERALIZED_NOUNS
from strefer.agents.detector.load import load_detector
from strefer.agents.tracker.interface import Prompt
from strefer.agents.tracker.load import load_tracker
from strefer.frames import read_frames, sample_times
from strefer.masklets.starting_frame import suppressed, usable
from strefer.masks import box_ious, decode_mask

CLEAR_PX = 60  # an entity with fewer visible pixels is neither demanded nor a false alarm
DETECTOR_FRAMES = 4


def measure_teachers(
    films: Sequence[MeasuredFilm], videos_dir: Path, agents: Mapping, options: Mapping
) -> dict[str, float | None]:
    """`detector.*` at IoU 0.5 and the stage's thresholds; `tracker.*` from a true box each,
    at the stage's certainty."""
    chosen = [film.truth for film in films[: options["teacher_films"]]]
    detector, tracker = load_detector(agents["detector"]), load_tracker(agents["tracker"])
    found = wanted = given = 0
    overlaps: list[float] = []
    empty: list[float] = []
    for truth in chosen:
        path = videos_dir / f"{truth.id}.mp4"
        hits, true, boxes = _detect(detector, truth, path, options["tracks"])
        found, wanted, given = found + hits, wanted + true, given + boxes
        _track(tracker, truth, path, options["tracks"], overlaps, empty)
    return {
        "detector.recall": found / wanted if wanted else None,
        "detector.precision": found / given if given else None,
        "tracker.j_visible": float(np.mean(overlaps)) if overlaps else None,
        "tracker.empty_when_absent": float(np.mean(empty)) if empty else None,
    }


def _detect(detector, truth: Truth, path: Path, options: Mapping) -> tuple[int, int, int]:
    times_s = sample_times(truth.duration_s, DETECTOR_FRAMES, truth.fps)
    kinds = {entity.generalized_noun for entity in truth.entities}
    phrases = [noun for noun in GENERALIZED_NOUNS if noun in kinds]
    frames = list(read_frames(path, times_s))
    limits = (options["box_threshold"], options["text_threshold"])
    hits = wanted = given = 0
    for time_s, raw in zip(times_s, detector.detect(frames, phrases, *limits), strict=True):
        number = truth.frame_at(time_s)
        # As the masklet generator takes them: each object once.
        detections = suppressed(usable(raw, number, options["min_score"]), options["nms_iou"])
        seen = [(e, truth.mask(e.entity_id, number)) for e in truth.entities]
        clear = [e for e, m in seen if m is not None and m.sum() >= CLEAR_PX]
        faint = [e for e, m in seen if m is not None and m.sum() < CLEAR_PX]
        free = list(clear)
        for detection in detections:
            same = [e for e in free if e.generalized_noun == detection.label]
            ious = box_ious([detection.box], [e.boxes[number] for e in same])[0] if same else []
            if len(ious) and max(ious) >= 0.5:
                free.remove(same[int(np.argmax(ious))])
                hits, given = hits + 1, given + 1
            elif not _touches(detection.box, [e.boxes[number] for e in faint]):
                given += 1
        wanted += len(clear)
    return hits, wanted, given


def _touches(box, boxes) -> bool:
    return bool(boxes) and box_ious([box], boxes).max() > 0.3


def _track(
    tracker, truth: Truth, path: Path, options: Mapping, overlaps: list, empty: list
) -> None:
    times_s = sample_times(truth.duration_s, options["frames"], truth.fps)
    numbers = [truth.frame_at(t) for t in times_s]
    frames = read_frames(path, times_s)
    prompts = []
    for entity in truth.entities:
        sizes = [
            m.sum() if (m := truth.mask(entity.entity_id, n)) is not None else 0 for n in numbers
        ]
        best = int(np.argmax(sizes))
        if sizes[best] >= CLEAR_PX:
            prompts.append(Prompt(entity.entity_id, best, entity.boxes[numbers[best]]))
    if not prompts:
        return
    tracked = tracker.track(frames, prompts, min_certainty=options["min_certainty"])
    for prompt in prompts:
        for i, number in enumerate(numbers):
            true = truth.mask(prompt.object_id, number)
            predicted = tracked[prompt.object_id].get(i)
            if predicted is None:
                predicted = np.zeros(frames.shape[1:3], bool)
            else:
                predicted = decode_mask(predicted)
            if true is not None:
                overlaps.append(region_j(predicted, true))
            else:
                empty.append(float(not predicted.any()))
