"""The demo's base data: a stand-in for human-labelled data, made from its own films' truth.

Words-only questions and descriptions of masked regions, in LLaVA and VideoRefer format (frame keys
are raw frame numbers). No question says a time, and none asks what a region does at a time: that
is what the instruction data are to add.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from strefer.demo.benchmark_files.questions import spread_masks
from strefer.demo.films import write_world
from strefer.demo.truth import Truth, load_truth
from strefer.demo.vocabulary import all_expressions, with_article
from strefer.published_format import CHOICE_HINT, YES_NO_HINT
from strefer.stage import atomic_write

Sample = dict[str, Any]

_FRAMES_OF_REGION = 8
_WHO = (
    "Who or what acts in this video?",
    "List everyone and everything that moves in the video.",
    "Which entities are active in the video?",
)
WHAT = (
    "What does the {expression} do in the video?",
    "Describe what the {expression} does.",
    "How does the {expression} behave over the video?",
)
REGION = (
    "What is <region>?",
    "Describe <region>.",
    "Who or what is marked by <region>?",
)
_REGION_BEHAVIOUR = (
    "What does <region> do in the video?",
    "Describe the behaviour of <region>.",
)


def draw_base(out_dir: Path, n_films: int, seed: int) -> None:
    """Write `videos/`, `truth/` and `base.json` to `out_dir`.

    Args:
        n_films: films of the split `base`.
        seed: of the choice of questions.
    """
    samples = []
    for film in write_world("base", n_films, out_dir):
        truth = load_truth(out_dir / "truth" / f"{film}.json")
        drawn = random.Random(f"{seed} {film}")
        for number, sample in enumerate(samples_of(truth, drawn)):
            samples.append({"id": f"{film}-{number:03d}", "path": f"videos/{film}.mp4"} | sample)
    with atomic_write(out_dir / "base.json") as file:
        json.dump(samples, file, indent=0)


def samples_of(truth: Truth, drawn: random.Random) -> Iterator[Sample]:
    """The samples of one film, without id and path."""
    active = [entity for entity in truth.entities if entity.active]
    if not active:
        return
    names = [with_article(entity.expression) for entity in active]
    yield _sample(drawn.choice(_WHO), _join(names).capitalize() + ".")
    there = {entity.expression for entity in truth.entities}
    not_there = [e for e in all_expressions() if e not in there]
    absent = drawn.sample(not_there, len(truth.entities))
    for entity in truth.entities:
        yield _sample(f"Is there {with_article(entity.expression)}? {YES_NO_HINT}", "Yes.")
        yield _sample(f"Is there {with_article(absent.pop())}? {YES_NO_HINT}", "No.")
    for entity in active:
        told = _behaviour(entity)
        sentence = f"The {entity.expression} {told}."
        yield _sample(drawn.choice(WHAT).format(expression=entity.expression), sentence)
        others = drawn.sample(not_there, 3)
        yield _choice("Which of these is in the video?", entity.expression, others, drawn)
    for entity in truth.entities:
        mask = spread_masks(truth, entity, _FRAMES_OF_REGION)
        if not mask:
            continue
        told = with_article(entity.expression).capitalize() + "."
        yield _sample(drawn.choice(REGION), told, mask)
        others = drawn.sample([e for e in all_expressions() if e != entity.expression], 3)
        yield _choice("What is <region>?", entity.expression, others, drawn, mask)
        if entity.active:
            sentence = f"It {_behaviour(entity)}."
            yield _sample(drawn.choice(_REGION_BEHAVIOUR), sentence, mask)


def _behaviour(entity: Any) -> str:
    """What an entity does, in the order of time, repetitions left out."""
    phrases = [action.phrase for action in entity.actions if action.active]
    return _join(list(dict.fromkeys(phrases)))


def _join(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def _choice(
    question: str, right: str, wrong: list[str], drawn: random.Random, mask: Any = None
) -> Sample:
    options = [right, *wrong]
    drawn.shuffle(options)
    letter = chr(65 + options.index(right))
    lines = [f"({chr(65 + i)}) {option}" for i, option in enumerate(options)]
    return _sample("\n".join([question, *lines, CHOICE_HINT]), letter, mask)


def _sample(question: str, answer: str, mask: dict[str, Any] | None = None) -> Sample:
    sample: Sample = {
        "conversations": [
            {"from": "human", "value": f"<image>\n{question}"},
            {"from": "gpt", "value": answer},
        ]
    }
    if mask is not None:
        sample |= {"annotation": [mask], "frame_keys": "raw"}
    return sample
