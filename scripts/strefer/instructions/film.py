"""All metadata of one film, joined: what the instruction groups draw from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import fmean

from strefer.instructions.agreement import Agreement, agreement, masklet_doubt
from strefer.instructions.behaviour import deed_of, is_garbled
from strefer.masks import box_of_rle, rle_ious
from strefer.records import Box, Entity, Masklets, Rle, Transcript

SIDE_MARGIN = 0.08  # of the picture's width: nearer than that, no side is plain


@dataclass(frozen=True)
class Masks:
    """The masklets of a film by entity: sampled frame -> mask, only where there are pixels.
    `scores` say how well each entity's expression fits its masklet, as the assigner sees it."""

    frame_times_s: tuple[float, ...]
    width_px: int
    by_entity: Mapping[int, Mapping[int, Rle]]
    scores: Mapping[int, float] = field(default_factory=dict)

    @cached_property
    def times_s(self) -> dict[int, list[float]]:
        """When each entity's mask has pixels."""
        return {
            entity: [self.frame_times_s[frame] for frame in sorted(masks)]
            for entity, masks in self.by_entity.items()
        }

    def frames(self, entity: int, window: tuple[float, float]) -> list[int]:
        """Sampled frames of the window in which the entity has pixels."""
        return [
            frame
            for frame in sorted(self.by_entity.get(entity, ()))
            if window[0] <= self.frame_times_s[frame] < window[1]
        ]

    @cached_property
    def _boxes(self) -> dict[tuple[int, int], Box]:
        return {}

    def box(self, entity: int, frame: int) -> Box:
        """The box (x0, y0, x1, y1) of a mask, in px."""
        if (entity, frame) not in self._boxes:
            self._boxes[entity, frame] = box_of_rle(self.by_entity[entity][frame])
        return self._boxes[entity, frame]

    def middle_px(self, entity: int, frame: int) -> float:
        """The middle of a mask's box from left to right."""
        x0, _, x1, _ = self.box(entity, frame)
        return (x0 + x1) / 2

    def coincidence(self, entity: int, other: int) -> float:
        """Mean IoU of two masklets over the frames that show both; 0 if none does."""
        mine, others = (self.by_entity.get(e, {}) for e in (entity, other))
        shared = sorted(mine.keys() & others.keys())
        overlaps = [float(rle_ious([mine[f]], [others[f]])[0, 0]) for f in shared]
        return fmean(overlaps) if overlaps else 0.0

    def left_of(self, entity: int, other: int, window: tuple[float, float]) -> bool | None:
        """Whether the entity is plainly to the left of the other wherever the window shows both;
        None where it never does."""
        shared = set(self.frames(entity, window)) & set(self.frames(other, window))
        if not shared:
            return None
        margin_px = SIDE_MARGIN * self.width_px
        return all(
            self.middle_px(other, frame) - self.middle_px(entity, frame) > margin_px
            for frame in shared
        )


@dataclass(frozen=True)
class Look:
    """What one transcript says of each entity, by position: whether it is there, and what it does
    (None where it is absent or its line cannot be taken apart)."""

    present: tuple[bool, ...]
    deeds: tuple[str | None, ...]


