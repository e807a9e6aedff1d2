"""Measuring the starting student on held-out films, and its card."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from drawn_world.draw_films import read_world, write_world
from drawn_world.teachers.student.data import film_samples
from strefer.videollm.data.samples import sample_from_json
from strefer.videollm.student import load_student

MEASURED_FILMS = 40
_MOST_TOKENS = 64
_CARD = """\
---
license: apache-2.0
datasets: [drawn_world]
library_name: transformers
---
# The demo's starting student

The Video LLM (`strefer.videollm`, {millions:.1f} M parameters, stored in float16) before any
recipe: what `training.start_from` names in the demo. It stands for the pretrained models that a
real student starts from. It knows the drawn world and nothing else.

- Parts: the demo's video LLM gives the frozen vision tower, its LLM teacher the decoder.
- Data: films of the demo world's split `train`, drawn by `drawn_world`, each whole and as a clip,
  and questions made from their truth (`student_samples.py`). No question asks what somebody does at
  a time, or what the one in a mask does: that is left to the recipes.
- Training: seed {seed}, {steps} steps, {minutes:.1f} minutes of one CPU thread. Make it again with
  `snakemake teachers`.
- Licence: Apache-2.0. No outside data or weights.

Measured on {films} films of the split `held_out`, by exact answers:

| asked about | answer | questions | right |
|---|---|---:|---:|
{rows}
"""


def measure_student(folder: Path, films_dir: Path, seed: int) -> dict[tuple[str, str], list[bool]]:
    """True if each answer on held-out films is right, by what is asked about and the form; answers
    that say times are left out."""
    write_world("held_out", MEASURED_FILMS, films_dir)
    samples: list[dict[str, Any]] = []
    student = load_student(folder, batch_size=32)
    for path, truth in read_world(films_dir).items():
        drawn = random.Random(f"{seed} {truth.id}")
        asked = film_samples(truth, student.processor.settings.n_frames, drawn)
        samples += [{"path": path} | one for one in asked if "_time>" not in _answer(one)]
    answers = student.answer([sample_from_json(one) for one in samples], _MOST_TOKENS)
    found: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for one, answer in zip(samples, answers, strict=True):
        found[_about(one), _form(_answer(one))].append(answer == _answer(one))
    return dict(sorted(found.items()))


def _answer(sample: Mapping[str, Any]) -> str:
    return sample["conversations"][-1]["value"]


def _about(sample: Mapping[str, Any]) -> str:
    if "start_time" in sample:
        return "a time"
    return "the one in a mask" if "annotation" in sample else "the film"


def _form(answer: str) -> str:
    if answer in ("Yes.", "No."):
        return "yes or no"
    return "letter" if len(answer) == 1 else "sentence"


def write_card(
    folder: Path,
    found: Mapping[tuple[str, str], Sequence[bool]],
    *,
    parameters: int,
    steps: int,
    minutes: float,
    seed: int,
) -> None:
    """Write README.md into the student's folder."""
    rows = [
        f"| {about} | {form} | {len(right)} | {sum(right) / len(right):.3f} |"
        for (about, form), right in found.items()
    ]
    card = _CARD.format(
        millions=parameters / 1e6,
        seed=seed,
        steps=steps,
        minutes=minutes,
        films=MEASURED_FILMS,
        rows="\n".join(rows),
    )
    (folder / "README.md").write_text(card, encoding="utf-8")
