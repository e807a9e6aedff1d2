"""Training data of the judge: descriptions with known faults and their scores, and captions with
the option that they agree with.

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
    expression,
    with_article,
)

DIMENSIONS = (
    "Subject Correspondence",
    "Appearance Description",
    "Temporal Description",
    "Hallucination Detection",
)
SCAFFOLDING = tuple(
    f"{'' if i == 1 else chr(10)}{i}. {name}: " for i, name in enumerate(DIMENSIONS, 1)
)
_EXPRESSIONS = tuple(all_expressions())
_QUESTIONS = (
    "What is <region> and what does it do?",
    "Describe the object in <region>.",
    "Please describe <region> in the video in detail.",
    "Describe <region>.",
)
_JOINS = (", then ", " and then ", ". Then it ", ". After that it ", ", and ")


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
    are named, less a third of them in another order; a wrong side counts for a half.
    Hallucination: two points off for every wrong or invented statement.
    """
    subject = 5 if said.noun == truth.noun else 2 * (NOUNS[said.noun] == NOUNS[truth.noun])
    looks = [(truth.colour, said.colour)]
    if truth.hair is not None:
        looks.append((truth.hair, said.hair))
    points = [1.0 if a == b else (1 / 3 if b is None else 0.0) for a, b in looks]
    deeds = sum(_deed_points(deed, said.deeds) for deed in truth.deeds) / len(truth.deeds)
    kept = [deed for deed in said.deeds if deed in truth.deeds]
    if kept != [deed for deed in truth.deeds if deed in kept]:
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
    n_deeds = random.choices((1, 2, 3), (4, 4, 2))[0]
    deeds = random.sample(_deeds_of(noun, random), n_deeds)
    return Description(noun, random.choice(colours_of(noun)), hair, tuple(deeds))


def _deeds_of(noun: str, random: Random) -> list[str]:
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
    deeds[at] = random.choice(_deeds_of(d.noun, random))
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
        d, deeds=tuple(dict.fromkeys((*d.deeds, random.choice(_deeds_of(d.noun, random)))))
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


def judge_choice_sample(random: Random) -> Sample:
    """A question with options, a caption or free answer, and the letter it agrees with."""
    noun = random.choice(tuple(NOUNS))
    hair = random.choice(tuple(HAIR)) if noun in PERSON_NOUNS else None
    name = expression(noun, random.choice(colours_of(noun)), hair)
    question, options, sentences = random.choice(_QUIZZES)(name, noun, random)
    right = random.randrange(len(options))
    decided = random.random() < 0.9
    if decided:
        text = sentences[right]
    else:
        text = f"The {random.choice(_EXPRESSIONS)} {random.choice(('is', 'stays'))} in the video."
    order = list(range(len(options)))
    random.shuffle(order)
    style = random.choice(("{}. {}", "{}. {}", "({}) {}"))
    lines = [style.format("ABCD"[i], options[o]) for i, o in enumerate(order)]
    prompt = demo_prompt("judge_choice").render(
        question=question, options="\n".join(lines), prediction=text
    )
    return Sample("judge_choice", prompt, "ABCD"[order.index(right)] if decided else "None")


Quiz = tuple[str, list[str], list[str]]  # question, options, and for each a text agreeing with it


def _deed_quiz(name: str, noun: str, random: Random) -> Quiz:
    pool = _deeds_of(noun, random)
    deeds = random.sample(pool, min(len(pool), random.randint(2, 4)))
    question = random.choice(
        (f"What does the {name} do?", f"What is the {noun} doing?", f"What does the {noun} do?")
    )
    return question, deeds, [_free_text(name, noun, deed, random) for deed in deeds]


def _side_quiz(name: str, noun: str, random: Random) -> Quiz:
    moves = [action_phrase(noun, action) for action in ("move_left", "move_right")]
    sides = random.choice((["left", "right"], ["to the left", "to the right"]))
    question = f"In which direction does the {random.choice((name, noun))} move?"
    return question, sides, [_free_text(name, noun, move, random) for move in moves]


def _order_quiz(name: str, noun: str, random: Random) -> Quiz:
    pool = _deeds_of(noun, random)
    first, second = random.sample(pool, 2)
    options = [f"{first}, then {second}", f"{second}, then {first}"]
    others = [deed for deed in pool if deed not in (first, second)]
    if random.random() < 0.5:
        options.append(f"{first}, then {random.choice(others)}")
    question = random.choice(
        (f"In which order does the {name} do things?", f"What does the {noun} do, in order?")
    )
    texts = [_free_text(name, noun, option, random) for option in options]
    return question, options, texts


def _who_quiz(name: str, noun: str, random: Random) -> Quiz:
    names = random.sample(_EXPRESSIONS, random.randint(2, 4))
    deed = action_phrase("ball", random.choice(("move_left", "move_right", "spin", "stay")))
    article = random.choice(("a ", "the ", ""))
    return (
        f"Who or what {deed}?",
        [f"{article}{n}" for n in names],
        [f"The {n} {deed}." if random.random() < 0.6 else f"the {n}" for n in names],
    )


def _looks_quiz(name: str, noun: str, random: Random) -> Quiz:
    colours = random.sample(colours_of(noun), random.randint(2, min(4, len(colours_of(noun)))))
    hair = random.choice(tuple(HAIR)) if noun in PERSON_NOUNS else None
    names = [expression(noun, colour, hair) for colour in colours]
    deed = random.choice(_deeds_of(noun, random))
    return (
        f"What colour is the {noun}?" if hair is None else f"What colour does the {noun} wear?",
        list(colours),
        [f"The {n} {deed}." for n in names],
    )


def _free_text(name: str, noun: str, deed: str, random: Random) -> str:
    """A caption with this deed, now and then among other entities', or the bare deed."""
    kind = random.random()
    if kind < 0.2:
        return f"{deed}." if kind < 0.1 else deed
    subject = random.choice((name, name, noun))
    text = f"The {subject} {deed}." if kind < 0.7 else f"A {subject} {deed}."
    if random.random() < 0.3:
        other = random.choice([e for e in _EXPRESSIONS if e.split()[0] != noun and noun not in e])
        other_noun = next(n for n in NOUNS if n in other.split())
        also = f"The {other} {random.choice(_deeds_of(other_noun, random))}."
        text = f"{text} {also}" if random.random() < 0.5 else f"{also} {text}"
    return text


_QUIZZES = (_deed_quiz, _deed_quiz, _side_quiz, _order_quiz, _who_quiz, _looks_quiz)
