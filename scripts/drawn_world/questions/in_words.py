"""Questions about a film in words only, with answers from its ground truth: who is there, what they
do and where the film takes place, in all the forms that benchmarks use. They give no times and mark
nothing.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from drawn_world.questions.facts import (
    mirrored,
    other_phrases,
    phrases_in_turn,
    told_actions,
    told_in_turn,
)
from drawn_world.questions.forms import Sample, choice, sample
from drawn_world.questions.tempcompass import tempcompass as compass_questions
from drawn_world.truth import EntityTruth, Truth
from drawn_world.vocabulary import PLACES, action_phrase, all_expressions, with_article
from strefer.benchmarks import tempcompass
from strefer.instructions.english import listed, sentence, step_by_step
from strefer.recipes.published_format import YES_NO_HINT

_WHO = ("Who or what is in this video?", "Name everyone and everything in the video.")
_WHICH = ("Which of these is in the video?", "Which one can be seen?")
WHAT = (
    "What does the {expression} do in the video?",
    "Describe what the {expression} does.",
    "How does the {expression} behave over the video?",
)
_DEED = ("Which of these does the {expression} do?", "What does the {expression} do?")
_IN_ORDER = (
    "Describe in order what the {expression} does.",
    "Step by step, what does the {expression} do?",
)
_TRUE = (
    "Is it true that the {expression} {phrase} at some time?",
    "Can one see that the {expression} {phrase}?",
    "Is this true: the {expression} {phrase}?",
)
SIDES = ("on the left", "in the middle", "on the right")
_SIDE = "On which side is the {expression} when it is first seen?"
_PLACE = "Where does the video play at some time?"
_COUNT = "How many different people, animals and vehicles or balls are seen in the video?"


def questions_in_words(truth: Truth, drawn: random.Random) -> Iterator[Sample]:
    """Samples on one film, without its path."""
    seen = [entity for entity in truth.entities if entity.masks]
    names = [with_article(entity.expression) for entity in seen]
    there = {entity.expression for entity in seen}
    not_there = [e for e in all_expressions() if e not in there]
    yield sample(drawn.choice(_WHO), sentence(listed(names)))
    for entity in seen:
        for answer in drawn.sample(("Yes.", "No."), 2):
            asked = entity.expression
            if answer == "No.":
                asked = drawn.choice([e for e in expressions_like(asked, drawn) if e not in there])
            yield sample(f"Is there {with_article(asked)}? {YES_NO_HINT}", answer)
        options = [entity.expression, *drawn.sample(not_there, 3)]
        if drawn.random() < 0.5:
            options = [with_article(option) for option in options]
        yield choice(drawn.choice(_WHICH), options[0], options[1:], drawn)
    missed = drawn.choice(not_there)
    yield sample(drawn.choice(WHAT).format(expression=missed), f"The {missed} is not there.")
    numbers = [str(n) for n in range(1, 5)]
    yield choice(_COUNT, str(len(seen)), [n for n in numbers if n != str(len(seen))], drawn)
    places = [scene.place for scene in truth.scenes]
    elsewhere = [place for place in PLACES if place not in places]
    if elsewhere:
        wrong = drawn.sample(elsewhere, min(3, len(elsewhere)))
        yield choice(_PLACE, drawn.choice(places), wrong, drawn)
    for form, by_aspect in compass_questions(truth, drawn).items():
        for entry in (entry for entries in by_aspect.values() for entry in entries):
            question = f"{entry['question']}\n{tempcompass.HINTS[form]}".strip()
            yield sample(question, _compass_answer(form, entry))
    for entity in seen:
        yield from _motion_samples(truth, entity, drawn)


def _motion_samples(truth: Truth, entity: EntityTruth, drawn: random.Random) -> Iterator[Sample]:
    """Ask by name from where an entity enters, and what it does."""
    name = entity.expression
    box = entity.boxes[min(entity.boxes)]
    side = side_of(truth, box)
    others = [other for other in SIDES if other != side]
    yield choice(_SIDE.format(expression=name), side, others, drawn)
    told = [action.phrase for action in told_actions(entity)]
    if not told:
        stays = action_phrase(entity.noun, "stay")
        yield sample(drawn.choice(WHAT).format(expression=name), f"The {name} {stays}.")
        return
    deeds = told_in_turn(entity)
    yield sample(drawn.choice(WHAT).format(expression=name), f"The {name} {deeds}.")
    in_order = step_by_step(f"the {name}", f"the {entity.noun}", phrases_in_turn(entity))
    yield sample(drawn.choice(_IN_ORDER).format(expression=name), in_order)
    for _ in range(2):
        phrase = drawn.choice(told)
        wrong = other_phrases(entity, drawn, 3)
        if len(wrong) == 3:
            yield choice(drawn.choice(_DEED).format(expression=name), phrase, wrong, drawn)
        wrong.sort(key=lambda other: other != mirrored(phrase))
        asked = [("Yes", phrase, phrase)] + [("No", other, deeds) for other in wrong[:1]]
        for answer, said, so in asked:
            question = drawn.choice(_TRUE).format(expression=name, phrase=said)
            because = f", the {name} {so}" if drawn.random() < 0.5 else ""
            yield sample(f"{question} {YES_NO_HINT}", f"{answer}{because}.")


def expressions_like(own: str, drawn: random.Random) -> list[str]:
    """Other expressions: half of the time any, else those of the same noun or the same colour."""
    others = [e for e in all_expressions() if e != own]
    if drawn.random() < 0.5:
        return others
    words = set(own.split())
    near = [e for e in others if len(words & set(e.split())) >= len(words) - 1]
    return near if len(near) >= 3 else others


def side_of(truth: Truth, box: tuple[int, int, int, int]) -> str:
    """The side, one of SIDES, where the middle of a box is."""
    return SIDES[min(int((box[0] + box[2]) / 2 / truth.width_px * len(SIDES)), len(SIDES) - 1)]


def _compass_answer(form: str, entry: dict[str, Any]) -> str:
    answer = entry["answer"]
    if form == "yes_no":
        return f"{answer.capitalize()}."
    if form == "multi-choice":
        return answer[0]
    if form == "caption_matching":
        return answer.partition(":")[0]
    subject = entry["question"].split("'subject': '")[1].split("'")[0]
    return f"The {subject} {answer[3:]}."
