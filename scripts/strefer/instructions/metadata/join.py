"""Joins the records of one film into its metadata."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from strefer.instructions.english import first_sentence
from strefer.instructions.metadata.film import Film, Look
from strefer.instructions.metadata.masks import Masks
from strefer.instructions.metadata.meaning import ByReader, ByWords
from strefer.records import Entity, Masklets, Reading, Statement, Statements


def join_film(
    digest: str,
    duration_s: float,
    entities: Sequence[Entity],
    statements: Statements,
    masklets: Masklets | None,
) -> Film:
    """Join the records of one film.

    Raises:
        ValueError: if a reading does not fit the list of entities.
    """
    segments = sorted(statements.segments, key=lambda reading: reading.start_s)
    looks = [_look(reading, entities) for reading in segments]
    masks = None
    if masklets is not None:
        by_entity = {
            m.entity: {int(frame): rle for frame, rle in m.masks.items()} for m in masklets.masklets
        }
        scores = {m.entity: m.score for m in masklets.masklets}
        masks = Masks(masklets.frame_times_s, masklets.width_px, by_entity, scores)
    limits = tuple((reading.start_s, reading.end_s) for reading in segments)
    readings = (*statements.segments, *statements.parts)
    relations = statements.relations
    return Film(
        digest,
        duration_s,
        tuple(entities),
        limits,
        tuple(look.present for look in looks),
        tuple(look.deeds for look in looks),
        masks,
        _parts(limits, statements.parts, entities) if statements.parts else (),
        frozenset(statements.several),
        ByWords() if relations is None else ByReader(relations),
        _forms(s for reading in readings for s in reading.statements if s is not None),
    )


def _forms(statements: Iterable[Statement]) -> dict[str, Statement]:
    """Statements by what is done; by its first sentence too, which questions ask about."""
    forms: dict[str, Statement] = {}
    for statement in statements:
        first = [form and first_sentence(form) for form in dataclasses.astuple(statement)]
        forms |= {first[0]: Statement(*first), statement.does: statement}
    return forms


def _look(reading: Reading, entities: Sequence[Entity]) -> Look:
    if not len(reading.shown) == len(reading.statements) == len(entities):
        raise ValueError(
            f"the statements from {reading.start_s} s have {len(reading.shown)} entities, but "
            f"the film has {len(entities)}; delete the statements file and rerun"
        )
    return Look(reading.shown, tuple(s and s.does for s in reading.statements))


def _parts(
    limits_s: Sequence[tuple[float, float]], again: Sequence[Reading], entities: Sequence[Entity]
) -> tuple[tuple[Look, ...], ...]:
    """The second looks, by the segment that contains their middle."""
    middles = [((r.start_s + r.end_s) / 2, _look(r, entities)) for r in again]
    return tuple(
        tuple(look for middle_s, look in middles if start_s <= middle_s < end_s)
        for start_s, end_s in limits_s
    )
