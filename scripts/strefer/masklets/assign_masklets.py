"""Stage `masklets`: step 4 of the masklet generator, from tracks to one masklet an expression."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from strefer.agents.assigner.interface import Assigner
from strefer.agents.assigner.load import load_assigner
from strefer.frames import iterate_frames_at
from strefer.masklets.assignment_ours import Composition, Piece, ScoredTrack, assign_ours
from strefer.masklets.assignment_paper import assign_paper
from strefer.masklets.options import AssignOptions
from strefer.masklets.region_prompts import region_prompt
from strefer.masks import box_of_rle, decode_mask, rle_iou
from strefer.records import (
    Box,
    Masklet,
    Masklets,
    References,
    RegionPrompt,
    Rle,
    Track,
    Tracks,
    Video,
    to_json,
)
from strefer.stage.run import Item, Shard, Worker, one_by_one, read_records, run_stage

# Frames given to the assigner together: enough to fill an engine, few enough to hold in memory.
FRAMES_AT_A_TIME = 32

Fits = dict[tuple[int, Box], np.ndarray]
"""By frame and box: float [E], how well each expression fits."""


def assign_masklets(
    videos: Path,
    references: Path,
    tracks: Path,
    shard: Shard,
    options: dict[str, Any],
    agents: dict[str, dict[str, Any]],
    prompts: dict[str, str],
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

    run_stage("masklets", items, start, shard)


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
            Masklet(
                entity=position,
                expression=entity.expression,
                generalized_noun=entity.generalized_noun,
                score=round(score, 6),
                masks=masks,
                region_prompts=_prompts_of(masks) if options.region_prompts else None,
            )
        )
    return Masklets(
        frame_times_s=tracks.frame_times_s,
        height_px=video.height_px,
        width_px=video.width_px,
        masklets=tuple(masklets),
        dropped={str(i): reason for i, reason in sorted(composition.dropped.items())},
    )


def _prompts_of(masks: Mapping[str, Rle]) -> dict[str, RegionPrompt]:
    return {frame: region_prompt(decode_mask(mask)) for frame, mask in masks.items()}


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
    boxes: dict[int, list[Box]] = defaultdict(list)
    for track in tracks.tracks:
        for detection in track.detections:
            boxes[detection.frame].append(detection.box)
        if assigner.dense:
            for frame in _mask_frames(track):
                boxes[frame].append(box_of_rle(track.masks[str(frame)]))
    fits = _fits(video, tracks, boxes, assigner, expressions)
    scored = [_scored(track, fits, len(expressions), assigner.dense) for track in tracks.tracks]

    def overlap(first: int, second: int, frame: int) -> float:
        masks = (tracks.tracks[k].masks[str(frame)] for k in (first, second))
        return rle_iou(*masks)

    return assign_ours(references.entities, scored, overlap, options)


def _scored(track: Track, fits: Fits, n_expressions: int, dense: bool) -> ScoredTrack:
    frames = _mask_frames(track)
    start_fits = [fits[d.frame, d.box] for d in track.detections]
    mask_fits = [fits[f, box_of_rle(track.masks[str(f)])] for f in frames] if dense else None
    return ScoredTrack(
        noun=track.generalized_noun,
        starts=tuple(d.frame for d in track.detections),
        start_fits=np.reshape(start_fits, (-1, n_expressions)).T,
        frames=frames,
        fits=None if mask_fits is None else np.reshape(mask_fits, (-1, n_expressions)).T,
    )


def _fits(
    video: Video,
    tracks: Tracks,
    boxes: Mapping[int, Sequence[Box]],
    assigner: Assigner,
    expressions: Sequence[str],
) -> Fits:
    fits: Fits = {}
    if not expressions:
        return fits
    decoded = _decode(video, tracks, sorted(boxes))
    while batch := dict(itertools.islice(decoded, FRAMES_AT_A_TIME)):
        of_batch = [list(dict.fromkeys(boxes[frame])) for frame in batch]
        matrices = assigner.scores_of_frames(list(batch.values()), of_batch, expressions)
        for frame, of_frame, matrix in zip(batch, of_batch, matrices, strict=True):
            fits |= {(frame, box): row for box, row in zip(of_frame, matrix.T, strict=True)}
    return fits


def _decode(
    video: Video, tracks: Tracks, frames: Sequence[int]
) -> Iterator[tuple[int, np.ndarray]]:
    """The pixels of some of the sampled frames (ascending), decoded in one pass."""
    times_s = [tracks.frame_times_s[frame] for frame in frames]
    return zip(frames, iterate_frames_at(video.path, times_s), strict=True)


def _mask_frames(track: Track) -> tuple[int, ...]:
    return tuple(sorted(int(frame) for frame in track.masks))
