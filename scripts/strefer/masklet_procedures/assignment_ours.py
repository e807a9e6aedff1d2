"""Step 4 in our procedure: one optimal assignment over scores, then each track's drift.

First every expression gets at most one track, so that the sum of scores is the largest. Then the
pieces of a track that do not follow its expression are cut off. What is left over, cut pieces and
tracks that nobody got, fills the frames on which the expression it fits has no mask yet: an entity
that returns, or that a track of another drifted onto, keeps one masklet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

from strefer.masklet_procedures.drift import followed_expressions
from strefer.masklet_procedures.options import AssignOptions
from strefer.records import Entity

FORBIDDEN = -1e6


@dataclass(frozen=True)
class ScoredTrack:
    """What assignment needs of a track.

    Attributes:
        noun: its generalized noun.
        frames: all frames with a mask, ascending.
        scored_frames: those that the assigner was asked about, ascending.
        fits: float [E, len(scored_frames)].
    """

    noun: str
    frames: tuple[int, ...]
    scored_frames: tuple[int, ...]
    fits: np.ndarray


@dataclass(frozen=True)
class Piece:
    """A track's frames that one expression gets."""

    track: int
    frames: tuple[int, ...]
    score: float


@dataclass
class Composition:
    """The pieces of each entity's masklet, and why the others got none; entities by position."""

    pieces: dict[int, list[Piece]] = field(default_factory=dict)
    dropped: dict[int, str] = field(default_factory=dict)


def assign_ours(
    entities: Sequence[Entity], tracks: Sequence[ScoredTrack], dense: bool, options: AssignOptions
) -> Composition:
    """Compose the entities' masklets of pieces of tracks.

    Args:
        dense: whether the assigner was asked about every frame, so that drift can be seen.
    """
    scores = score_matrix(entities, tracks)
    own = optimal_pairs(scores, options.min_score)
    owner = {track: entity for entity, track in own.items()}
    composition = Composition()
    left_over: list[tuple[int, Piece]] = []
    for number, track in enumerate(tracks):
        mine = owner.get(number)
        for entity, piece in _pieces(number, track, mine, scores, dense, options):
            if entity == mine:
                composition.pieces[entity] = [piece]
            else:
                left_over.append((entity, piece))
    # The surest piece first: it may close the frames that a worse one asks for.
    left_over.sort(key=lambda pair: (-pair[1].score * len(pair[1].frames), pair[0], pair[1].track))
    for entity, piece in left_over:
        _fill(composition.pieces.setdefault(entity, []), piece)
    composition.pieces = {e: p for e, p in sorted(composition.pieces.items()) if p}
    for i, entity in enumerate(entities):
        if i not in composition.pieces:
            same_kind = any(t.noun == _noun(entity) for t in tracks)
            composition.dropped[i] = (
                "no track fits the expression better than it fits the others"
                if same_kind
                else f"no track of a {_noun(entity)}"
            )
    return composition


def score_matrix(entities: Sequence[Entity], tracks: Sequence[ScoredTrack]) -> np.ndarray:
    """float [E, K]: the mean fit of a track over its scored frames; `FORBIDDEN` between kinds."""
    scores = np.full((len(entities), len(tracks)), FORBIDDEN)
    for k, track in enumerate(tracks):
        for i, entity in enumerate(entities):
            if _noun(entity) == track.noun and len(track.scored_frames):
                scores[i, k] = track.fits[i].mean()
    return scores


def optimal_pairs(scores: np.ndarray, min_score: float) -> dict[int, int]:
    """Rows to columns of the assignment with the largest sum of scores above `min_score`."""
    gains = np.clip(scores - min_score, 0.0, None)
    pairs = zip(*linear_sum_assignment(gains, maximize=True), strict=True)
    return {int(row): int(column) for row, column in pairs if gains[row, column] > 0}


def _pieces(
    number: int,
    track: ScoredTrack,
    own: int | None,
    scores: np.ndarray,
    dense: bool,
    options: AssignOptions,
) -> list[tuple[int, Piece]]:
    """The track's frames by the expression that they follow; those that follow none are lost."""
    if not dense:  # unseen frames follow the expression of the seen ones
        entity = own if own is not None else int(scores[:, number].argmax())
        score = float(scores[entity, number])
        return [(entity, Piece(number, track.frames, score))] if score > options.min_score else []
    course = followed_expressions(
        track.fits, own, options.drift_margin, options.switch_cost, options.min_score
    )
    pieces = []
    for entity in np.unique(course[course >= 0]).tolist():
        inside = course == entity
        frames = tuple(f for f, within in zip(track.frames, inside, strict=True) if within)
        pieces.append((entity, Piece(number, frames, float(track.fits[entity, inside].mean()))))
    return pieces


def _fill(pieces: list[Piece], piece: Piece) -> None:
    """Add what a piece has on frames that no other piece of the entity covers."""
    covered = {frame for other in pieces for frame in other.frames}
    free = tuple(frame for frame in piece.frames if frame not in covered)
    if free:
        pieces.append(Piece(piece.track, free, piece.score))


def _noun(entity: Entity) -> str:
    return entity.generalized_noun.strip().lower()
