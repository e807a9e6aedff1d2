"""Stage `predictions`: a trained Video LLM's answers to a benchmark's questions.

A line is {"id": …, "prediction": …}: what somebody else's predictions can be scored from, too.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from strefer.benchmarks.kept_files import content_of, make_files
from strefer.benchmarks.questions import Question
from strefer.benchmarks.registry import load_questions
from strefer.files import atomic_write, dumps
from strefer.stage.fingerprint import identity_of
from strefer.videollm.data.samples import sample_from_json

log = logging.getLogger("strefer")


def predict_benchmarks(
    checkpoint: Path,
    files: Mapping[str, Mapping[str, str | None]],
    outputs: Mapping[str, Path],
    store: Path,
    code: str,
    seed: int,
    features: Path | None = None,
) -> None:
    """Answer every question of all benchmarks and write a predictions file for each.

    The student is loaded once, and not at all if no benchmark has changed.

    Args:
        checkpoint: the student's folder.
        files: by benchmark, as `load_questions`.
        outputs: the predictions files, by benchmark.
        store: where they are kept, by all that made them.
        code: the digest of the code.
        seed: of what a benchmark draws.
        features: folder of features that students share (see `KeptFeatures`).
    """
    asked = {name: load_questions(name, files[name], seed) for name in outputs}
    made_by = {"code": code, "checkpoint": identity_of({"model": str(checkpoint)})["files"]}
    loaded: list[Any] = []

    def make(name: str, output: Path) -> None:
        if not loaded:
            loaded.append(_load(checkpoint, features))
        _answer(loaded[0], name, asked[name], output)

    made_from = {name: made_by | {"asked": content_of(asked[name], films=True)} for name in outputs}
    make_files(store, outputs, made_from, make)


def predict_answers(
    checkpoint: Path,
    benchmark: str,
    files: Mapping[str, str | None],
    output: Path,
    seed: int,
    features: Path | None = None,
) -> None:
    """Answer every question of one benchmark and write its predictions file.

    Args:
        checkpoint: the student's folder.
        benchmark: its name in the registry.
        files: as `load_questions`.
        seed: of what the benchmark draws.
        features: folder of features that students share (see `KeptFeatures`).
    """
    questions = load_questions(benchmark, files, seed)
    _answer(_load(checkpoint, features), benchmark, questions, output)


def _load(checkpoint: Path, features: Path | None) -> Any:
    from strefer.videollm.student import load_student  # heavy, and scoring needs none of it

    return load_student(checkpoint, features=features)


def _answer(student: Any, benchmark: str, questions: Sequence[Question], output: Path) -> None:
    answers: dict[str, str] = {}
    # Films are encoded once if their questions stand together; answers of one length end together.
    for length in sorted({q.max_new_tokens for q in questions}):
        together = sorted(
            (q for q in questions if q.max_new_tokens == length), key=lambda q: q.sample["path"]
        )
        replies = student.answer([sample_from_json(q.sample) for q in together], length)
        answers |= {q.id: reply for q, reply in zip(together, replies, strict=True)}
        log.info("%s: %d questions of up to %d tokens", benchmark, len(together), length)
    write_predictions(output, {question.id: answers[question.id] for question in questions})


def write_predictions(path: Path, answers: Mapping[str, str]) -> None:
    """Write predictions by question id, a line each."""
    with atomic_write(path) as file:
        for question_id, answer in answers.items():
            file.write(dumps({"id": question_id, "prediction": answer}) + "\n")


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
