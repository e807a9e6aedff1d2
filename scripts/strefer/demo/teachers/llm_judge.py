"""Training data of the judge: descriptions with known faults, and their scores.

The scores follow one fixed reading of VideoRefer-Bench-D's four dimensions, so that a fault of
known severity costs a known number of points (`score_description`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from strefer.demo.teachers.llm_samples import Sample, demo_prompt, enumerate_words
from strefer.demo.teachers.llm_words import ADJECTIVES, GARMENTS, invented_word
from strefer.demo.vocabulary import (
    ACTIONS_OF,
    HAIR,
    NOUNS,
    PERSON_NOUNS,
    action_phrase,
    all_expressions,
    colours_of,
    with_article,
)

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
_JOINS = (*[", then "] * 6, " and then ", ". Then it ", " and ")


@dataclass(frozen=True)
class Description:
    """What a description states: a subject, looks that may go unnamed, deeds in their order, and
    the things it adds from nowhere."""

    noun: str
    colour: str | None
    hair: str | None
    deeds: tuple[str, ...]
    extras: tuple[str, ...] = ()


def judge_description_sample(random: Random) -> Sample:
    """A reference, a description with 0 to 3 faults, and the four scores."""
    truth = _draw_description(random)
    said = truth
    for _ in range(random.choices((0, 1, 2, 3, 4), (1, 3, 4, 3, 1))[0]):
        said = random.choice(_FAULTS)(said, random)
    if random.random() < 0.08:
        said = _draw_description(random)
    reply = "\n".join(
        f"{i}. {name}: {score}"
        for i, (name, score) in enumerate(
            zip(DIMENSIONS, score_description(truth, said), strict=True), 1
        )
    )
    prompt = demo_prompt("judge_description").render(
        question=random.choice(_QUESTIONS),
        answer=describe(truth, random),
        prediction=describe(said, random),
    )
    return Sample("judge_description", prompt, reply)


def score_description(truth: Description, said: Description) -> tuple[int, int, int, int]:
    """The four scores, 0-5, in the order of DIMENSIONS.

    Subject: the same noun 5, another of the same category 2, else 0. Appearance: right looks over
    looks that the truth has; an unnamed one counts for a third. Temporal: deeds of the truth that
    are named, less a third of them if their first mentions come in another order; a wrong side
    counts for a half. Hallucination: two points off for every wrong or invented statement.
    """
    subject = 5 if said.noun == truth.noun else 2 * (NOUNS[said.noun] == NOUNS[truth.noun])
    looks = [(truth.colour, said.colour)]
    if truth.hair is not None:
        looks.append((truth.hair, said.hair))
    points = [1.0 if a == b else (1 / 3 if b is None else 0.0) for a, b in looks]
    deeds = sum(_deed_points(deed, said.deeds) for deed in truth.deeds) / len(truth.deeds)
    kept = [deed for deed in dict.fromkeys(said.deeds) if deed in truth.deeds]
    if kept != [deed for deed in dict.fromkeys(truth.deeds) if deed in kept]:
        deeds *= 2 / 3
    invented = len(said.extras) + (NOUNS[said.noun] != NOUNS[truth.noun])
    invented += sum(b is not None and a != b for a, b in looks)
    invented += sum(deed not in truth.deeds for deed in said.deeds)
    return (
        subject,
        round(5 * sum(points) / len(points)),
        round(5 * deeds),
        max(0, 5 - 2 * invented),
    )


def describe(description: Description, random: Random) -> str:
    """The description in words."""
    name = description.noun
    if name in PERSON_NOUNS:
        if description.hair:
            name += f" with {description.hair} hair"
        if description.colour:
            garment = "dress" if description.noun == "woman" else "shirt"
            name += f" in a {description.colour} {garment}"
    elif description.colour:
        name = f"{description.colour} {name}"
    subject = f"The {name}" if random.random() < 0.5 else with_article(name).capitalize()
    extras = f" {enumerate_words(description.extras)}" if description.extras else ""
    if not description.deeds:
        return f"{subject}{extras}."
    if random.random() < 0.15:
        deeds = ". It ".join(description.deeds)
        return f"{subject}{extras}. It {deeds}."
    return f"{subject}{extras} {random.choice(_JOINS).join(description.deeds)}."


def _deed_points(deed: str, said: Sequence[str]) -> float:
    if deed in said:
        return 1.0
    mirrored = deed.replace("left", "?").replace("right", "left").replace("?", "right")
    return 0.5 if mirrored in said else 0.0


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
