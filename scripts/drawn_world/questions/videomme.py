"""Video-MME-like questions on drawn films."""

from __future__ import annotations

import random
from typing import Any

from drawn_world.questions.facts import other_phrases, shuffled, told_actions
from drawn_world.truth import Truth
from drawn_world.vocabulary import PLACES, all_expressions, with_article


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
