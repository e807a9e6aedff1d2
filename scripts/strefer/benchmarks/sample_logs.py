"""Sample logs of lmms-eval (`--log_samples`): which question a line answers.

lmms-eval removes the question from its logs. Only what a task's metrics contain is left: the
question's id for Video-MME; the film, the aspect and the question's text for TempCompass; and the
id for the tasks in `integrations/lmms_eval`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from strefer.benchmarks.questions import Question


def is_sample(line: Mapping[str, Any]) -> bool:
    """True if a line is one of lmms-eval's sample logs."""
    return "doc_id" in line and "filtered_resps" in line


class SampleLogs:
    """Reads lines about a benchmark's questions, one after the other."""

    def __init__(self, questions: Sequence[Question]) -> None:
        self._of_text: dict[tuple[str, str, str], list[str]] = {}
        for question in questions:
            if "form" in question.about:  # TempCompass: form/film/aspect/number
                film, text = question.id.split("/")[1], question.sample["question"]
                key = (film, question.about["aspect"], text)
                self._of_text.setdefault(key, []).append(question.id)

    def read(self, line: Mapping[str, Any], where: str) -> tuple[str, str | None]:
        """The id of the question that a line answers, and the answer.

        Raises:
            ValueError: if the line names no question, or has not one answer.
        """
        said = line["filtered_resps"]
        while isinstance(said, list) and len(said) == 1:
            said = said[0]
        if said is not None and not isinstance(said, str):
            raise ValueError(f"{where}: `filtered_resps` must contain one answer")
        metrics = [value for value in line.values() if isinstance(value, dict)]
        for metric in metrics:
            given = metric.get("id", metric.get("question_id"))
            if isinstance(given, str | int):
                return str(given), said
        for metric in metrics:
            key = tuple(str(metric.get(name)) for name in ("video_id", "dim", "question"))
            if ids := self._of_text.get(key):
                # Of two questions with one text, each line answers one.
                return (ids.pop(0) if len(ids) > 1 else ids[0]), said
        raise ValueError(
            f"{where}: this line of an lmms-eval log does not name a question of the benchmark; "
            f"supported are the logs of Video-MME, TempCompass and the tasks in "
            f"integrations/lmms_eval"
        )
