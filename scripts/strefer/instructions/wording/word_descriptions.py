"""Words descriptions by phrasings: the question and its answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from strefer.instructions.english import repeats
from strefer.instructions.proposals import build_descriptions as describe
from strefer.instructions.proposals.build_descriptions import Description
from strefer.instructions.proposals.places import Places
from strefer.instructions.wording.phrasings import Phrasings
from strefer.records import Evidence, Instruction

_IS_DOING = re.compile(r"\b(is|are|was|were)\b.* doing\b")
PREFACED = 0.25  # share of region questions that name the region in a sentence before


def worded(
    places: Places, group: str, described: Sequence[Description], phrasings: Phrasings
) -> list[Instruction]:
    """The pairs, with words drawn from the group's phrasings. A question that came out twice for
    the same place is left out."""
    pairs, known = [], set()
    for description in described:
        question, bare = _question(places, description, phrasings)
        if bare and description.focus in ("deed", "timeline"):
            description = describe.introduced(places, description)
        description = _in_the_tense_of(question, places, description)
        key = (question, description.subjects, description.window_s, description.clip_s)
        if key in known:
            continue
        known.add(key)
        pairs.append(_pair(places, group, len(pairs), description, question))
    return pairs


def _question(places: Places, description: Description, phrasings: Phrasings) -> tuple[str, bool]:
    """The question, and whether a region is all that it says of the one it asks about."""
    random, film = places.random, places.film
    asked = random.choice(_fitting(phrasings[description.focus], places, description))
    slots = {"noun": description.noun}
    preface, bare = "", False
    for name, entity in zip(("who", "other"), description.subjects, strict=False):
        if not places.masks:
            slots[name] = film.named(entity)
        elif len(description.subjects) == 1 and random.random() < PREFACED:
            prefaces = phrasings["preface"]
            if not asked.endswith("?"):  # "Answer a question … Describe …"
                prefaces = [preface for preface in prefaces if "question" not in preface]
            preface = random.choice(prefaces) + " "
            slots[name] = f"the {film.kind(entity)}"
        else:
            reference = random.choice(_references(phrasings["reference"], places, description))
            slots[name] = reference.format(noun=film.kind(entity))
            bare = "{noun}" not in reference and len(description.subjects) == 1
    if description.focus == "moment":
        cell = (description.segments[0], description.subjects[0])
        slots["deed"] = places.deed(cell)
    return preface + film.agreeing(asked.format_map(slots)), bare


def _references(
    references: Sequence[str], places: Places, description: Description
) -> Sequence[str]:
    """Those without a noun are for one subject, whose looks the answer then gives, and for one
    thing: "the one in <region>"."""
    entity, film = description.subjects[0], places.film
    deeds = [film.deeds[segment][entity] or "" for segment in description.segments]
    again = any(repeats(film.entities[entity].expression, deed) for deed in deeds)
    if entity in film.several or again:
        return [reference for reference in references if "{noun}" in reference]
    return references


def _fitting(asked: Sequence[str], places: Places, description: Description) -> Sequence[str]:
    """The phrasings whose tense the answer can have: "is … doing" asks for "is running". A closed
    language has the simple present alone."""
    if places.film.meaning.closed or _continuous(places, description):
        return asked
    return [one for one in asked if not _IS_DOING.search(one)]


def _continuous(places: Places, description: Description) -> str | None:
    """A single deed as it follows "is". None if that is unknown, or unnatural: of what is done in
    turn ("drops the bag and runs"), and of a passive ("is being moored" is not "is moored")."""
    deed = places.film.deeds[description.segments[0]][(*description.subjects, 0)[0]]
    statement = places.film.forms.get(deed or "")
    doing = statement and statement.doing
    if description.focus != "deed" or not doing or doing.startswith("being ") or " and " in doing:
        return None
    return doing


def _in_the_tense_of(question: str, places: Places, description: Description) -> Description:
    """Answer a question with "is … doing" with "is running", if that form is known."""
    asked, doing = _IS_DOING.search(question), _continuous(places, description)
    if asked is None or doing is None:
        return description
    deed = places.film.deeds[description.segments[0]][description.subjects[0]]
    return replace(description, answer=description.answer.replace(deed, f"{asked[1]} {doing}", 1))


def _pair(
    places: Places, group: str, number: int, description: Description, question: str
) -> Instruction:
    start_s, end_s = description.window_s or (None, None)
    return Instruction(
        pair_id=f"{places.film.digest[:12]}-{group}-{number:03d}",
        group=group,
        form="open",
        question=question,
        answer=description.answer,
        options=(),
        regions=description.subjects if places.masks else (),
        start_s=start_s,
        end_s=end_s,
        clip_s=description.clip_s,
        evidence=Evidence(description.segments, description.subjects, description.claim),
    )
