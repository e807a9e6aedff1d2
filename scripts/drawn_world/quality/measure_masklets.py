"""Stage `masklet_scores`: both masklet procedures on drawn films, from the true expressions.

Masklets are measured in isolation: expressions come from the ground truth, so that an entity that
the video LLM missed does not matter. (`masklets.run.*` are the same measures for the run's own
masklets, including earlier stages' errors.) Both procedures see the same films with the same
agents; image features and detections, which they share, are computed once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from drawn_world.quality.davis import j_and_f, region_j
from drawn_world.truth import EntityTruth, Truth, load_truth
from strefer.agents.assigner.interface import Assigner
from strefer.agents.assigner.load import load_assigner
from strefer.agents.detector.interface import Detector, RawDetection
from strefer.agents.detector.load import load_detector
from strefer.agents.tracker.interface import Drawn, Session, Tracker
from strefer.agents.tracker.load import load_tracker
from strefer.masklets.assign_masklets import assign_film
from strefer.masklets.options import AssignOptions, TrackOptions
from strefer.masklets.track_entities import read_film, track_film
from strefer.masks import decode_mask
from strefer.records import Entity, Masklet, Masklets, References, Video, to_json
from strefer.stage.run import Item, Shard, Worker, one_by_one, read_records, run_stage

PROCEDURES = ("ours", "paper")  # those that the drawn world has agents for
FOUND_J = 0.5  # from this mean J over visible frames on, a masklet has found its entity


@dataclass(frozen=True)
class MaskletScores:
    """A procedure's masklets of one film against the truth, by active entity.

    Attributes:
        procedure: "paper" or "ours".
        jf: J&F over the sampled frames; 0 without a masklet.
        found: 1 where mean J over the frames that show the entity is at least `FOUND_J`, else 0.
    """

    procedure: str
    jf: tuple[float, ...]
    found: tuple[float, ...]


@dataclass(frozen=True)
class Agents:
    """The agents of the masklet generator."""

    detector: Detector
    tracker: Tracker
    assigner: Assigner


def measure_masklets(
    videos: Path,
    truth_dir: Path,
    n_films: int,
    shard: Shard,
    options: Mapping[str, Mapping[str, Any]],
    agents: Mapping[str, dict[str, Any]],
    prompt: Path,
) -> None:
    """Write the shard file of `MaskletScores` records, two a film.

    Args:
        videos: the shard's file of that stage; of its films the first `n_films` are measured.
        truth_dir: contains `<film's name without extension>.json`.
        options: by stage (`tracks`, `masklets`), without their procedure.
        agents: specifications of `detector`, `tracker` and `assigner`.
        prompt: the prompt of the assigner `chat`.
    """
    items = []
    for video_id, [video] in list(read_records(videos, Video).items())[:n_films]:
        path = truth_dir / f"{Path(video_id).stem}.json"
        content = {"video": video.digest, "truth": path.read_text(encoding="utf-8")}
        items.append(Item(video_id, content, context=(video, path)))

    def start() -> Worker:
        loaded = Agents(
            RememberingDetector(load_detector(agents["detector"])),
            RememberingTracker(load_tracker(agents["tracker"])),
            load_assigner(agents["assigner"], prompt),
        )

        def both(item: Item) -> list[dict]:
            video, truth = item.context[0], load_truth(item.context[1])
            return [to_json(_scores(video, truth, p, loaded, options)) for p in PROCEDURES]

        return one_by_one(both)

    run_stage("masklet_scores", items, start, shard)


def _scores(
    video: Video,
    truth: Truth,
    procedure: str,
    agents: Agents,
    options: Mapping[str, Mapping[str, Any]],
) -> MaskletScores:
    track_options = TrackOptions(**options["tracks"], procedure=procedure)
    assign_options = AssignOptions(**{**options["masklets"], "procedure": procedure})
    references = true_references(truth)
    nouns = [entity.generalized_noun for entity in references.entities]
    read = read_film(video, nouns, track_options)
    tracks = track_film(video, nouns, read, agents.detector, agents.tracker, track_options)
    masklets = assign_film(video, references, tracks, agents.assigner, assign_options)
    return score_masklets(truth, masklets, procedure)


def true_references(truth: Truth) -> References:
    """A perfect parser's result for a film: its active entities."""
    return References(
        tuple(
            Entity(entity.expression, entity.noun, entity.generalized_noun)
            for entity in truth.entities
            if entity.active
        )
    )


def score_masklets(truth: Truth, masklets: Masklets | None, procedure: str) -> MaskletScores:
    """Scores of the masklets of one film, None if there are none for its failure."""
    by_expression = {m.expression: m for m in masklets.masklets} if masklets else {}
    times_s = masklets.frame_times_s if masklets else ()
    active = [entity for entity in truth.entities if entity.active]
    scores = [_score(truth, e, by_expression.get(e.expression), times_s) for e in active]
    return MaskletScores(procedure, tuple(s[0] for s in scores), tuple(s[1] for s in scores))


def _score(
    truth: Truth, entity: EntityTruth, masklet: Masklet | None, times_s: Sequence[float]
) -> tuple[float, float]:
    """J&F, and whether the entity was found."""
    if masklet is None:
        return 0.0, 0.0
    empty = np.zeros((truth.height_px, truth.width_px), bool)
    predicted, true = [], []
    for i, time_s in enumerate(times_s):
        rle = masklet.masks.get(str(i))
        predicted.append(empty if rle is None else decode_mask(rle))
        mask = truth.mask(entity.entity_id, truth.frame_at(time_s))
        true.append(empty if mask is None else mask)
    visible = [region_j(p, t) for p, t in zip(predicted, true, strict=True) if t.any()]
    found = bool(visible) and float(np.mean(visible)) >= FOUND_J
    return j_and_f(predicted, true), float(found)


class RememberingDetector:
    """A detector that processes each frame of the current film only once per set of phrases."""

    def __init__(self, detector: Detector) -> None:
        self.detector = detector
        self.settings: tuple | None = None
        self.known: dict[bytes, list[RawDetection]] = {}

    def detect(
        self,
        frames: Sequence[np.ndarray],
        phrases: Sequence[str],
        box_threshold: float,
        text_threshold: float,
    ) -> list[list[RawDetection]]:
        """As `Detector.detect`."""
        settings = (tuple(phrases), box_threshold, text_threshold)
        if settings != self.settings or len(self.known) > 1000:
            self.settings, self.known = settings, {}
        keys = [frame.tobytes() for frame in frames]
        new = [i for i, key in enumerate(keys) if key not in self.known]
        fresh = self.detector.detect([frames[i] for i in new], *settings) if new else []
        self.known |= {keys[i]: found for i, found in zip(new, fresh, strict=True)}
        return [self.known[key] for key in keys]


class RememberingTracker(Tracker):
    """A tracker that takes in a film once if it is opened twice in a row."""

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker
        self.frames: np.ndarray | None = None
        self.session: Session | None = None

    def open_session(self, frames: np.ndarray) -> Session:
        """As `Tracker.open_session`."""
        if self.session is None or not np.array_equal(frames, self.frames):
            self.session, self.frames = self.tracker.open_session(frames), frames
        return self.session

    def _take_in(self, frames: np.ndarray) -> Any:
        return self.tracker._take_in(frames)

    def _follow(
        self, session: Session, order: range, boxes: Sequence, min_certainty: float
    ) -> Iterator[Drawn]:
        return self.tracker._follow(session, order, boxes, min_certainty)
