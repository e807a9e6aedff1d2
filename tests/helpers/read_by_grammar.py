"""Reads the transcripts of tests into statements, by a grammar and without a model.

A line is "The brown dog runs to the left."; its statement is "runs to the left". A line of another
form is not read. In a closed language one action has one wording: other words are another one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from strefer.instructions.english import bare
from strefer.records import Entity, Reading, Statement, Statements, Transcript

# After these words the subject continues, so the text after the noun is not the action yet.
# fmt: off
_SUBJECT_GOES_ON = frozenset((
    "in", "with", "on", "at", "near", "next", "of", "from", "behind", "wearing", "holding", "and",
    "or", "who", "that", "who's", "beside",
))
# fmt: on


@lru_cache(maxsize=1024)
def _subject(expression: str, noun: str) -> re.Pattern[str]:
    whole = re.escape(expression)
    short = rf"(?:[\w-]+ ){{0,3}}?{re.escape(noun)}"
    aside = r"(?:(?:in|during|throughout|at) [^,.]{1,40}, )?"  # "In this clip, the dog …"
    who = rf"(?:(?:the|a|an) (?:{whole}|{short})|he|she|it|they)"
    return re.compile(rf"{aside}{who}\s+(.+)", re.I | re.S)


def deed_of(line: str, entity: Entity) -> str | None:
    """The entity's action according to the line: the words after the subject, starting in lower
    case and without the final stop. None if the line does not begin with the entity.
    """
    match = _subject(entity.expression, entity.noun).match(" ".join(line.split()))
    if match is None:
        return None
    deed = match.group(1).strip().rstrip(".")
    if not deed or deed.split()[0].lower().strip(",") in _SUBJECT_GOES_ON or deed[0] in ",;:":
        return None
    return deed[0].lower() + deed[1:]


def is_garbled(deed: str, entity: Entity, entities: Sequence[Entity]) -> bool:
    """True if the action is not a clear clause: it names its own subject, or a second verb follows
    a name without a conjunction ("chases the red ball jumps")."""
    if entity.expression in deed:
        return True
    rests = [deed.partition(f"{e.expression} ")[2] for e in entities if e.expression in deed]
    return any(rest and bare(rest) is not None for rest in rests)


def read_by_grammar(
    entities: Sequence[Entity], transcripts: Sequence[Transcript], again: Sequence[Transcript]
) -> Statements:
    """The statements of one film.

    Args:
        again: transcripts of the segments' parts, the second look.
    """
    readings = [tuple(_read(t, entities) for t in looks) for looks in (transcripts, again)]
    return Statements(*readings)


def _read(transcript: Transcript, entities: Sequence[Entity]) -> Reading:
    lines = tuple(zip(transcript.lines, entities, strict=True))
    return Reading(
        transcript.start_s,
        transcript.end_s,
        transcript.shown,
        tuple(None if line is None else _statement(line, e, entities) for line, e in lines),
    )


def _statement(line: str, entity: Entity, entities: Sequence[Entity]) -> Statement | None:
    deed = deed_of(line, entity)
    if deed is None or is_garbled(deed, entity, entities):
        return None
    return in_forms(deed)


def in_forms(deed: str) -> Statement:
    """An action with its verb's base form, if the grammar knows it."""
    return Statement(deed, do=bare(deed))