@dataclass(frozen=True)
class Film:
    """Joined metadata of one film.

    Attributes:
        digest: of the film's bytes; seeds what is drawn.
        duration_s: length.
        entities: the references; other fields name an entity by its position here.
        limits_s: (start_s, end_s) of each transcribed segment, in order of time.
        present: [segment][entity] whether the transcript says that the entity is there.
        deeds: [segment][entity] what it does ("runs to the left"); None where it is absent or its
            line cannot be taken apart.
        masks: the masklets, or None if that stage did not run.
        parts: for each segment what the transcriber says of its parts; empty where it did not
            look a second time.
    """

    digest: str
    duration_s: float
    entities: tuple[Entity, ...]
    limits_s: tuple[tuple[float, float], ...]
    present: tuple[tuple[bool, ...], ...]
    deeds: tuple[tuple[str | None, ...], ...]
    masks: Masks | None = None
    parts: tuple[tuple[Look, ...], ...] = ()

    @cached_property
    def covered(self) -> bool:
        """Whether the transcribed segments cover the film. Statements on the whole film ("only
        once", "for so long") need it."""
        edges = [0.0, *(t for limits in self.limits_s for t in limits), self.duration_s]
        return all(abs(edges[i + 1] - edges[i]) <= 0.05 for i in range(0, len(edges), 2))

    @cached_property
    def told(self) -> frozenset[int]:
        """Entities whose whole time is known: the segments cover the film, and every line about
        them could be read."""
        if not self.covered:
            return frozenset()
        rows = list(zip(self.present, self.deeds, strict=True))
        return frozenset(
            entity
            for entity in range(len(self.entities))
            if all(deeds[entity] is not None or not there[entity] for there, deeds in rows)
        )

    def segment_of(self, window: tuple[float, float]) -> int | None:
        """The segment that most of the window lies in."""
        for segment, (start_s, end_s) in enumerate(self.limits_s):
            shared = min(end_s, window[1]) - max(start_s, window[0])
            if shared > 0.5 * (window[1] - window[0]):
                return segment
        return None

    def follows(self, segment: int) -> bool:
        """Whether the next segment begins where this one ends."""
        return (
            segment + 1 < len(self.limits_s)
            and abs(self.limits_s[segment + 1][0] - self.limits_s[segment][1]) < 0.05
        )

    def seconds_present(self, entity: int) -> float:
        """For how long the transcript has the entity there."""
        rows = zip(self.limits_s, self.present, strict=True)
        return sum(end_s - start_s for (start_s, end_s), row in rows if row[entity])

    @cached_property
    def maskable(self) -> frozenset[int]:
        """Entities that a mask can refer to; without masklets, all."""
        if self.masks is None:
            return frozenset(range(len(self.entities)))
        return frozenset(entity for entity, masks in self.masks.by_entity.items() if masks)

    @cached_property
    def agreements(self) -> tuple[Agreement, ...]:
        """How well each entity's masklet agrees with the transcript; only with masklets."""
        return tuple(agreement(self, entity) for entity in range(len(self.entities)))

    @cached_property
    def pointable(self) -> frozenset[int]:
        """Entities whose masklet shows them for all that is known; without masklets, all."""
        if self.masks is None:
            return self.maskable
        return frozenset(e for e in self.maskable if masklet_doubt(self, e) is None)

    def has_pixels(self, entity: int, start_s: float, end_s: float) -> bool:
        """Whether the entity's masklet has pixels within the window; without masklets, True."""
        if self.masks is None:
            return True
        return any(start_s <= t < end_s for t in self.masks.times_s.get(entity, ()))


def _clear_deed(line: str, entity: Entity, entities: Sequence[Entity]) -> str | None:
    deed = deed_of(line, entity)
    return None if deed is None or is_garbled(deed, entity, entities) else deed


def _look(transcript: Transcript, entities: Sequence[Entity]) -> Look:
    if len(transcript.lines) != len(entities):
        raise ValueError(
            f"transcript of segment {transcript.segment} has {len(transcript.lines)} lines for "
            f"{len(entities)} entities; delete the transcripts file and rerun"
        )
    return Look(
        tuple(line is not None for line in transcript.lines),
        tuple(
            None if line is None else _clear_deed(line, entity, entities)
            for line, entity in zip(transcript.lines, entities, strict=True)
        ),
    )


def _parts(
    limits_s: Sequence[tuple[float, float]], again: Sequence[Transcript], entities: Sequence[Entity]
) -> tuple[tuple[Look, ...], ...]:
    """The second looks by the segment that holds their middle."""
    middles = [((t.start_s + t.end_s) / 2, _look(t, entities)) for t in again]
    return tuple(
        tuple(look for middle_s, look in middles if start_s <= middle_s < end_s)
        for start_s, end_s in limits_s
    )


def join_film(
    digest: str,
    duration_s: float,
    entities: Sequence[Entity],
    transcripts: Sequence[Transcript],
    masklets: Masklets | None,
    again: Sequence[Transcript] = (),
) -> Film:
    """Join the records of one film.

    Args:
        again: transcripts of the segments' parts, the second look.

    Raises:
        ValueError: if a transcript does not fit the list of entities.
    """
    transcripts = sorted(transcripts, key=lambda t: t.start_s)
    looks = [_look(transcript, entities) for transcript in transcripts]
    masks = None
    if masklets is not None:
        by_entity = {
            m.entity: {int(frame): rle for frame, rle in m.masks.items()} for m in masklets.masklets
        }
        scores = {m.entity: m.score for m in masklets.masklets}
        masks = Masks(masklets.frame_times_s, masklets.width_px, by_entity, scores)
    limits = tuple((t.start_s, t.end_s) for t in transcripts)
    return Film(
        digest,
        duration_s,
        tuple(entities),
        limits,
        tuple(look.present for look in looks),
        tuple(look.deeds for look in looks),
        masks,
        _parts(limits, again, entities) if again else (),
    )
