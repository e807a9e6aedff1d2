"""Options of the stages `tracks` and `masklets`; workflow/configuration has their defaults."""

from __future__ import annotations

from dataclasses import dataclass

PROCEDURES = ("ours", "paper", "concepts")


@dataclass(frozen=True)
class TrackOptions:
    """Options of the stage `tracks`.

    Attributes:
        procedure: "paper" (one starting frame), "ours" (further ones for what is not covered) or
            "concepts" (none: a concept tracker finds what is named; of the options below `frames`,
            `min_score`, `max_objects`, `join_iou` and the windows count).
        frames: frames sampled from a film, or from a window of a long one.
        box_threshold, text_threshold: the detector's.
        min_score: detections below it start no track.
        max_objects: of more detections on a frame, the surest are tracked.
        nms_iou: of two detections that overlap more than this, the better stays (ours).
        look_ahead: this many frames are looked at in any case, further ones while a kind has fewer
            tracks than expressions (ours).
        max_starting_frames: at most this many starting frames a window (ours).
        explained_iou: a detection that overlaps a track's box this much starts no track (ours).
        min_certainty: masks whose pixels are on average less probable are left empty (ours).
        join_iou: tracks of one kind that overlap this much are one (ours; also across windows).
        window_s, overlap_s: films longer than `window_s` are tracked in windows (ours).
    """

    procedure: str
    frames: int
    box_threshold: float
    text_threshold: float
    min_score: float
    max_objects: int
    nms_iou: float
    look_ahead: int
    max_starting_frames: int
    explained_iou: float
    min_certainty: float
    join_iou: float
    window_s: float
    overlap_s: float

    def __post_init__(self) -> None:
        _check_procedure("tracks", self.procedure)
        if self.overlap_s >= self.window_s:
            raise ValueError(
                f"configuration: tracks.overlap_s is {self.overlap_s}, but must be less than "
                f"tracks.window_s, {self.window_s}"
            )


@dataclass(frozen=True)
class AssignOptions:
    """Options of the stage `masklets`.

    Attributes:
        procedure: "paper" (by generalized noun, conflicts drop a partition), or "ours", with which
            "concepts" assigns too.
        min_score: a track that is less probably what an expression means does not get it (ours).
        drift_margin: a piece of a track is cut off where another expression fits better by more
            than this a frame, in log-odds (ours, `embedder` only).
        switch_cost: how much a change of expression within a track must gain in all, in log-odds
            (as above).
        region_prompts: give each mask a box, a point and a scribble too.
    """

    procedure: str
    min_score: float
    drift_margin: float
    switch_cost: float
    region_prompts: bool

    def __post_init__(self) -> None:
        _check_procedure("masklets", self.procedure)


def _check_procedure(stage: str, procedure: str) -> None:
    if procedure not in PROCEDURES:
        raise ValueError(
            f"configuration: {stage}.procedure is {procedure!r}, but must be one of "
            f"{', '.join(PROCEDURES)}"
        )
