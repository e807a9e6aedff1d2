"""Stage `predictions`: a trained Video LLM's answers to a benchmark's questions.

A question whose film or region cannot be shown is answered with null, and a line in the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from strefer.benchmarks.kept_files import content_of, make_files
from strefer.benchmarks.prediction_files import write_predictions
from strefer.benchmarks.questions import Question
from strefer.benchmarks.registry import load_questions
from strefer.frames import DecodingError
from strefer.stage.fingerprint import identity_of
from strefer.videollm.data.samples import sample_from_json

log = logging.getLogger("strefer")
Answer = Callable[[Sequence[Question]], Sequence[str | None]]


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
        seed: of what the benchmark picks.
        features: folder of features that students share (see `KeptFeatures`).

    Raises:
        ValueError: if no question can be answered.
    """
    questions = load_questions(benchmark, files, seed)
    _answer(_load(checkpoint, features), benchmark, questions, output)


def _load(checkpoint: Path, features: Path | None) -> Any:
    from strefer.videollm.student import load_student  # heavy, and scoring needs none of it

    return load_student(checkpoint, features=features)


def _answer(student: Any, benchmark: str, questions: Sequence[Question], output: Path) -> None:
    def answer(together: Sequence[Question]) -> list[str]:
        samples = [sample_from_json(question.sample) for question in together]
        return student.answer(samples, together[0].max_new_tokens)

    answers: dict[str, str | None] = {}
    failures: dict[str, str] = {}
    # Films are encoded once if their questions are together; answers of one length end together.
    for length in sorted({q.max_new_tokens for q in questions}):
        together = sorted(
            (q for q in questions if q.max_new_tokens == length), key=lambda q: q.sample["path"]
        )
        answers |= answer_each(answer, together, failures)
        log.info("%s: %d questions of up to %d tokens", benchmark, len(together), length)
    report_failures(questions, failures)
    write_predictions(output, {question.id: answers[question.id] for question in questions})


def answer_each(
    answer: Answer, questions: Sequence[Question], failures: dict[str, str]
) -> dict[str, str | None]:
    """Answers by question id; None where answering fails, with the reason put into `failures`. All
    are asked together; if that fails, in halves."""
    if not questions:
        return {}
    try:
        return {q.id: reply for q, reply in zip(questions, answer(questions), strict=True)}
    except (ValueError, DecodingError) as error:
        if len(questions) == 1:
            failures[questions[0].id] = str(error)
            return {questions[0].id: None}
    middle = len(questions) // 2
    first = answer_each(answer, questions[:middle], failures)
    return first | answer_each(answer, questions[middle:], failures)


def report_failures(questions: Sequence[Question], failures: Mapping[str, str]) -> None:
    """Log a line for each film and reason.

    Raises:
        ValueError: if every question failed: the films are somewhere else.
    """
    lines: dict[tuple[str, str], int] = {}
    for question in questions:
        if question.id in failures:
            path, reason = str(question.sample["path"]), failures[question.id]
            line = (path, reason.removeprefix(f"{path}: "))
            lines[line] = lines.get(line, 0) + 1
    for (path, reason), count in lines.items():
        asked = "1 question" if count == 1 else f"{count} questions"
        log.warning("%s: %s without an answer: %s", path, asked, reason)
    if len(failures) == len(questions):
        path, reason = next(iter(lines))
        raise ValueError(f"no question could be asked, for example about {path}: {reason}")
