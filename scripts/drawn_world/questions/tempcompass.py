"""TempCompass-like questions on drawn films, in its four forms."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from drawn_world.questions.facts import mirrored, other_phrases, shuffled, told_actions
from drawn_world.truth import Truth

_DIRECTIONS = ("move_left", "move_right")


# The question that a caption is judged by. The demo's files contain it, because several entities of
# a film share an aspect.
_OF_CAPTIONS = {
    "action": "What does the {subject} do?",
    "direction": "In which direction does the {subject} move?",
    "order": "In which order does the {subject} do things?",
}


Fact = tuple[str, str, str, list[str]]  # aspect, subject, what it does, two things it does not


TEMPCOMPASS_FORMS = ("multi-choice", "yes_no", "caption_matching", "captioning")


def tempcompass(truth: Truth, drawn: random.Random) -> dict[str, dict[str, list[dict]]]:
    """By form, by aspect: the questions of one film."""
    forms: dict[str, dict[str, list[dict]]] = {form: {} for form in TEMPCOMPASS_FORMS}
    facts = [fact for entity in truth.entities for fact in _facts(entity, drawn)]
    yes_first = drawn.randrange(2)  # then in turns, so that yes and no are balanced
    for number, fact in enumerate(facts):
        right = (number + yes_first) % 2 == 0
        for form, entry in _in_four_forms(*fact, right, drawn).items():
            forms[form].setdefault(fact[0], []).append(entry)
    return forms


def _facts(entity: Any, drawn: random.Random) -> Iterator[Fact]:
    """The questions about one entity: an action, and the order of two."""
    told = told_actions(entity)
    wrong = other_phrases(entity, drawn, 4)
    if len(wrong) < 2:
        return
    action = drawn.choice(told) if told else None
    if action is not None:
        aspect = "direction" if action.action in _DIRECTIONS else "action"
        # The other side first: telling the sides apart is what this aspect is about.
        wrong.sort(key=lambda phrase: phrase != mirrored(action.phrase))
        yield aspect, entity.expression, action.phrase, wrong[:2]
    phrases = [action.phrase for action in told]
    if len(phrases) >= 2 and phrases[0] != phrases[1] and phrases[0] not in phrases[1:]:
        first, second = phrases[:2]
        turned = [f"{second}, then {first}", f"{wrong[-1]}, then {first}"]
        yield "order", entity.expression, f"{first}, then {second}", turned


def _in_four_forms(
    aspect: str, subject: str, right: str, wrong: list[str], yes: bool, drawn: random.Random
) -> dict[str, dict]:
    options, place = shuffled(right, wrong, drawn)
    letters = [f"{chr(65 + i)}. {option}" for i, option in enumerate(options)]
    asked, truth = (right, "yes") if yes else (wrong[0], "no")
    order = f"In which order does the {subject} do things?"
    sentences = [f"The {subject} {phrase}." for phrase in shuffled(right, wrong[:1], drawn)[0]]
    captions = [f"Caption {chr(65 + i)}: {s}" for i, s in enumerate(sentences)]
    matching = next(c for c in captions if c.endswith(f"The {subject} {right}."))
    information = [
        f"Information {chr(65 + i)}: {{'subject': '{subject}', '{aspect}': '{option}'}}"
        for i, option in enumerate(options)
    ]
    captioning = "One piece of information is consistent with the video. Write a caption from it."
    return {
        "multi-choice": {
            "question": "\n".join(
                [order if aspect == "order" else f"What does the {subject} do?", *letters]
            ),
            "answer": letters[place],
        },
        "yes_no": {"question": f"Is this true: the {subject} {asked}?", "answer": truth},
        "caption_matching": {
            "question": "\n".join(["Which caption matches the video better?", *captions]),
            "answer": matching,
        },
        "captioning": {
            "question": "\n".join([captioning, *information, "Generated Caption:"]),
            "answer": letters[place],
            "mc_question": "\n".join([_OF_CAPTIONS[aspect].format(subject=subject), *letters]),
            "mc_answer": letters[place],
        },
    }
