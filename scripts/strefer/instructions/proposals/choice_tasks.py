"""Four-way choices that a film allows.

The options are actions of entities of the same kind in the same film, and the right one is drawn
evenly among them, however often each is done: the words alone do not give it away.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import permutations

from strefer.instructions.proposals import build_tasks as build
from strefer.instructions.proposals.facts import ABSENT
from strefer.instructions.proposals.open_tasks import neighbours, simultaneous
from strefer.instructions.proposals.places import Places
from strefer.instructions.proposals.tasks import Cell, Task

Candidate = Callable[[], Task]
N_WRONG = 3


def choice_candidates(places: Places) -> list[tuple[Candidate, ...]]:
    """Candidates for four-way choices, each alone in its tuple."""
    found = _deeds(places) + _deeds_or_absence(places)
    for scope, cell, step in neighbours(places):
        # The action that the question names is never right, so it is not an option.
        named = "" if places.timed else places.short_deed(cell)
        wrong = _wrong_options(places, (cell[0] + step, cell[1]), named)
        if wrong:
            found.append(partial(build.neighbour, scope, cell, step, "choice", wrong))
    for scope, cell, other in simultaneous(places):
        wrong = _wrong_options(places, cell)
        if wrong:
            found.append(partial(build.during, scope, cell, other, "choice", wrong))
    if not places.timed:
        found += _orders(places)
    if not places.masks:
        found += _doers(places)
    return [(candidate,) for candidate in found]


def _wrong_options(places: Places, cell: Cell, but: str = "") -> tuple[str, ...]:
    texts: list[str] = []
    for text in places.untrue_deeds(cell):
        said_already = any(places.film.meaning.says(text, other) is True for other in texts)
        if text != but and not said_already and places.showable([text], cell[1]):
            texts.append(text)
    return tuple(texts[:N_WRONG]) if len(texts) >= N_WRONG else ()


def _cells_by_deed(places: Places) -> dict[tuple[str, str], list[Cell]]:
    cells: dict[tuple[str, str], list[Cell]] = {}
    for cell in places.cells:
        if places.showable([places.deed(cell)], cell[1]):
            cells.setdefault((places.kind(cell[1]), places.short_deed(cell)), []).append(cell)
    return cells


def _deeds(places: Places) -> list[Candidate]:
    found = []
    for cells in _cells_by_deed(places).values():
        cell = places.random.choice(cells)
        wrong = _wrong_options(places, cell)
        if wrong:
            found.append(partial(build.deed, places.at(cell), cell, wrong))
    return found


def _deeds_or_absence(places: Places) -> list[Candidate]:
    """Three actions and "is not there"; each of the four is right equally often."""
    found = []
    cells = _cells_by_deed(places)
    for segment, entity in places.absent:
        kind = places.kind(entity)
        options = [t for t in places.untrue_deeds((segment, entity)) if (kind, t) in cells]
        if len(options) < N_WRONG:
            continue
        options = options[:N_WRONG]
        pick = places.random.randrange(N_WRONG + 1)
        cell = (segment, entity)
        if pick < N_WRONG:
            cell = places.random.choice(cells[kind, options[pick]])
            said = places.deed(cell)
            options = [t for t in options if places.film.meaning.excludes(t, said)] + [ABSENT]
        name = places.film.entities[cell[1]].expression
        if len(options) == N_WRONG and not any(name in text for text in options):
            found.append(partial(build.deed, places.at(cell), cell, tuple(options)))
    return found


def _orders(places: Places) -> list[Candidate]:
    """Three actions of one entity, each done once, in four orders."""
    found: list[Candidate] = []
    for entity in places.entities:
        cells = [cell for cell in places.once if cell[1] == entity]
        for _ in range(len(cells) - 2):
            three = sorted(places.random.sample(cells, 3))
            deeds = [places.deed(cell) for cell in three]
            if not places.showable(deeds, entity):
                continue
            wrong = [build.in_order(order) for order in permutations(deeds)][1:]
            wrong = tuple(places.random.sample(wrong, N_WRONG))
            found.append(partial(build.order, places.overall(entity), tuple(three), wrong))
    return found


def _doers(places: Places) -> list[Candidate]:
    """Who does it, among four of one kind."""
    found: list[Candidate] = []
    for cell in places.cells:
        others = [
            e for e in places.entities if e != cell[1] and places.kind(e) == places.kind(cell[1])
        ]
        if len(others) < N_WRONG or not places.only_doer(cell):
            continue
        scope = places.at(cell)
        wrong = tuple(scope.who(e) for e in places.random.sample(others, N_WRONG))
        found.append(partial(build.who_does, scope, cell, "choice", wrong))
    return found
