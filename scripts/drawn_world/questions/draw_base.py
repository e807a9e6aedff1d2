"""The demo's base data: a substitute for human-labelled data, made from its films' ground truth.

Questions in words only, in the forms that benchmarks use, and descriptions of masked regions, in
LLaVA and VideoRefer format (frame keys are raw frame numbers). No question says a time, and none
asks what a region does at a time: that is what the instruction data are to add.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

from drawn_world.draw_films import write_world
from drawn_world.questions.facts import spread_masks, told_in_turn
from drawn_world.questions.forms import Sample, choice, sample
from drawn_world.questions.in_words import questions_in_words
from drawn_world.truth import Truth, load_truth
from drawn_world.vocabulary import all_expressions, with_article
from strefer.files import atomic_write
from strefer.instructions.english import listed, sentence

_FRAMES_OF_REGION = 8
_WHO = (
    "Who or what acts in this video?",
    "List everyone and everything that moves in the video.",
    "Which entities are active in the video?",
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
        for number, one in enumerate(samples_of(truth, drawn)):
            samples.append({"id": f"{film}-{number:03d}", "path": f"videos/{film}.mp4"} | one)
    with atomic_write(out_dir / "base.json") as file:
        json.dump(samples, file, indent=0)


def samples_of(truth: Truth, drawn: random.Random) -> Iterator[Sample]:
    """The samples of one film, without id and path."""
    active = [entity for entity in truth.entities if entity.active]
    if not active:
        return
    names = [with_article(entity.expression) for entity in active]
    yield sample(drawn.choice(_WHO), sentence(listed(names)))
    yield from questions_in_words(truth, drawn)
    for entity in truth.entities:
        mask = spread_masks(truth, entity, _FRAMES_OF_REGION)
        if not mask:
            continue
        marked = {"annotation": [mask], "frame_keys": "raw"}
        told = with_article(entity.expression).capitalize() + "."
        yield sample(drawn.choice(REGION), told) | marked
        others = drawn.sample([e for e in all_expressions() if e != entity.expression], 3)
        yield choice("What is <region>?", entity.expression, others, drawn) | marked
        if entity.active:
            yield sample(drawn.choice(_REGION_BEHAVIOUR), f"It {told_in_turn(entity)}.") | marked
