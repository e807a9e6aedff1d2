"""Stage `masklets`: step 4 of the masklet generator, from tracks to one masklet an expression."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from strefer.agents.assigner import Assigner, load_assigner
from strefer.frames import iterate_frames_at
from strefer.masklet_procedures.assignment_ours import (
    Composition,
    Piece,
    ScoredTrack,
    assign_ours,
)
from strefer.masklet_procedures.assignment_paper import assign_paper
from strefer.masklet_procedures.options import AssignOptions
from strefer.masks import box_of_rle
from strefer.records import Box, Masklet, Masklets, References, Track, Tracks, Video, to_json
from strefer.stage import Item, Worker, one_by_one, read_records, run_stage

# Frames given to the assigner together: enough to fill an engine, few enough to hold in memory.
FRAMES_AT_A_TIME = 32

BoxesByFrame = Mapping[int, Sequence[tuple[int, Box]]]


def assign_masklets(
    videos: Path,
    references: Path,
    tracks: Path,
    output: Path,
    store: Path,
    making: dict[str, Any],
    options: dict[str, Any],
    agents: dict[str, dict[str, Any]],
    prompts: dict[str, str],
    strict: bool,
) -> None:
    """Write the shard file of `Masklets` records.

    Args:
        videos, references, tracks: the shard's files of these stages.
        options: as `AssignOptions`.
        agents: specification of `assigner`.
        prompts: the file of `assigner`, which the adapter `chat` asks with.
    """
    settings = AssignOptions(**options)
    references_by_video = read_records(references, References)
    tracks_by_video = read_records(tracks, Tracks)
    items = []
    for video_id, [video] in read_records(videos, Video).items():
        if video_id not in references_by_video or video_id not in tracks_by_video:
            continue  # it failed before
        [of_video], [tracked] = references_by_video[video_id], tracks_by_video[video_id]
        content = {
            "video": video.digest,
            "references": to_json(of_video),
            "tracks": to_json(tracked),
        }
        items.append(Item(video_id, content, context=(video, of_video, tracked)))

    def start() -> Worker:
        assigner = load_assigner(agents["assigner"], prompts.get("assigner"))
        return one_by_one(lambda item: to_json(assign_film(*item.context, assigner, settings)))

    run_stage("masklets", items, start, output=output, store=store, making=making, strict=strict)


def assign_film(
    video: Video,
    references: References,
    tracks: Tracks,
    assigner: Assigner,
    options: AssignOptions,
) -> Masklets:
    """The masklets of one film: at most one an expression."""
    compose = _compose_as_paper if options.procedure == "paper" else _compose
    composition = compose(video, references, tracks, assigner, options)
    masklets = []
    for position, pieces in composition.pieces.items():
        entity = references.entities[position]
        masks = {
            str(frame): tracks.tracks[piece.track].masks[str(frame)]
            for frame, piece in sorted((f, p) for p in pieces for f in p.frames)
        }
        covered = sum(len(piece.frames) for piece in pieces)
        score = sum(piece.score * len(piece.frames) for piece in pieces) / max(covered, 1)
        masklets.append(
            Masklet(position, entity.expression, entity.generalized_noun, round(score, 6), masks)
        )
    return Masklets(
        frame_times_s=tracks.frame_times_s,
        height_px=video.height_px,
        width_px=video.width_px,
        masklets=tuple(masklets),
        dropped={str(i): reason for i, reason in sorted(composition.dropped.items())},
    )


def _compose_as_paper(
    video: Video,
    references: References,
    tracks: Tracks,
    assigner: Assigner,
    options: AssignOptions,
) -> Composition:
    """The paper's assignment on the starting frame; the score is the detector's."""
    frame: list[np.ndarray] = []

    def ask(candidates: Sequence[int], expression: str) -> list[int]:
        if not frame:  # decoded only if there is something to ask
            frame.extend(pixels for _, pixels in _decode(video, tracks, tracks.starting_frames[:1]))
        boxes = [tracks.tracks[k].detections[0].box for k in candidates]
        return assigner.choose(frame[0], boxes, [expression])[0]

    nouns = [track.generalized_noun for track in tracks.tracks]
    assignment = assign_paper(references.entities, nouns, ask)
    pieces = {}
    for entity, k in sorted(assignment.track_of.items()):
        track = tracks.tracks[k]
        pieces[entity] = [Piece(k, _mask_frames(track), track.detections[0].score)]
    return Composition(pieces, assignment.dropped)


def _compose(
    video: Video,
    references: References,
    tracks: Tracks,
    assigner: Assigner,
    options: AssignOptions,
) -> Composition:
    expressions = [entity.expression for entity in references.entities]
    boxes_by_frame: dict[int, list[tuple[int, Box]]] = defaultdict(list)
    for k, track in enumerate(tracks.tracks):
        if assigner.dense:
            for frame in _mask_frames(track):
                boxes_by_frame[frame].append((k, box_of_rle(track.masks[str(frame)])))
        else:
            for detection in track.detections:
                boxes_by_frame[detection.frame].append((k, detection.box))
    fits = _fits(video, tracks, boxes_by_frame, assigner, expressions)
    scored = []
    for k, track in enumerate(tracks.tracks):
        of_track = fits.get(k, {})
        columns = [of_track[frame] for frame in sorted(of_track)]
        matrix = np.stack(columns, axis=1) if columns else np.zeros((len(expressions), 0))
        scored.append(
            ScoredTrack(
                track.generalized_noun, _mask_frames(track), tuple(sorted(of_track)), matrix
            )
        )
    return assign_ours(references.entities, scored, assigner.dense, options)


def _fits(
    video: Video,
    tracks: Tracks,
    boxes_by_frame: BoxesByFrame,
    assigner: Assigner,
    expressions: Sequence[str],
) -> dict[int, dict[int, np.ndarray]]:
    """By track, by frame: float [E], how well the track's box fits each expression."""
    fits: dict[int, dict[int, np.ndarray]] = defaultdict(dict)
    if not expressions:
        return fits
    decoded = _decode(video, tracks, sorted(boxes_by_frame))
    while batch := dict(itertools.islice(decoded, FRAMES_AT_A_TIME)):
        boxes = [[box for _, box in boxes_by_frame[frame]] for frame in batch]
        matrices = assigner.scores_of_frames(list(batch.values()), boxes, expressions)
        for frame, matrix in zip(batch, matrices, strict=True):
            for (k, _), column in zip(boxes_by_frame[frame], matrix.T, strict=True):
                fits[k][frame] = column
    return fits


def _decode(
    video: Video, tracks: Tracks, frames: Sequence[int]
) -> Iterator[tuple[int, np.ndarray]]:
    """The pixels of some of the sampled frames (ascending), decoded in one pass."""
    times_s = [tracks.frame_times_s[frame] for frame in frames]
    return zip(frames, iterate_frames_at(video.path, times_s), strict=True)


def _mask_frames(track: Track) -> tuple[int, ...]:
    return tuple(sorted(int(frame) for frame in track.masks))
