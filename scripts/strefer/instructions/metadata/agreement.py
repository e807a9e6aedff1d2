"""Agreement of an entity's masklet with its film's transcript.

Both say at which sampled frames the entity is there. If they rarely agree, they probably describe
different things, or the entity was hallucinated. If the transcript has two entities of a category
at the same time but the masklets show only one or the other, one track was assigned to both. A
masklet that falls to pieces has lost its entity or covers other things too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from statistics import median

import cv2
import numpy as np

from strefer.instructions.metadata.film import Film
from strefer.instructions.metadata.masks import Masks
from strefer.masks import decode_mask

NO_SUCH = 0.25  # an overlap below it: there may be no such entity
OFTEN = 0.5  # share of the film: an entity mentioned for longer is hardly made up
SHARE, OVERLAP = 0.7, 0.75  # below either, a masklet may point at something else
COINCIDE = 0.25  # mean IoU of two masklets: more is one object, given twice
ONE_OF_TWO = 0.5  # share of the frames with both: more is not a coincidence
LARGEST = 0.7  # share of a mask in its largest piece: less is not a single thing


@dataclass(frozen=True)
class Agreement:
    """Of the sampled frames, the share at which transcript and masklet say the same, and the Dice
    coefficient of those at which the entity is there."""

    share: float
    overlap: float


def known_frames(film: Film, entity: int) -> set[int]:
    """Sampled frames, but for those of segments in which the entity is unknown."""
    assert film.masks is not None
    unknown = [
        limits_s
        for limits_s, row in zip(film.limits_s, film.present, strict=True)
        if row[entity] is None
    ]
    return {
        frame
        for frame, time_s in enumerate(film.masks.frame_times_s)
        if not any(start_s <= time_s < end_s for start_s, end_s in unknown)
    }


def told_frames(film: Film, entity: int) -> set[int]:
    """Sampled frames at which the transcript has the entity there."""
    assert film.masks is not None
    return {
        frame
        for frame, time_s in enumerate(film.masks.frame_times_s)
        for (start_s, end_s), row in zip(film.limits_s, film.present, strict=True)
        if start_s <= time_s < end_s and row[entity]
    }


@lru_cache(maxsize=256)
def agreement(film: Film, entity: int) -> Agreement:
    """Measure how well the times of an entity's masklet agree with the transcript's."""
    assert film.masks is not None
    known, told = known_frames(film, entity), told_frames(film, entity)
    shown = known & set(film.masks.by_entity.get(entity, ()))
    return Agreement(
        1 - len(told ^ shown) / max(1, len(known)),
        2 * len(told & shown) / max(1, len(told) + len(shown)),
    )


def existence_doubt(film: Film, entity: int, least_score: float) -> str | None:
    """Say why the entity may not exist in the film, or return None; needs masklets.

    A hallucinated entity leaves few traces, and they contradict each other. So we believe an entity
    that is there for most of the film according to the transcript, even if its masklet is often
    elsewhere; and even if the masklet's score is below `least_score`, if it comes and goes as the
    transcript says. An entity without a masklet may be another of its kind that the transcriber
    confuses with it.
    """
    assert film.masks is not None
    known, overlap = film.entities[entity].expression, agreement(film, entity).overlap
    often = film.seconds_present(entity) > OFTEN * film.duration_s
    if entity not in film.maskable:
        return f"no masklet shows the {known}"
    if overlap < NO_SUCH and not often:
        return f"transcript and masklet of {known!r} seldom agree"
    if film.masks.scores.get(entity, 1.0) < least_score and not (often and overlap >= OVERLAP):
        return f"the masklet fits {known!r} too little"
    return None


def masklet_doubt(film: Film, entity: int) -> str | None:
    """Say why the entity's masklet should not be used to point at it, or return None."""
    found = agreement(film, entity)
    if found.share < SHARE or found.overlap < OVERLAP:
        return "has a masklet at other times than in the transcript"
    return "shares its masklet with another" if shares_masklet(film, entity) else None


def pointable(film: Film) -> frozenset[int]:
    """Entities whose masklet shows them for all that is known; without masklets, all."""
    if film.masks is None:
        return film.maskable
    return frozenset(e for e in film.maskable if masklet_doubt(film, e) is None)


def shares_masklet(film: Film, entity: int) -> bool:
    """True if the entity's masklet may be another's."""
    others = set(range(len(film.entities))) - {entity}
    return any(_confused(film, entity, other) for other in others)


def _confused(film: Film, entity: int, other: int) -> bool:
    """True if the masklet may belong to the other entity: theirs coincide, or the other one, of the
    same category, has no masklet at most times at which both are there."""
    assert film.masks is not None
    if film.masks.coincidence(entity, other) > COINCIDE:
        return True
    if film.entities[other].generalized_noun != film.entities[entity].generalized_noun:
        return False
    both = told_frames(film, entity) & told_frames(film, other)
    mine, others = (set(film.masks.by_entity.get(e, ())) for e in (entity, other))
    only_one = both & (mine ^ others)
    return len(only_one) > ONE_OF_TWO * len(both)


def is_in_pieces(masks: Masks, entity: int, window: tuple[float, float]) -> bool:
    """True if the entity's masks in the window are scattered pieces rather than one thing."""
    frames, by_frame = masks.frames(entity, window), masks.by_entity.get(entity, {})
    if not frames:
        return False
    return median(_largest_piece(decode_mask(by_frame[frame])) for frame in frames) < LARGEST


def _largest_piece(mask: np.ndarray) -> float:
    """The share of a mask's pixels, bool [H, W], in its largest connected piece."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    return float(stats[1:, cv2.CC_STAT_AREA].max() / mask.sum())
