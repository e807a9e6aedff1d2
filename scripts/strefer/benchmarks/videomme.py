"""Video-MME: multiple choice on films of up to an hour, with or without subtitles."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from strefer.benchmarks.letters import videomme_letter
from strefer.benchmarks.questions import (
    Ask,
    Question,
    Row,
    Scored,
    human,
    mean,
    means_by,
    predicted,
    read_json,
)
from strefer.benchmarks.qvhighlights import find_video

HEADLINE = "accuracy"
BEFORE = (
    "Select the best answer to the following multiple-choice question based on the video. "
    "Respond with only the letter (A, B, C, or D) of the correct option."
)
_WITH_SUBTITLES = "This video's subtitles are listed below:\n{subtitles}\n"
_BY = ("duration", "domain", "sub_category", "task_type")


def load(annotations: Path, videos: Path, options: Mapping) -> list[Question]:
    """Questions of a file in Video-MME's result format (`response` is not needed).

    Args:
        videos: the folder with `<video_id>.mp4`.
        options: `subtitles`: a folder with `<video_id>.srt`, or None.

    Raises:
        ValueError: if an entry lacks a field; names the film.
    """
    questions = []
    for film in read_json(annotations):
        try:
            path = find_video(videos, film["video_id"])
            before = _subtitles(options.get("subtitles"), film["video_id"])
            for entry in film["questions"]:
                asked = before + question_text(entry["question"], entry["options"])
                about = {key: film[key] for key in _BY[:3]} | {"task_type": entry["task_type"]}
                sample = {"conversations": human(asked), "path": str(path)}
                questions.append(Question(entry["question_id"], sample, entry["answer"], about, 8))
        except KeyError as missing:
            name = film.get("video_id")
            raise ValueError(f"{annotations}, film {name}: {missing} is missing") from None
    return questions


def question_text(question: str, options: Sequence[str]) -> str:
    """A question as the official prompt puts it."""
    return "\n".join([BEFORE, question, *options, "The best answer is:"])


def _subtitles(folder: str | None, name: str) -> str:
    if not folder:
        return ""
    path = Path(folder) / f"{name}.srt"
    if not path.exists():  # some films have none, and the official run asks without
        return ""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    spoken = [s for s in lines if s.strip() and not re.fullmatch(r"\d+|.*-->.*", s.strip())]
    return _WITH_SUBTITLES.format(subtitles="\n".join(spoken))


def score(questions: Sequence[Question], predictions: Mapping[str, str], ask: Ask | None) -> Scored:
    """Percent right as the official script has it (unparsable answers leave the denominator),
    pooled and by group; `accuracy_strict` counts them as wrong."""
    rows = []
    for question in questions:
        letter = videomme_letter(predicted(predictions, question))
        points = None if letter is None else 100.0 * (letter == question.gold)
        rows.append(Row(question.id, points, question.about))
    metrics = {
        HEADLINE: mean(row.points for row in rows),
        "accuracy_strict": mean(row.points or 0.0 for row in rows),
    }
    for key in _BY:
        metrics |= means_by(rows, key)
    return Scored(metrics, rows)
