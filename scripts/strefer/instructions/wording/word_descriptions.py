"""Words descriptions by phrasings: the question and its answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from strefer.instructions.proposals import build_descriptions as describe
from strefer.instructions.proposals.build_descriptions import Description
from strefer.instructions.proposals.places import Places
from strefer.instructions.wording.phrasings import Phrasings
from strefer.records import Evidence, Instruction

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
    random, entities = places.random, places.film.entities
    slots = {"noun": description.noun}
    preface, bare = "", False
    for name, entity in zip(("who", "other"), description.subjects, strict=False):
        known = entities[entity]
        if not places.masks:
            slots[name] = f"the {known.expression}"
        elif len(description.subjects) == 1 and random.random() < PREFACED:
            preface = random.choice(phrasings["preface"]) + " "
            slots[name] = f"the {places.film.kind(entity)}"
        else:
            reference = random.choice(phrasings["reference"])
            slots[name] = reference.format(noun=places.film.kind(entity))
            bare = "{noun}" not in reference and len(description.subjects) == 1
    if description.focus == "moment":
        cell = (description.segments[0], description.subjects[0])
        slots["deed"] = places.deed(cell)
    question = random.choice(phrasings[description.focus]).format_map(slots)
    return preface + places.film.agreeing(question), bare


def _in_the_tense_of(question: str, places: Places, description: Description) -> Description:
    """Answer a question with "is … doing" with "is running", if that form is known."""
    asked = re.search(r"\b(is|are|was|were)\b.* doing\b", question)
    deed = places.film.deeds[description.segments[0]][(*description.subjects, 0)[0]]
    doing = places.film.forms[deed].doing if asked and deed in places.film.forms else None
    # "Is being moored" is something else than "is moored".
    if description.focus != "deed" or doing is None or doing.startswith("being "):
        return description
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
