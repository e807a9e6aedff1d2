"""Training data of the judge: descriptions with known faults, how they differ from the truth, and
their scores.

The scores follow one fixed reading of VideoRefer-Bench-D's four dimensions, so that a fault of
known severity costs a known number of points (`score_description`). A reply compares part by part
before it scores: scores alone teach a tiny model that they vary, not why.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from drawn_world.questions.facts import mirrored
from drawn_world.teachers.llm.samples import Sample, demo_prompt, enumerate_words
from drawn_world.teachers.llm.words import ADJECTIVES, GARMENTS, invented_word
from drawn_world.vocabulary import (
    ACTIONS_OF,
    HAIR,
    NOUNS,
    PERSON_NOUNS,
    action_phrase,
    all_expressions,
    colours_of,
    with_article,
)
from strefer.instructions.english import step_by_step

DIMENSIONS = (
    "Subject Correspondence",
    "Appearance Description",
    "Temporal Description",
    "Hallucination Detection",
)
_EXPRESSIONS = tuple(all_expressions())
_QUESTIONS = (
    "What is <region> and what does it do?",
    "Describe the object in <region>.",
    "Please describe <region> in the video in detail.",
    "Describe <region>.",
)
_SUBJECT_SCORES = {"right": 5, "category": 3, "near": 2, "missing": 2, "wrong": 0}
_LOOK_POINTS = {"right": 1.0, "missing": 1 / 3, "wrong": 0.0}
_DEED_POINTS = {"right": 1.0, "near": 0.5, "missing": 0.0}
_JOINS = (*[", then "] * 6, " and then ", ". Then it ", " and ")


@dataclass(frozen=True)
class Description:
    """What a description states: a subject, looks that may go unnamed, deeds in their order, and
    the things it adds from nowhere. `noun` may be a generalized one, or None where it says "it"."""

    noun: str | None
    colour: str | None
    hair: str | None
    deeds: tuple[str, ...]
    extras: tuple[str, ...] = ()


def judge_description_sample(random: Random) -> Sample:
    """A reference, a description with 0 to 4 faults or of something else, and the four scores."""
    truth = _draw_description(random)
    said = truth
    if random.random() < 0.2:
        said = _draw_description(random)
    for _ in range(random.choices((0, 1, 2, 3, 4), (1, 3, 4, 3, 1))[0]):
        said = random.choice(_FAULTS)(said, random)
    said = _less_said(said, random)
    scores = score_description(truth, said)
    rated = enumerate(zip(DIMENSIONS, scores, strict=True), 1)
    lines = [f"{number}. {name}: {score}" for number, (name, score) in rated]
    reply = "\n".join([compare(truth, said), *lines])
    prompt = demo_prompt("judge_description").render(
        question=random.choice(_QUESTIONS),
        answer=describe(truth, random),
        prediction=describe(said, random),
    )
    return Sample("judge_description", prompt, reply)


def score_description(truth: Description, said: Description) -> tuple[int, int, int, int]:
    """The four scores, 0-5, in the order of DIMENSIONS.

    Subject: the same noun 5, its category 3, another of the same category or none at all 2, else
    0. Appearance: right looks over looks that the truth has; an unnamed one counts for a third.
    Temporal: deeds of the truth that are named, less a third of them if their first mentions come
    in another order; a wrong side counts for a half. Hallucination: two points off for every wrong
    or invented statement.
    """
    looks = [_look_status(own, named) for own, named in _looks(truth, said)]
    deeds = [_deed_status(deed, said.deeds) for deed in truth.deeds]
    temporal = sum(_DEED_POINTS[status] for status in deeds) / len(deeds)
    if not _in_order(truth, said):
        temporal *= 2 / 3
    subject = _subject_status(truth, said)
    invented = len(said.extras) + (subject in ("near", "wrong")) + looks.count("wrong")
    invented += sum(deed not in truth.deeds for deed in said.deeds)
    return (
        _SUBJECT_SCORES[subject],
        round(5 * sum(_LOOK_POINTS[status] for status in looks) / len(looks)),
        round(5 * temporal),
        max(0, 5 - 2 * invented),
    )


def compare(truth: Description, said: Description) -> str:
    """The truth part by part with what the description says of it, then all that this says."""
    parts = [f"The {truth.noun}, {said.noun or 'it'}: {_subject_status(truth, said)}"]
    for own, named in _looks(truth, said):
        parts.append(f"{own}, {named or 'it'}: {_look_status(own, named)}")
    parts += [f"{deed}: {_deed_status(deed, said.deeds)}" for deed in truth.deeds]
    if not _in_order(truth, said):
        parts.append("order: wrong")
    told = [f"{deed}: {'right' if deed in truth.deeds else 'wrong'}" for deed in said.deeds]
    told += [f"{extra}: wrong" for extra in said.extras]
    return f"{'; '.join(parts)}. {'; '.join(told) or 'no more'}."


def _subject_status(truth: Description, said: Description) -> str:
    if said.noun is None or said.noun == truth.noun:
        return "missing" if said.noun is None else "right"
    if NOUNS[truth.noun] != NOUNS.get(said.noun, said.noun):
        return "wrong"
    return "near" if said.noun in NOUNS else "category"


def _looks(truth: Description, said: Description) -> list[tuple[str, str | None]]:
    """Each look of the truth, and what the description says of it."""
    looks = [(truth.colour, said.colour)]
    return looks if truth.hair is None else [*looks, (truth.hair, said.hair)]


def _look_status(own: str, named: str | None) -> str:
    return "missing" if named is None else ("right" if own == named else "wrong")


def _deed_status(deed: str, said: Sequence[str]) -> str:
    return "right" if deed in said else ("near" if mirrored(deed) in said else "missing")


def _in_order(truth: Description, said: Description) -> bool:
    kept = [deed for deed in dict.fromkeys(said.deeds) if deed in truth.deeds]
    return kept == [deed for deed in dict.fromkeys(truth.deeds) if deed in kept]


def describe(description: Description, random: Random) -> str:
    """The description in words."""
    name = description.noun or "it"
    if name in PERSON_NOUNS:
        if description.hair:
            name += f" with {description.hair} hair"
        if description.colour:
            garment = "dress" if description.noun == "woman" else "shirt"
            name += f" in a {description.colour} {garment}"
    elif description.colour:
        name = f"{description.colour} {name}"
    subject = f"The {name}" if random.random() < 0.5 else with_article(name).capitalize()
    if description.noun is None:
        subject = "It"
    extras = f" {enumerate_words(description.extras)}" if description.extras else ""
    if not description.deeds:
        return f"{subject}{extras}."
    kind = NOUNS.get(description.noun, description.noun)
    again = f"the {kind}" if kind else "it"
    form = random.random()
    if form < 0.15:
        deeds = ". It ".join(description.deeds)
        return f"{subject}{extras}. It {deeds}."
    if form < 0.3:
        told = step_by_step(again, again, description.deeds)
        return f"{subject}{extras}. {told}"
    if form < 0.4 and not extras:
        return step_by_step(subject[0].lower() + subject[1:], again, description.deeds)
    return f"{subject}{extras} {random.choice(_JOINS).join(description.deeds)}."


def _draw_description(random: Random) -> Description:
    noun = random.choice(tuple(NOUNS))
    hair = random.choice(tuple(HAIR)) if noun in PERSON_NOUNS else None
    n_deeds = random.choices((1, 2, 3, 4), (4, 4, 2, 1))[0]
    deeds: list[str] = []
    while len(deeds) < n_deeds:  # a deed may come back, but not at once
        deed = random.choice(deeds_of(noun, random))
        deeds += [deed] if deed not in deeds[-1:] else []
    return Description(noun, random.choice(colours_of(noun)), hair, tuple(deeds))


def deeds_of(noun: str, random: Random) -> list[str]:
    """Everything that this noun can do, in the demo's phrases; one target for a chase."""
    target = random.choice(_EXPRESSIONS)
    return [action_phrase(noun, action, target) for action in ACTIONS_OF[NOUNS[noun]]]


