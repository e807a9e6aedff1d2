"""G7: descriptions, referring by masks and timestamps."""

from __future__ import annotations

from random import Random

from strefer.instructions import description_drawing as draw
from strefer.instructions.film import Film
from strefer.instructions.phrasings import Phrasings
from strefer.instructions.places import Places
from strefer.records import Instruction


def propose(film: Film, phrasings: Phrasings, n: int, random: Random) -> list[Instruction]:
    """Up to n pairs: who a region is, what it does in a time window, and when it does it."""
    places = Places(film, masks=True, timed=True, random=random)
    pools = [
        draw.deeds(places),
        draw.portraits(places),
        draw.runs(places),
        draw.groups(places),
        draw.moments(places),
        draw.stays(places),
    ]
    return draw.worded(places, "G7", draw.take_in_turn(pools, n, random), phrasings)
