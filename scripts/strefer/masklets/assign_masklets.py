"""Stage `masklets`: step 4 of the masklet generator, from tracks to one masklet an expression."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from strefer.agents.assigner.interface import Assigner
from strefer.agents.assigner.load import load_assigner
from strefer.corrections.masklets import masklet_changes
from strefer.films.apart import iterate_frames_apart
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
from strefer.stage.ahead import flat_ahead
from strefer.stage.batches import by_item, in_batches
from strefer.stage.run import Item, Shard, Worker, one_by_one, read_records, run_stage

FRAMES_OF_A_PART = 16  # of a film, that are handed on together
PARTS_TOGETHER = 16  # of one film or of several, that the assigner is asked about together

Film = tuple[Video, References, Tracks]
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
        film = (video, of_video, tracked)
        items.append(Item(video_id, content, film, film_s=video.duration_s))

    def start() -> Worker:
        assigner = load_assigner(agents["assigner"], prompts.get("assigner"))
        if settings.procedure == "paper":
            return one_by_one(
                lambda item, read: to_json(_by_paper(item.context, read, assigner, settings)),
                lambda item: _starting_frame(item.context),
            )

        def load(item: Item) -> Iterator[tuple[Item, list[_View]]]:
            return ((item, views) for views in _views(item.context, assigner))

        return lambda missing: by_item(
            in_batches(flat_ahead(missing, load), PARTS_TOGETHER, lambda b: _fits(b, assigner)),
            lambda item, fits: to_json(_by_fits(item.context, fits, assigner, settings)),
        )

    changes = masklet_changes(_prompts_of if settings.region_prompts else None)
    run_stage("masklets", items, start, shard, changes)


def assign_film(
    video: Video,
    references: References,
    tracks: Tracks,
    assigner: Assigner,
    options: AssignOptions,
) -> Masklets:
    """The masklets of one film: at most one an expression."""
    film = (video, references, tracks)
    if options.procedure == "paper":
        return _by_paper(film, _starting_frame(film), assigner, options)
    parts = ([(Item("", None, film), views)] for views in _views(film, assigner))
    return _by_fits(film, (_fits(part, assigner)[0] for part in parts), assigner, options)


def _masklets(film: Film, composition: Composition, options: AssignOptions) -> Masklets:
    video, references, tracks = film
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


def _starting_frame(film: Film) -> Iterator[np.ndarray]:
    video, _, tracks = film
    return (pixels for _, pixels in _decode(video, tracks, tracks.starting_frames[:1]))


def _by_paper(
    film: Film, read: Iterator[np.ndarray], assigner: Assigner, options: AssignOptions
) -> Masklets:
    """The paper's assignment on the starting frame; the score is the detector's.

    Args:
        read: gives the starting frame, if there is one.
    """
    _, references, tracks = film
    frame: list[np.ndarray] = []

    def ask(candidates: Sequence[int], expression: str) -> list[int]:
        if not frame:
            frame.append(next(read))
        boxes = [tracks.tracks[k].detections[0].box for k in candidates]
        return assigner.choose(frame[0], boxes, [expression])[0]

    nouns = [track.generalized_noun for track in tracks.tracks]
    assignment = assign_paper(references.entities, nouns, ask)
    pieces = {}
    for entity, k in sorted(assignment.track_of.items()):
        track = tracks.tracks[k]
        pieces[entity] = [Piece(k, _mask_frames(track), track.detections[0].score)]
    return _masklets(film, Composition(pieces, assignment.dropped), options)


class _View(NamedTuple):
    """A sampled frame with boxes on it, as the assigner wants to see it."""

    frame: int
    boxes: list[Box]
    prepared: np.ndarray


def _views(film: Film, assigner: Assigner) -> Iterator[list[_View]]:
    """The frames of a film to ask the assigner about, a few at a time; at least one list."""
    video, references, tracks = film
    boxes: dict[int, dict[Box, None]] = defaultdict(dict)
    for track in tracks.tracks if references.entities else ():
        for detection in track.detections:
            boxes[detection.frame][detection.box] = None
        if assigner.dense:
            for frame in _mask_frames(track):
                boxes[frame][box_of_rle(track.masks[str(frame)])] = None
    decoded = _decode(video, tracks, sorted(boxes))
    views = (_View(f, list(boxes[f]), assigner.prepare(p, list(boxes[f]))) for f, p in decoded)
    yield list(itertools.islice(views, FRAMES_OF_A_PART))
    while part := list(itertools.islice(views, FRAMES_OF_A_PART)):
        yield part


def _fits(parts: Sequence[tuple[Item, list[_View]]], assigner: Assigner) -> list[Fits]:
    """Score how well expressions fit in each part; parts may be from several films."""
    views = [view for _, of_part in parts for view in of_part]
    expressions = [_expressions(item.context) for item, of_part in parts for _ in of_part]
    matrices = assigner.scores_of_frames(
        [view.prepared for view in views], [view.boxes for view in views], expressions
    )
    scored = zip(views, matrices, strict=True)
    return [
        {
            (view.frame, box): row
            for view, matrix in itertools.islice(scored, len(of_part))
            for box, row in zip(view.boxes, matrix.T, strict=True)
        }
        for _, of_part in parts
    ]


def _expressions(film: Film) -> list[str]:
    return [entity.expression for entity in film[1].entities]


def _by_fits(
    film: Film, parts: Iterator[Fits], assigner: Assigner, options: AssignOptions
) -> Masklets:
    """Our assignment, from what `_fits` gives for all parts of a film."""
    _, references, tracks = film
    fits = {key: row for part in parts for key, row in part.items()}
    n_expressions = len(references.entities)
    scored = [
        _scored(track, fits, n_expressions, assigner.dense)
        for track in (tracks.tracks if n_expressions else ())
    ]

    def overlap(first: int, second: int, frame: int) -> float:
        masks = (tracks.tracks[k].masks[str(frame)] for k in (first, second))
        return rle_iou(*masks)

    return _masklets(film, assign_ours(references.entities, scored, overlap, options), options)


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


def _decode(
    video: Video, tracks: Tracks, frames: Sequence[int]
) -> Iterator[tuple[int, np.ndarray]]:
    """The pixels of some of the sampled frames (ascending), decoded in one pass."""
    times_s = [tracks.frame_times_s[frame] for frame in frames]
    return zip(frames, iterate_frames_apart(video.path, times_s), strict=True)


def _mask_frames(track: Track) -> tuple[int, ...]:
    return tuple(sorted(int(frame) for frame in track.masks))