def _less_said(d: Description, random: Random) -> Description:
    """Looks without deeds, deeds of an "it" or of a mere category, or the description as it is."""
    kind = random.random()
    if kind < 0.15:
        return dataclasses.replace(d, deeds=())
    if kind < 0.25:
        return dataclasses.replace(d, noun=NOUNS[d.noun], colour=None, hair=None)
    if kind < 0.3 and d.deeds:
        return dataclasses.replace(d, noun=None, colour=None, hair=None)
    return d


def _wrong_noun(d: Description, random: Random) -> Description:
    alike = [n for n in NOUNS if NOUNS[n] == NOUNS[d.noun] and n != d.noun]
    other = random.choice(alike) if alike and random.random() < 0.6 else random.choice(tuple(NOUNS))
    return dataclasses.replace(d, noun=other)


def _wrong_colour(d: Description, random: Random) -> Description:
    return dataclasses.replace(d, colour=random.choice(colours_of("man") + colours_of("dog")))


def _wrong_hair(d: Description, random: Random) -> Description:
    if d.hair is None:
        return _wrong_colour(d, random)
    return dataclasses.replace(d, hair="black" if d.hair == "blond" else "blond")


def _unnamed_looks(d: Description, random: Random) -> Description:
    if d.hair is not None and random.random() < 0.5:
        return dataclasses.replace(d, hair=None)
    return dataclasses.replace(d, colour=None)


def _wrong_deed(d: Description, random: Random) -> Description:
    if not d.deeds:
        return d
    at, deeds = random.randrange(len(d.deeds)), list(d.deeds)
    deeds[at] = random.choice(deeds_of(d.noun, random))
    return dataclasses.replace(d, deeds=tuple(dict.fromkeys(deeds)))


def _unnamed_deed(d: Description, random: Random) -> Description:
    deeds = list(d.deeds)
    if deeds:
        del deeds[random.randrange(len(deeds))]
    return dataclasses.replace(d, deeds=tuple(deeds))


def _other_order(d: Description, random: Random) -> Description:
    return dataclasses.replace(d, deeds=tuple(reversed(d.deeds)))


def _added_deed(d: Description, random: Random) -> Description:
    return dataclasses.replace(
        d, deeds=tuple(dict.fromkeys((*d.deeds, random.choice(deeds_of(d.noun, random)))))
    )


def _added_thing(d: Description, random: Random) -> Description:
    thing = random.choice(
        (
            f"with a {random.choice(ADJECTIVES)} {random.choice(GARMENTS)}",
            f"near a {random.choice(_EXPRESSIONS)}",
            f"holding a {invented_word(random)}",
        )
    )
    return dataclasses.replace(d, extras=(*d.extras, thing))


_FAULTS = (
    _wrong_noun,
    _wrong_colour,
    _wrong_hair,
    _unnamed_looks,
    _wrong_deed,
    _wrong_deed,
    _unnamed_deed,
    _other_order,
    _added_deed,
    _added_thing,
)
