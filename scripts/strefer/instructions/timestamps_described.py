"""G3: descriptions, referring by words and timestamps."""

from __future__ import annotations

from random import Random

from strefer.instructions import description_drawing as draw
from strefer.instructions.film import Film
from strefer.instructions.phrasings import Phrasings
from strefer.instructions.places import Places
from strefer.records import Instruction


def propose(film: Film, phrasings: Phrasings, n: int, random: Random) -> list[Instruction]:
    """Up to n pairs: what happens in a time window, and when things happen."""
    places = Places(film, masks=False, timed=True, random=random)
    pools = [
        draw.deeds(places),
        draw.runs(places),
        draw.groups(places),
        draw.attendances(places),
        draw.numbers(places),
        draw.moments(places),
        draw.stays(places),
    ]
    return draw.worded(places, "G3", draw.take_in_turn(pools, n, random), phrasings)
