"""Builders of the descriptive groups: from cells of the transcript to an open question's answer.

The question's words come from a phrasings file; a description has the values to fill in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from strefer.instructions.english import (
    _PLURALS,
    NUMBERS,
    in_order,
    listed,
    plural,
    repeats,
    sentence,
    step_by_step,
    with_article,
)
from strefer.instructions.proposals.build_tasks import holds
from strefer.instructions.proposals.places import Places
from strefer.instructions.proposals.tasks import Cell
from strefer.instructions.verification.claims import (
    Claim,
    Window,
    counted,
    every,
    is_expression,
    once,
    present,
    seconds_seen,
)

_PLURALS |= {"sheep": "sheep", "man": "men", "woman": "women", "mouse": "mice"}


@dataclass(frozen=True, slots=True)
class Description:
    """One descriptive pair before its wording.

    Attributes:
        focus: the section of the phrasings file.
        subjects: the entities that the question names, in this order.
        answer: complete.
        claim: what has to be so.
        segments: what it rests on.
        window_s: the enclosed time, if the question or the answer names one.
        clip_s: the clip, if the question is about one.
        noun: a category in the plural, for counting questions.
    """

    focus: str
    subjects: tuple[int, ...]
    answer: str
    claim: Claim
    segments: tuple[int, ...]
    window_s: Window | None = None
    clip_s: Window | None = None
    noun: str = ""


def subject(places: Places, entity: int, several: bool = False, deed: str = "") -> str:
    """Name the entity in an answer: by its expression or, in mask groups, by its category. Before a
    deed that repeats words of the expression, by its noun alone, if no other entity has it."""
    film = places.film
    if places.masks and not several:
        return f"the {film.kind(entity)}"
    short = film.again(entity)
    alone = sum(film.again(other) == short for other in range(len(film.entities))) == 1
    if repeats(film.entities[entity].expression, deed) and (alone or not several):
        return f"the {short}"
    return film.named(entity)


def _where(places: Places, segment: int) -> dict[str, Window]:
    limits_s = places.film.limits_s[segment]
    return {"window_s": limits_s} if places.timed else {"clip_s": limits_s}


def deed(places: Places, cell: Cell) -> Description:
    """Describe what one entity does in a clip or window."""
    segment, entity = cell
    said = places.deed(cell)
    answer = sentence(f"{subject(places, entity, deed=said)} {said}")
    claim = holds(places.film, cell)
    return Description(
        "deed", (entity,), answer, claim, (segment,), **_where(places, segment)
    )  # fmt: skip


def absence(places: Places, cell: Cell) -> Description:
    """The same question where the entity is not there: refused with the reason."""
    segment, entity = cell
    film = places.film
    there = [s for s, row in enumerate(film.present) if row[entity]]
    who = subject(places, entity)
    when = " between <start_time> and <end_time>" if places.timed else " in this clip"
    answer = sentence(film.agreeing(f"{who} is not there{when}"))
    claims = [holds(film, cell)]
    if places.timed and there and film.known(entity):
        sides = [w for w, side in (("before", -1), ("after", 1)) if _any_on(there, segment, side)]
        answer = f"{answer[:-1]}, only {' and '.join(sides)} that."
        claims += [present(entity, film.limits_s[s]) for s in there]
    return Description(
        "deed", (entity,), answer, every(claims), (segment,), **_where(places, segment)
    )  # fmt: skip


def _any_on(segments: Sequence[int], segment: int, side: int) -> bool:
    return any((other - segment) * side > 0 for other in segments)


def timeline(places: Places, entity: int, segments: Sequence[int]) -> Description:
    """Describe what one entity does over several consecutive segments, or over the film."""
    film = places.film
    cells = [(segment, entity) for segment in segments]
    steps = deeds_in_order(places, cells)
    again = f"the {film.kind(entity) if places.masks else film.again(entity)}"
    answer = film.agreeing(step_by_step(subject(places, entity, deed=steps[0]), again, steps))
    window_s = (film.limits_s[segments[0]][0], film.limits_s[segments[-1]][1])
    return Description(
        "timeline", (entity,), answer, every(holds(film, cell) for cell in cells),
        tuple(segments), window_s=window_s if places.timed else None,
    )  # fmt: skip


def deeds_in_order(places: Places, cells: Sequence[Cell]) -> list[str]:
    """What an entity does in the cells, without repetitions in any wording, and without cells that
    it is not in: absence is not an action."""
    deeds: list[str] = []
    for segment, entity in cells:
        deed = places.film.deeds[segment][entity]
        if deed and (not deeds or places.film.meaning.says(deeds[-1], deed) is not True):
            deeds.append(deed)
    return deeds


def introduced(places: Places, told: Description) -> Description:
    """Describe what an entity does, including its appearance, for a question that gives only the
    region. A student could not learn the appearance from the category alone."""
    (entity,) = told.subjects
    known = places.film.entities[entity]
    claim = every([is_expression(entity, known.expression), told.claim])
    named = f"{places.film.named(entity)} "
    return replace(told, answer=_by_noun(places, entity, told.answer, named), claim=claim)


def portrait(places: Places, entity: int, segments: Sequence[int]) -> Description:
    """Describe who a region is, and what it does."""
    known = places.film.entities[entity]
    told = timeline(places, entity, segments)
    claim = every([is_expression(entity, known.expression), told.claim])
    answer = f"{sentence(with_article(known.expression))} {_by_noun(places, entity, told.answer)}"
    return replace(told, focus="portrait", answer=answer, claim=claim)


def _by_noun(places: Places, entity: int, answer: str, first: str = "") -> str:
    """Replace the category by the entity's own noun, since the answer gives the appearance: "the
    calf" instead of "the elephant"; the first time by `first`, if it is given."""
    by_kind, by_noun = (f"the {of(entity)} " for of in (places.film.kind, places.film.again))
    text = (answer[0].lower() + answer[1:]).replace(by_kind, first or by_noun, 1)
    for begin in (". Then ", ". Finally, "):
        text = text.replace(begin + by_kind, begin + by_noun)
    return sentence(text)


