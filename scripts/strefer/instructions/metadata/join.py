"""Joins the records of one film into its metadata."""

from __future__ import annotations

from collections.abc import Sequence

from strefer.instructions.metadata.film import Film, Look
from strefer.instructions.metadata.masks import Masks
from strefer.instructions.metadata.transcript_lines import deed_of, is_garbled
from strefer.records import Entity, Masklets, Transcript


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
