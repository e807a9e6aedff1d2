"""Stage `predictions`: a trained Video LLM's answers to a benchmark's questions.

A line is {"id": …, "prediction": …}: what somebody else's predictions can be scored from, too.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path

from strefer.benchmarks.registry import load_questions
from strefer.files import atomic_write, dumps
from strefer.videollm.data.samples import sample_from_json

log = logging.getLogger("strefer")


def predict_answers(
    checkpoint: Path,
    benchmark: str,
    files: Mapping[str, str | None],
    output: Path,
    seed: int,
    features: Path | None = None,
) -> None:
    """Answer every question of a benchmark and write the predictions file.

    Args:
        checkpoint: the student's folder.
        benchmark: its name in the registry.
        files: as `load_questions`.
        seed: of what the benchmark draws.
        features: folder of features that students share (see `KeptFeatures`).
    """
    from strefer.videollm.student import load_student  # heavy, and scoring needs none of it

    questions = load_questions(benchmark, files, seed)
    student = load_student(checkpoint, features=features)
    answers: dict[str, str] = {}
    # Films are encoded once if their questions stand together; answers of one length end together.
    for length in sorted({q.max_new_tokens for q in questions}):
        together = sorted(
            (q for q in questions if q.max_new_tokens == length), key=lambda q: q.sample["path"]
        )
        replies = student.answer([sample_from_json(q.sample) for q in together], length)
        answers |= {q.id: reply for q, reply in zip(together, replies, strict=True)}
        log.info("%s: %d questions of up to %d tokens", benchmark, len(together), length)
    with atomic_write(output) as file:
        for question in questions:
            file.write(dumps({"id": question.id, "prediction": answers[question.id]}) + "\n")


def read_predictions(path: Path) -> dict[str, str]:
    """Predictions by question id.

    Raises:
        ValueError: names the file and the line that is wrong.
    """
    predictions = {}
    with open(path, encoding="utf-8") as file:
        for number, text in enumerate(file, 1):
            try:
                line = json.loads(text)
                predictions[str(line["id"])] = str(line["prediction"])
            except (ValueError, KeyError, TypeError):
                raise ValueError(
                    f"{path}, line {number}: must be a JSON object with `id` and `prediction`"
                ) from None
    return predictions
