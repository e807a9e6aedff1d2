"""A varied draw of descriptions from what a film allows, and their wording."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from random import Random

from strefer.instructions.english import repeats
from strefer.instructions.metadata.film import Film
from strefer.instructions.proposals import build_descriptions as describe
from strefer.instructions.proposals.build_descriptions import Description
from strefer.instructions.proposals.places import Places

Candidate = Callable[[], Description]
STORY_SEGMENTS = 6  # a longer enumeration is too long an answer


def take_in_turn(pools: Sequence[list[Candidate]], n: int, random: Random) -> list[Description]:
    """Up to n descriptions, one kind after the other, so that the frequent kinds do not crowd out
    the rare ones."""
    for pool in pools:
        random.shuffle(pool)
    taken: list[Description] = []
    waiting = [pool for pool in pools if pool]
    while waiting and len(taken) < n:
        for pool in waiting:
            taken.append(pool.pop()())
        waiting = [pool for pool in waiting if pool]
    return taken[:n]


# the choices in a film, by kind


def deeds(places: Places) -> list[Candidate]:
    """One entity in one clip or window; where it is not there too, a third as often."""
    absent = places.random.sample(places.absent, min(len(places.absent), len(places.cells) // 3))
    return [partial(describe.deed, places, cell) for cell in places.cells] + [
        partial(describe.absence, places, cell) for cell in absent
    ]


def portraits(places: Places) -> list[Candidate]:
    """Who a region is and what it does in one clip or window."""
    return [
        partial(describe.portrait_at, places, cell)
        for cell in places.cells
        if _described(places, cell[1], [places.deed(cell)])
    ]


def _described(places: Places, entity: int, deeds: Sequence[str] = ()) -> bool:
    """True if an entity's expression says more than its noun, and the deeds do not say it again."""
    known = places.film.entities[entity]
    return known.expression != known.noun and not any(repeats(known.expression, d) for d in deeds)


def runs(places: Places) -> list[Candidate]:
    """One entity over two or three segments in a row."""
    film, found = places.film, []
    for entity in places.entities:
        for size in (2, 3):
            for first in range(len(film.limits_s) - size + 1):
                segments = range(first, first + size)
                if all(film.follows(s) for s in segments[:-1]) and all(
                    (s, entity) in places.readable for s in segments
                ):
                    found.append((entity, segments))
    return _timelines(places, found)


def timelines(places: Places) -> list[Candidate]:
    """One entity over the film, if it does more than one thing."""
    return _timelines(places, _told_spans(places))


def _timelines(places: Places, spans: Sequence[tuple[int, Sequence[int]]]) -> list[Candidate]:
    several = [span for span in spans if len(_steps(places, *span)) > 1]
    return [partial(describe.timeline, places, *span) for span in several]


def whole_portraits(places: Places) -> list[Candidate]:
    """Who a region is and what it does over the film."""
    return [
        partial(describe.portrait, places, *span)
        for span in _told_spans(places)
        if _described(places, span[0], _steps(places, *span))
    ]


def _told_spans(places: Places) -> list[tuple[int, range]]:
    told = [entity for entity in _acting(places) if entity in places.film.told]
    spans = [(entity, _span(places, entity)) for entity in told]
    return [(entity, span) for entity, span in spans if len(span) <= STORY_SEGMENTS]


def _steps(places: Places, entity: int, segments: Sequence[int]) -> list[str]:
    return describe.deeds_in_order(places, [(segment, entity) for segment in segments])


def _span(places: Places, entity: int) -> range:
    """From the first to the last segment that the entity is in."""
    there = [segment for segment, row in enumerate(places.film.present) if row[entity]]
    return range(there[0], there[-1] + 1)


def _acting(places: Places) -> list[int]:
    return [e for e in places.entities if any(row[e] for row in places.film.present)]


def groups(places: Places) -> list[Candidate]:
    """Everybody in a clip or window; in mask groups, every two of them."""
    found: list[Candidate] = []
    for segment in range(len(places.film.limits_s)):
        there = [entity for s, entity in places.cells if s == segment]
        if not places.masks and there and _all_read(places.film, segment):
            found.append(partial(describe.together, places, segment, there))
        elif places.masks:
            found += [
                partial(describe.together, places, segment, places.random.sample((one, two), 2))
                for place, one in enumerate(there)
                for two in there[place + 1 :]
            ]
    return found


def _all_read(film: Film, segment: int) -> bool:
    return all(
        deed is not None or there is False
        for deed, there in zip(film.deeds[segment], film.present[segment], strict=True)
    )


def stories(places: Places) -> list[Candidate]:
    """The whole film, if it is short enough for an answer."""
    n_segments = len(places.film.limits_s)
    everything = len(places.film.told) == len(places.film.entities)
    if not everything or not places.cells or n_segments > STORY_SEGMENTS:
        return []
    return [partial(describe.story, places, range(n_segments))]


def casts(places: Places) -> list[Candidate]:
    """Who acts in the film."""
    return [partial(describe.cast, places)] if any(map(any, places.film.present)) else []


def attendances(places: Places) -> list[Candidate]:
    """Who is there in a clip or window."""
    return [
        partial(describe.attendance, places, segment)
        for segment, row in enumerate(places.film.present)
        if any(row) and None not in row
    ]


def numbers(places: Places) -> list[Candidate]:
    """How many of a category are there, for categories that the film has several of."""
    if not places.film.meaning.closed:
        return []  # an open list of entities is seldom complete
    kinds = [entity.generalized_noun for entity in places.film.entities]
    several = sorted({kind for kind in kinds if kinds.count(kind) > 1})
    return [
        partial(describe.number_there, places, segment, kind)
        for segment, row in enumerate(places.film.present)
        for kind in several
        if any(there for there in _of_kind(row, kinds, kind))
        and None not in _of_kind(row, kinds, kind)
    ]


def _of_kind(row: Sequence[bool | None], kinds: Sequence[str], kind: str) -> list[bool | None]:
    return [there for there, own in zip(row, kinds, strict=True) if own == kind]


def appearances(places: Places) -> list[Candidate]:
    """Who a region is."""
    acting = [entity for entity in _acting(places) if _described(places, entity)]
    return [partial(describe.appearance, places, entity) for entity in acting]


def moments(places: Places) -> list[Candidate]:
    """When something happens that happens once."""
    return [
        partial(describe.moment, places, cell)
        for cell in places.once
        if places.showable([places.deed(cell)], cell[1])
    ]


def stays(places: Places) -> list[Candidate]:
    """When an entity is there, if it comes and goes once."""
    film, found = places.film, []
    if not film.covered:
        return found
    for entity in _acting(places):
        span = _span(places, entity)
        if not film.known(entity):
            continue
        if len(span) < len(film.limits_s) and all(film.present[s][entity] for s in span):
            found.append(partial(describe.stay, places, entity, span))
    return found


def lengths(places: Places) -> list[Candidate]:
    """For how long an entity is there."""
    film, found = places.film, []
    if not film.covered:
        return found
    for entity in _acting(places):
        seconds = round(film.seconds_present(entity))
        if seconds >= 1 and film.known(entity):
            found.append(partial(describe.length, places, entity, seconds))
    return found
