"""VideoRefer-Bench-Q: multiple choice on masked regions; accuracy, also by type of question."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from strefer.benchmarks.letters import videorefer_letter
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

HEADLINE = "accuracy"
_HINT = "Answer with the option's letter from the given choices directly."


def load(annotations: Path, videos: Path, options: Mapping) -> list[Question]:
    """Questions of the official file.

    Args:
        annotations: VideoRefer-Bench-Q.json.
        videos: the folder that its `video` fields stand against.

    Raises:
        ValueError: if an entry lacks a field; names the entry.
    """
    questions = []
    for number, entry in enumerate(read_json(annotations)):
        try:
            text = "\n".join([_without_names(entry["Question"]), *entry["options"], _HINT])
            sample = {
                "conversations": human(text),
                "path": str(videos / entry["video"]),
                "annotation": [_shown(region) for region in entry["annotation"]],
                "frame_keys": "raw",
            }
            gold = videorefer_letter(entry["Answer"])
            about = {"type": entry["type"]}
        except KeyError as missing:
            raise ValueError(f"{annotations}, entry {number}: {missing} is missing") from None
        questions.append(Question(str(entry.get("id", number)), sample, gold, about, 8))
    return questions


def _without_names(question: str) -> str:
    """The official questions name regions `<object1><region>`; the region alone is shown."""
    return re.sub(r"<object\d+>\s*(?=<region>)", "", question)


def _shown(region: Mapping) -> dict:
    """Frames without a mask (null in the official files) are left out."""
    return {frame: shape for frame, shape in region.items() if shape.get("segmentation")}


def score(questions: Sequence[Question], predictions: Mapping[str, str], ask: Ask | None) -> Scored:
    """Accuracy, pooled and by type."""
    rows = []
    for question in questions:
        letter = videorefer_letter(predicted(predictions, question))
        rows.append(Row(question.id, float(letter == question.gold), question.about))
    return Scored({HEADLINE: mean(r.points for r in rows)} | means_by(rows, "type"), rows)
