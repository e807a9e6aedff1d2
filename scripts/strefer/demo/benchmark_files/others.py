"""QVHighlights, TempCompass and Video-MME files of the demo's films."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

from strefer.demo.benchmark_files.questions import mirrored, other_phrases, shuffled, told_actions
from strefer.demo.truth import Truth
from strefer.demo.vocabulary import PLACES, all_expressions, with_article

_CLIP_S = 2  # QVHighlights names windows by clips of two seconds
_DIRECTIONS = ("move_left", "move_right")
Fact = tuple[str, str, str, list[str]]  # aspect, subject, what it does, two things it does not


def highlights(truth: Truth, film: str) -> list[dict[str, Any]]:
    """Lines of QVHighlights: what an entity does, and in which windows."""
    lines = []
    duration = math.floor(truth.duration_s / _CLIP_S) * _CLIP_S
    for entity in truth.entities:
        told = told_actions(entity)
        chases = any(action.action == "chase" for action in told)
        # Who chases runs to some side meanwhile: when it runs to a side cannot be told.
        clear = [a for a in told if not (chases and a.action in _DIRECTIONS)]
        phrases = dict.fromkeys(action.phrase for action in clear)
        for phrase in phrases:
            clips = _clips_of(entity, phrase, duration)
            # Something that happens all the time allows no question about when.
            if not clips or len(clips) * _CLIP_S > 0.5 * duration:
                continue
            lines.append(
                {
                    "query": f"The {entity.expression} {phrase}.",
                    "duration": duration,
                    "vid": film,
                    "relevant_clip_ids": clips,
                    "saliency_scores": [[3, 3, 3] for _ in clips],
                    "relevant_windows": _windows(clips),
                }
            )
    return lines


def _clips_of(entity: Any, phrase: str, duration: int) -> list[int]:
    spans = [(a.start_s, a.end_s) for a in entity.actions if a.phrase == phrase]
    return [
        clip
        for clip in range(duration // _CLIP_S)
        if any(s <= (clip + 0.5) * _CLIP_S < e for s, e in spans)
    ]


def _windows(clips: list[int]) -> list[list[int]]:
    windows: list[list[int]] = []
    for clip in clips:
        if windows and windows[-1][1] == clip * _CLIP_S:
            windows[-1][1] += _CLIP_S
        else:
            windows.append([clip * _CLIP_S, (clip + 1) * _CLIP_S])
    return windows


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
    """What can be asked about one entity: a deed, and the order of two."""
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
        },
    }


def videomme(truth: Truth, film: str, drawn: random.Random) -> dict[str, Any]:
    """The Video-MME entry of one film."""
    present = [entity.expression for entity in truth.entities if entity.masks]
    absent = drawn.sample([e for e in all_expressions() if e not in present], 3)
    questions = [
        _mme(
            "Object Recognition",
            "Which of these is in the video?",
            with_article(drawn.choice(present)),
            [with_article(e) for e in absent],
            drawn,
        )
    ]
    count = len(present)
    numbers = [str(n) for n in range(1, 5)]
    questions.append(
        _mme(
            "Counting Problem",
            "How many different people, animals and vehicles or balls are seen in the video?",
            str(count),
            [n for n in numbers if n != str(count)],
            drawn,
        )
    )
    places = [scene.place for scene in truth.scenes]
    elsewhere = [place for place in PLACES if place not in places]
    if len(elsewhere) >= 3:
        questions.append(
            _mme(
                "Spatial Perception",
                "Where does the video play at some time?",
                places[0],
                drawn.sample(elsewhere, 3),
                drawn,
            )
        )
    for entity in truth.entities:
        if entity.active:
            action = drawn.choice(told_actions(entity))
            wrong = other_phrases(entity, drawn, 3)
            if len(wrong) == 3:
                questions.append(
                    _mme(
                        "Action Recognition",
                        f"What does the {entity.expression} do?",
                        action.phrase,
                        wrong,
                        drawn,
                    )
                )
    return {
        "video_id": film,
        "duration": "short",
        "domain": "Cartoon",
        "sub_category": places[0],
        "questions": [
            {"question_id": f"{film}-{n}"} | question for n, question in enumerate(questions, 1)
        ],
    }


def _mme(task: str, question: str, right: str, wrong: list[str], drawn: random.Random) -> dict:
    options, place = shuffled(right, wrong, drawn)
    return {
        "task_type": task,
        "question": question,
        "options": [f"{chr(65 + i)}. {option}." for i, option in enumerate(options)],
        "answer": chr(65 + place),
    }
