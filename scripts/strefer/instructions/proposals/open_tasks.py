"""Open questions that a film allows: neighbours in time, simultaneity, who, false premises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from strefer.instructions.proposals import build_tasks as build
from strefer.instructions.proposals.places import Places
from strefer.instructions.proposals.tasks import Cell, Scope, Task

Candidate = Callable[[], Task]


def open_candidates(places: Places) -> list[tuple[Candidate, ...]]:
    """Candidates for open questions, each alone in its tuple."""
    found: list[Candidate] = []
    for scope, cell, step in neighbours(places):
        found.append(partial(build.neighbour, scope, cell, step, "open", ()))
    for scope, cell, other in simultaneous(places):
        found.append(partial(build.during, scope, cell, other, "open", ()))
    if not places.masks:
        for cell in places.cells:
            if places.only_doer(cell):
                found.append(partial(build.who_does, places.at(cell), cell, "open", ()))
    if not places.film.meaning.closed:
        found += [partial(build.free, places.at(cell), cell) for cell in places.cells]
    premises = _false_premises(places)
    places.random.shuffle(premises)
    found += premises[: max(1, len(found) // 3)]
    return [(candidate,) for candidate in found]


def _false_premises(places: Places) -> list[Candidate]:
    found: list[Candidate] = []
    for cell in places.absent:
        found.append(partial(build.absent_premise, places.at(cell), cell))
    for _, cell, other in simultaneous(places):
        for text in places.untrue_deeds(cell)[:1]:
            if places.showable([text], cell[1], other):
                scope = places.at((cell[0], other), cell[1])
                found.append(partial(build.deed_premise, scope, cell, other, text))
    return found


def neighbours(places: Places) -> Iterator[tuple[Scope, Cell, int]]:
    """(scope, cell, step): what the entity does in the segment after (1) or before (-1) the cell,
    where that is something else."""
    film = places.film
    for segment, entity in places.cells if places.timed else places.once:
        for step in (1, -1):
            asked = (segment + step, entity)
            if asked not in places.readable or not film.follows(min(segment, asked[0])):
                continue
            text = film.deeds[segment][entity]
            if text == film.deeds[asked[0]][entity] or not places.showable([text], entity):
                continue
            scope = places.at((segment, entity)) if places.timed else places.overall(entity)
            yield scope, (segment, entity), step


def simultaneous(places: Places) -> Iterator[tuple[Scope, Cell, int]]:
    """(scope, cell, other): what the entity does while the other does its action."""
    for segment, entity in places.cells:
        for other in places.entities:
            if other == entity or (segment, other) not in places.readable:
                continue
            if places.showable([places.deed((segment, other))], entity, other):
                yield places.at((segment, entity), other), (segment, entity), other
