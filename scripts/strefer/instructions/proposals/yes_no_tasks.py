"""Yes/no questions that a film allows, always in couples.

A statement is asked only if the film has a place at which it is true and one at which it is
false, and both are asked: the words alone do not give the answer away.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from strefer.instructions.proposals import build_tasks as build
from strefer.instructions.proposals.places import Places
from strefer.instructions.proposals.tasks import Task

Candidate = Callable[[], Task]
Couple = tuple[Candidate, Candidate]


def yes_no_candidates(places: Places) -> list[Couple]:
    """Couples of candidates: a statement where it is true, and where it is false."""
    couples = _deeds(places) + _presence(places)
    if not places.timed:
        couples += _orders(places) + _simultaneous(places) + _lengths(places)
    if places.masks:
        couples += _sides(places)
    return couples


def _deeds(places: Places) -> list[Couple]:
    couples = []
    for cell in places.cells:
        text = places.short_deed(cell)
        if not places.showable([text], cell[1]):
            continue
        counters = [
            other
            for other in places.cells
            if places.kind(other[1]) == places.kind(cell[1])
            and places.film.meaning.excludes(text, places.deed(other))
            and places.film.entities[other[1]].expression not in text
        ]
        if places.timed:  # the entity itself at another time, or not there: then the time decides
            own = [other for other in counters + places.absent if other[1] == cell[1]]
            counters = own or counters
        if counters:
            two = (cell, places.random.choice(counters))
            couples.append(tuple(partial(build.is_deed, places.at(c), c, text) for c in two))
    return couples


def _presence(places: Places) -> list[Couple]:
    couples = []
    for absent in places.absent:
        there = [cell for cell in places.cells if cell[1] == absent[1]]
        if there:
            two = (places.random.choice(there), absent)
            couples.append(tuple(partial(build.is_there, places.at(c), c) for c in two))
    return couples


def _orders(places: Places) -> list[Couple]:
    """ "Does A sit before B jumps?" and "does B jump before A sits?"."""
    couples = []
    for one in places.once:
        for two in places.once:
            texts = [places.deed(one), places.deed(two)]
            if one[0] >= two[0] or places.film.meaning.alike(*texts):
                continue
            subjects = tuple(dict.fromkeys((one[1], two[1])))
            if not places.showable(texts, *subjects):
                continue
            couples.append(
                (
                    partial(build.is_before, places.overall(*subjects), one, two),
                    partial(build.is_before, places.overall(*subjects[::-1]), two, one),
                )
            )
    return couples


def _simultaneous(places: Places) -> list[Couple]:
    """ "Does A sit while B jumps?" and "does A sit while B waves?": B does either once."""
    couples = []
    for segment, other in places.once:
        for entity in places.entities:
            cell = (segment, entity)
            if entity == other or cell not in places.readable:
                continue
            text = places.deed(cell)
            counters = [
                moment
                for moment in places.once
                if moment[1] == other
                and (moment[0], entity) in places.readable
                and places.film.meaning.excludes(text, places.deed((moment[0], entity)))
                and places.showable([text, places.deed(moment)], entity, other)
            ]
            if not counters or not places.showable([places.deed((segment, other))], entity, other):
                continue
            scope = places.overall(entity, other)
            couples.append(
                tuple(
                    partial(build.is_during, scope, (s, entity), text, other, places.deed((s, o)))
                    for s, o in ((segment, other), places.random.choice(counters))
                )
            )
    return couples


def _lengths(places: Places) -> list[Couple]:
    film = places.film
    if not film.covered:
        return []
    known = [entity for entity in places.entities if film.known(entity)]
    seconds = {entity: round(film.seconds_present(entity)) for entity in known}
    couples = []
    for one in known:
        for two in known:
            # Clear differences only: segments are known to a second or so.
            if seconds[two] < 1 or seconds[one] < 1.3 * seconds[two] + 1:
                continue
            couples.append(
                tuple(
                    partial(build.is_longer, places.overall(a, b), (seconds[a], seconds[b]))
                    for a, b in ((one, two), (two, one))
                )
            )
    return couples


def _sides(places: Places) -> list[Couple]:
    """ "Is A to the left of B?" and "is B to the left of A?"."""
    film = places.film
    if film.masks is None:
        return []
    couples = []
    for segment, left in places.cells:
        for right in places.entities:
            if right == left or (segment, right) not in places.readable:
                continue
            if not film.masks.left_of(left, right, film.limits_s[segment]):
                continue
            couples.append(
                (
                    partial(build.is_left_of, places.at((segment, left), right), segment, False),
                    partial(build.is_left_of, places.at((segment, right), left), segment, True),
                )
            )
    return couples
