"""Step 4 in our procedure: expressions to tracks by optimal assignment, then drift, then frames.

1. Owners. On each starting frame, expressions and boxes are paired so that the sum of log-odds is
   the largest: a conflict costs one pairing, not a partition. An expression may own tracks of
   several starting frames: it keeps one masklet when its entity returns.
2. Courses. A track is cut where it drifted off its expression (`drift.py`); the cut piece is
   offered to the expression that it shows.
3. Frames. On each frame an expression takes one mask: of its own tracks the one that started
   nearest, else an offered piece. Two expressions do not take the same pixels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

from strefer.masklets.drift import followed_expressions, log_odds
from strefer.masklets.options import AssignOptions
from strefer.records import Entity

SAME_PIXELS_IOU = 0.5  # masks that overlap more show one entity

Overlap = Callable[[int, int, int], float]


@dataclass(frozen=True)
class ScoredTrack:
    """The facts about a track that assignment needs.

    Attributes:
        noun: its generalized noun.
        starts: its starting frames.
        start_fits: float [E, len(starts)], how probably its starting boxes are what the expressions
            mean.
        frames: all frames with a mask, ascending.
        fits: float [E, len(frames)], the same of the boxes around its masks; None where the
            assigner was asked about starting frames only.
    """

    noun: str
    starts: tuple[int, ...]
    start_fits: np.ndarray
    frames: tuple[int, ...]
    fits: np.ndarray | None

    def distance(self, frame: int) -> int:
        """Frames from its nearest starting frame."""
        return min(abs(frame - start) for start in self.starts)


@dataclass(frozen=True)
class Piece:
    """Frames of a track that one expression gets."""

    track: int
    frames: tuple[int, ...]
    score: float


@dataclass
class Composition:
    """The pieces of each entity's masklet, and why the others got none; entities by position."""

    pieces: dict[int, list[Piece]] = field(default_factory=dict)
    dropped: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, order=True)
class _Offer:
    """A track's mask on one frame, offered to an expression; the least offer is taken."""

    foreign: bool
    distance: int
    track: int
    fit: float = field(compare=False)


def assign_ours(
    entities: Sequence[Entity],
    tracks: Sequence[ScoredTrack],
    overlap: Overlap,
    options: AssignOptions,
) -> Composition:
    """Compose the entities' masklets of pieces of tracks.

    Args:
        overlap: of the masks of two tracks (by position) on a frame.
    """
    nouns = [entity.generalized_noun.strip().lower() for entity in entities]
    owners = find_owners(nouns, tracks, options.min_score)
    offers: dict[int, dict[int, list[_Offer]]] = defaultdict(lambda: defaultdict(list))
    for number, track in enumerate(tracks):
        own = owners.get(number)
        for frame, entity, fit in _course(track, own, options):
            offer = _Offer(entity != own, track.distance(frame), number, fit)
            offers[frame][entity].append(offer)
    taken: dict[int, dict[int, _Offer]] = defaultdict(dict)
    for frame in sorted(offers):
        for entity, offer in _settle(frame, offers[frame], overlap, options).items():
            taken[entity][frame] = offer
    composition = Composition({e: _pieces_of(taken[e]) for e in sorted(taken)})
    for i in range(len(nouns)):
        if i not in composition.pieces:
            composition.dropped[i] = _why_dropped(i, nouns[i], entities, tracks, owners, options)
    return composition


def _why_dropped(
    entity: int,
    noun: str,
    entities: Sequence[Entity],
    tracks: Sequence[ScoredTrack],
    owners: dict[int, int],
    options: AssignOptions,
) -> str:
    scores = {k: t.start_fits[entity].mean() for k, t in enumerate(tracks) if t.noun == noun}
    if not scores:
        return f"no track of a {noun}"
    if entity in owners.values():
        return "every frame of its track fits another expression, or none, better"
    best = max(scores, key=lambda k: scores[k])
    if best in owners and scores[best] > options.min_score:
        return f"its best track fits {entities[owners[best]].expression!r} better"
    return f"its best track scores {scores[best]:.2g}, below min_score {options.min_score:g}"


def find_owners(
    nouns: Sequence[str], tracks: Sequence[ScoredTrack], min_score: float
) -> dict[int, int]:
    """The expression of each track that has one; tracks and expressions by position.

    For tracks with several starting frames (joined across windows), scores are averaged, and the
    decision on the first of these frames also applies to the others.
    """
    owners: dict[int, int] = {}
    for frame in sorted({start for track in tracks for start in track.starts}):
        here = [k for k, track in enumerate(tracks) if frame in track.starts]
        settled = {owners[k] for k in here if k in owners}
        open_tracks = [k for k in here if k not in owners]
        open_entities = [i for i in range(len(nouns)) if i not in settled]
        scores = np.array(
            [
                [
                    tracks[k].start_fits[i].mean() if nouns[i] == tracks[k].noun else 0.0
                    for k in open_tracks
                ]
                for i in open_entities
            ]
        ).reshape(len(open_entities), len(open_tracks))
        for row, column in optimal_pairs(scores, min_score).items():
            owners[open_tracks[column]] = open_entities[row]
    return owners


def optimal_pairs(scores: np.ndarray, min_score: float) -> dict[int, int]:
    """Rows to columns of the assignment of probabilities with the largest sum of log-odds above
    that of `min_score`."""
    gains = np.clip(log_odds(scores) - log_odds(min_score), 0.0, None)
    pairs = zip(*linear_sum_assignment(gains, maximize=True), strict=True)
    return {int(row): int(column) for row, column in pairs if gains[row, column] > 0}


def _course(
    track: ScoredTrack, own: int | None, options: AssignOptions
) -> list[tuple[int, int, float]]:
    """Frame, expression and fit of each of the track's masks that follows an expression."""
    if track.fits is None:  # unseen frames follow the expression of the starting ones
        if own is None:
            return []
        return [(frame, own, float(track.start_fits[own].mean())) for frame in track.frames]
    if not track.frames:
        return []
    course = followed_expressions(
        track.fits, own, options.drift_margin, options.switch_cost, options.min_score
    )
    steps = zip(track.frames, course.tolist(), track.fits.T, strict=True)
    return [(frame, entity, float(fit[entity])) for frame, entity, fit in steps if entity >= 0]


def _settle(
    frame: int, offers: dict[int, list[_Offer]], overlap: Overlap, options: AssignOptions
) -> dict[int, _Offer]:
    """The mask that each expression gets on one frame.

    Of two expressions whose masks are the same pixels, the one that they fit worse turns to its
    next offer; an expression's own tracks are favoured by `drift_margin`, as in their course.
    """
    queues = {entity: sorted(queue) for entity, queue in sorted(offers.items())}
    while True:
        taken = {entity: queue[0] for entity, queue in queues.items() if queue}
        loser = None
        for entity, offer in taken.items():
            for other, rival in taken.items():
                if other <= entity or overlap(offer.track, rival.track, frame) <= SAME_PIXELS_IOU:
                    continue
                worth = [
                    log_odds(o.fit) + options.drift_margin * (not o.foreign) for o in (offer, rival)
                ]
                loser = entity if worth[0] < worth[1] else other
        if loser is None:
            return taken
        queues[loser].pop(0)


def _pieces_of(taken: dict[int, _Offer]) -> list[Piece]:
    """The taken masks by track."""
    pieces = []
    for number in sorted({offer.track for offer in taken.values()}):
        frames = tuple(frame for frame, offer in taken.items() if offer.track == number)
        score = float(np.mean([taken[frame].fit for frame in frames]))
        pieces.append(Piece(number, frames, score))
    return pieces
