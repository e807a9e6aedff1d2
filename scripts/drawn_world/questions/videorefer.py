"""VideoRefer-Bench-D and -Q files of the demo's films."""

from __future__ import annotations

import itertools
import random
from typing import Any

from drawn_world.questions.facts import (
    best_frame,
    other_phrases,
    shuffled,
    spread_masks,
    told_actions,
    told_in_turn,
)
from drawn_world.truth import Truth
from drawn_world.vocabulary import all_expressions, with_article


def descriptions(truth: Truth, film: str) -> list[dict[str, Any]]:
    """Entries of VideoRefer-Bench-D: one for each active entity."""
    entries = []
    for entity in truth.entities:
        if not (entity.active and entity.masks):
            continue
        caption = f"{with_article(entity.expression).capitalize()} {told_in_turn(entity)}."
        entries.append(
            {
                "video": f"{film}.mp4",
                "caption": caption,
                "frame_idx": best_frame(entity),
                "annotation": [spread_masks(truth, entity)],
            }
        )
    return entries


def questions(truth: Truth, film: str, drawn: random.Random) -> list[dict[str, Any]]:
    """Entries of VideoRefer-Bench-Q."""
    of_expression = {e.entity_id: e for e in truth.entities}
    return [
        {key: value for key, value in entry.items() if key != "entities"}
        | {
            "video": f"{film}.mp4",
            "frame_idx": best_frame(of_expression[entry["entities"][0]]),
            "annotation": [spread_masks(truth, of_expression[e]) for e in entry["entities"]],
        }
        for entry in worded_questions(truth, drawn)
    ]


def worded_questions(truth: Truth, drawn: random.Random) -> list[dict[str, Any]]:
    """The same without masks; `entities` are the ids of those that the regions mark."""
    shown = [e for e in truth.entities if e.masks]
    entries = []
    for entity in shown:
        entries.append(_looks(entity, drawn))
        if entity.active:
            entries += [*_behaviour(entity, drawn), *_next_action(entity, drawn)]
    for pair in itertools.pairwise(shown):
        # Both ways round: who always says the same letter is right in half of them.
        entries += [*_who_first(*pair), *_who_first(*reversed(pair))]
    return entries


def _entry(kind: str, question: str, options: list[str], right: int, entities: list[int]) -> dict:
    return {
        "type": kind,
        "Question": question,
        "options": [f"({chr(65 + i)}) {option}" for i, option in enumerate(options)],
        "Answer": f"({chr(65 + right)})",
        "entities": entities,
    }


def _looks(entity: Any, drawn: random.Random) -> dict:
    wrong = drawn.sample([e for e in all_expressions() if e != entity.expression], 3)
    options, right = shuffled(entity.expression, wrong, drawn)
    return _entry(
        "Basic Questions", "What is <object0><region>?", options, right, [entity.entity_id]
    )


def _behaviour(entity: Any, drawn: random.Random) -> list[dict]:
    action = drawn.choice(told_actions(entity))
    wrong = other_phrases(entity, drawn, 3)
    if len(wrong) < 3:
        return []
    options, right = shuffled(action.phrase, wrong, drawn)
    question = "Which of these does <object0><region> do in the video?"
    return [_entry("Reasoning Questions", question, options, right, [entity.entity_id])]


def _next_action(entity: Any, drawn: random.Random) -> list[dict]:
    actions = told_actions(entity)
    pairs = [(a, b) for a, b in itertools.pairwise(actions) if a.phrase != b.phrase]
    told = [action.phrase for action in actions]
    clear = [(a, b) for a, b in pairs if told.count(a.phrase) == 1]
    # An action that it does at another time misleads more than one that it never does.
    wrong = other_phrases(entity, drawn, 3)
    if not clear or len(wrong) < 3:
        return []
    before, after = drawn.choice(clear)
    elsewhere = sorted(set(told) - {before.phrase, after.phrase})
    options, right = shuffled(after.phrase, [*elsewhere, *wrong][:3], drawn)
    phrase = before.phrase
    question = f"What does <object0><region> do next after this: it {phrase}?"
    return [_entry("Sequential Questions", question, options, right, [entity.entity_id])]


def _who_first(first: Any, second: Any) -> list[dict]:
    begins = [entity.presence[0][0] for entity in (first, second)]
    if abs(begins[0] - begins[1]) < 1.0:
        return []
    question = "Who is seen first, <object0><region> or <object1><region>?"
    options = ["the first of the two", "the second of the two"]
    right = int(begins[1] < begins[0])
    return [
        _entry(
            "Relationship Questions", question, options, right, [first.entity_id, second.entity_id]
        )
    ]
