"""G5: descriptions, referring by masks."""

from __future__ import annotations

from random import Random

from strefer.instructions import description_drawing as draw
from strefer.instructions.film import Film
from strefer.instructions.phrasings import Phrasings
from strefer.instructions.places import Places
from strefer.records import Instruction


def propose(film: Film, phrasings: Phrasings, n: int, random: Random) -> list[Instruction]:
    """Up to n pairs: who a region is and what it does, alone and beside another."""
    places = Places(film, masks=True, timed=False, random=random)
    pools = [
        draw.deeds(places),
        draw.timelines(places),
        draw.timelines(places, draw.describe.portrait),
        draw.portraits(places),
        draw.appearances(places),
        draw.groups(places),
        draw.lengths(places),
    ]
    return draw.worded(places, "G5", draw.take_in_turn(pools, n, random), phrasings)
