"""Reading a transcript line as subject and deed, and putting deeds into questions.

A transcript line is "The brown dog runs to the left."; its deed is "runs to the left". Mask
questions put another subject in front of the deed, so the two must come apart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from strefer.instructions.english import bare
from strefer.records import Entity

# After these the line's subject goes on, so what follows the noun is not the deed yet.
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
    """What the line says that the entity does: its first words behind the subject, lower case,
    without the final stop. None if the line does not begin with the entity.
    """
    match = _subject(entity.expression, entity.noun).match(" ".join(line.split()))
    if match is None:
        return None
    deed = match.group(1).strip().rstrip(".")
    if not deed or deed.split()[0].lower().strip(",") in _SUBJECT_GOES_ON or deed[0] in ",;:":
        return None
    return deed[0].lower() + deed[1:]


def is_garbled(deed: str, entity: Entity, entities: Sequence[Entity]) -> bool:
    """Whether the deed is no clear clause: it names its own doer, or another verb follows on a name
    without a link ("chases the red ball jumps")."""
    if entity.expression in deed:
        return True
    rests = [deed.partition(f"{e.expression} ")[2] for e in entities if e.expression in deed]
    return any(rest and bare(rest) is not None for rest in rests)
