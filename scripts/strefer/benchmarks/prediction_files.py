"""Files of predictions: a line {"id": …, "prediction": …} for each question.

Everybody's predictions can be scored from such a file. The prediction is null where the model gave
no answer. Sample logs of lmms-eval are read as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from strefer.benchmarks.questions import Question
from strefer.benchmarks.sample_logs import SampleLogs, is_sample
from strefer.files import atomic_write, dumps


def write_predictions(output: Path, answers: Mapping[str, str | None]) -> None:
    """Write a line for each question, by its id; None means no answer."""
    with atomic_write(output) as file:
        for question_id, answer in answers.items():
            file.write(dumps({"id": question_id, "prediction": answer}) + "\n")


def read_predictions(
    paths: Path | Sequence[Path], questions: Sequence[Question]
) -> dict[str, str | None]:
    """Predictions by question id, from JSON Lines, a JSON list, or lmms-eval's sample logs.

    Args:
        paths: one file or several, such as lmms-eval's logs of TempCompass' forms.

    Raises:
        ValueError: if a line is wrong, a question is answered twice, or an id is not the
            benchmark's; names the file and the line.
    """
    known = {question.id: question.id for question in questions}
    known |= {q.old_id: q.id for q in questions if q.old_id is not None}
    predictions: dict[str, str | None] = {}
    logs = SampleLogs(questions)
    for path in [paths] if isinstance(paths, Path) else paths:
        for where, line in lines_of(path):
            given, said = (logs.read if is_sample(line) else _pair)(line, where)
            if given not in known:
                raise ValueError(
                    f"{where}: the benchmark has no question {given!r}; its ids look like "
                    f"{questions[0].id!r} (`strefer questions` writes them)"
                )
            if known[given] in predictions:
                raise ValueError(f"{where}: question {given!r} is answered twice")
            predictions[known[given]] = said
    return predictions


def lines_of(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a file, each with what an error calls it."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not text in UTF-8") from None
    wrong = "must be a JSON object with `id` and `prediction`"
    if text.lstrip().startswith("["):
        numbered = [(f"{path}, entry {n}", line) for n, line in enumerate(_parsed(text, path))]
    else:
        numbered = [
            (f"{path}, line {n}", _parsed(line, f"{path}, line {n}: {wrong}"))
            for n, line in enumerate(text.split("\n"), 1)
            if line.strip()
        ]
    for where, line in numbered:
        if not isinstance(line, dict):
            raise ValueError(f"{where}: {wrong}")
        yield where, line


def _parsed(text: str, where: Path | str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{where}: not JSON: {error}") from None


def _pair(line: Mapping[str, Any], where: str) -> tuple[str, str | None]:
    given, said = line.get("id"), line.get("prediction", ...)
    if not isinstance(given, str | int) or isinstance(given, bool) or said is ...:
        raise ValueError(f"{where}: must be a JSON object with `id` and `prediction`")
    if said is not None and not isinstance(said, str):
        raise ValueError(f"{where}: `prediction` must be a text, or null for no answer")
    return str(given), said
