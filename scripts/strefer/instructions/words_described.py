"""G1: descriptions, referring by words."""

from __future__ import annotations

from random import Random

from strefer.instructions import description_drawing as draw
from strefer.instructions.film import Film
from strefer.instructions.phrasings import Phrasings
from strefer.instructions.places import Places
from strefer.records import Instruction


def propose(film: Film, phrasings: Phrasings, n: int, random: Random) -> list[Instruction]:
    """Up to n pairs: one entity's deeds, everybody's, who is there, how many, how long."""
    places = Places(film, masks=False, timed=False, random=random)
    pools = [
        draw.deeds(places),
        draw.timelines(places),
        draw.groups(places),
        draw.stories(places),
        draw.casts(places),
        draw.attendances(places),
        draw.numbers(places),
        draw.lengths(places),
    ]
    return draw.worded(places, "G1", draw.take_in_turn(pools, n, random), phrasings)