def portrait_at(places: Places, cell: Cell) -> Description:
    """Describe who a region is, and what it does in one clip or window."""
    segment, entity = cell
    return replace(portrait(places, entity, (segment,)), **_where(places, segment))


def appearance(places: Places, entity: int) -> Description:
    """Describe who a region is."""
    expression = places.film.entities[entity].expression
    segments = tuple(s for s, row in enumerate(places.film.present) if row[entity])
    return Description(
        "appearance", (entity,), sentence(with_article(expression)),
        is_expression(entity, expression), segments,
    )  # fmt: skip


def together(places: Places, segment: int, entities: Sequence[int]) -> Description:
    """Describe what several entities do in one clip or window; the question names them only by
    regions."""
    cells = [(segment, entity) for entity in entities]
    told = [sentence(_clause(places, cell)) for cell in cells]
    subjects = tuple(entities) if places.masks else ()
    return Description(
        "together", subjects, " ".join(told), every(holds(places.film, c) for c in cells),
        (segment,), **_where(places, segment),
    )  # fmt: skip


def story(places: Places, segments: Sequence[int]) -> Description:
    """Describe what happens over the film, step by step. Segments in which nothing changes are one
    step."""
    film = places.film
    steps: list[list[Cell]] = []
    for segment in segments:
        cells = [(segment, e) for e, deed in enumerate(film.deeds[segment]) if deed is not None]
        if not steps or not _same_deeds(places, steps[-1], cells):
            steps.append(cells)
    clauses = [
        listed([_clause(places, cell) for cell in cells] or ["nobody is there"]) for cells in steps
    ]
    claims = [
        holds(film, (segment, entity))
        for segment in segments
        for entity, deed in enumerate(film.deeds[segment])
        if deed is not None
    ]
    return Description("story", (), in_order(clauses), every(claims), tuple(segments))


def _clause(places: Places, cell: Cell) -> str:
    """Describe what one of several entities does."""
    said = places.deed(cell)
    return f"{subject(places, cell[1], several=True, deed=said)} {said}"


def _same_deeds(places: Places, before: Sequence[Cell], now: Sequence[Cell]) -> bool:
    if [entity for _, entity in before] != [entity for _, entity in now]:
        return False
    says = places.film.meaning.says
    return all(
        says(places.deed(one), places.deed(other)) is True
        for one, other in zip(before, now, strict=True)
    )


def cast(places: Places) -> Description:
    """List who and what acts in the film: everything that is there at some time according to the
    transcript."""
    film = places.film
    seen = [e for e in range(len(film.entities)) if any(row[e] for row in film.present)]
    expressions = [film.entities[entity].expression for entity in seen]
    answer = sentence(listed([with_article(expression) for expression in expressions]))
    claims = [is_expression(e, film.entities[e].expression) for e in seen]
    return Description("cast", (), answer, every(claims), tuple(range(len(places.film.limits_s))))


def attendance(places: Places, segment: int) -> Description:
    """List who is there in a clip or window."""
    film = places.film
    there = [e for e, present_ in enumerate(film.present[segment]) if present_]
    claims = [present(e, film.limits_s[segment], e in there) for e in range(len(film.entities))]
    answer = sentence(listed([subject(places, e) for e in there]))
    return Description(
        "attendance", (), answer, every(claims), (segment,), **_where(places, segment)
    )  # fmt: skip


def number_there(places: Places, segment: int, noun: str) -> Description:
    """Count the entities of one category in a clip or window."""
    film = places.film
    window = film.limits_s[segment]
    there = [e for e, row in enumerate(film.present[segment]) if row and places.kind(e) == noun]
    names = listed([subject(places, e) for e in there])
    number = NUMBERS[len(there)] if len(there) < len(NUMBERS) else str(len(there))
    claims = [counted(noun, window, len(there))] + [present(e, window) for e in there]
    return Description(
        "number", (), f"{number.capitalize()}: {names}.", every(claims), (segment,),
        **_where(places, segment), noun=plural(noun),
    )  # fmt: skip


def moment(places: Places, cell: Cell) -> Description:
    """Say when an entity does something that it does once: answered with times."""
    segment, entity = cell
    claim = once(entity, places.film.limits_s[segment], places.deed(cell))
    return Description(
        "moment", (entity,), "Between <start_time> and <end_time>.", claim, (segment,),
        window_s=places.film.limits_s[segment],
    )  # fmt: skip


def stay(places: Places, entity: int, segments: Sequence[int]) -> Description:
    """Say when an entity is there, if that is one stretch of the film: answered with times."""
    film = places.film
    claims = [
        present(entity, limits_s, number in segments)
        for number, limits_s in enumerate(film.limits_s)
    ]
    window_s = (film.limits_s[segments[0]][0], film.limits_s[segments[-1]][1])
    return Description(
        "stay", (entity,), "Between <start_time> and <end_time>.", every(claims), tuple(segments),
        window_s=window_s,
    )  # fmt: skip


def length(places: Places, entity: int, seconds: int) -> Description:
    """For how long an entity is there."""
    segments = tuple(s for s, row in enumerate(places.film.present) if row[entity])
    unit = "second" if seconds == 1 else "seconds"
    return Description(
        "length", (entity,), f"For about {seconds} {unit}.", seconds_seen(entity, seconds), segments
    )
