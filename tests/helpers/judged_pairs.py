"""Pairs about the film of `told_films`, and what the verifier has against them."""

import dataclasses

from helpers.told_films import DEEDS, told_film
from strefer.instructions.verification import claims
from strefer.instructions.verification.verifier import Checks, Verifier
from strefer.records import Evidence, Instruction

FIRST, SECOND, THIRD, FOURTH = ((4.0 * n, 4.0 * n + 4) for n in range(4))


def pair(claim, question="What does the brown dog do?", answer="The brown dog sits.", **fields):
    given = {"form": "open", "options": (), "regions": (), "start_s": None, "end_s": None}
    given |= {"clip_s": None} | fields
    return Instruction(
        "p", "G1", question=question, answer=answer, evidence=Evidence((0,), (2,), claim), **given
    )


SITS = claims.does(2, THIRD, "sits")
RUNS = claims.does(2, SECOND, "runs to the left")
RUNS_NOT = claims.does(2, THIRD, "runs to the left", False)


def reason(film, one, **checks):
    return Verifier(film, Checks(**checks)).reason(one)


def film_whose_masks_tell(deeds):
    """The transcript of DEEDS, with the masklets of other deeds."""
    return dataclasses.replace(told_film(), masks=told_film(deeds).masks)


def changed(segment, entity, deed):
    rows = [list(row) for row in DEEDS]
    rows[segment][entity] = deed
    return tuple(map(tuple, rows))
