"""VideoRefer-Bench-Q: multiple choice on masked regions; accuracy, also by type of question."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from strefer.benchmarks.files import TEXT, entries_of, field, leave_out, read_json, texts
from strefer.benchmarks.letters import videorefer_letter
from strefer.benchmarks.questions import (
    Ask,
    Predictions,
    Question,
    Row,
    Scored,
    human,
    mean,
    means_by,
    predicted,
    share_answered,
)
from strefer.benchmarks.readings import read_letter
from strefer.benchmarks.videorefer import shown_regions, without_mask

HEADLINE = "accuracy"
_HINT = "Answer with the option's letter from the given choices directly."


def load(annotations: Path, videos: Path, options: Mapping[str, Any]) -> list[Question]:
    """Questions of the official file. One whose object has no mask is left out with a line.

    Args:
        annotations: VideoRefer-Bench-Q.json.
        videos: the folder that its `video` fields are relative to: films, or folders of frames.
        options: `single_frame` (see `shown_regions`).

    Raises:
        ValueError: if an entry lacks a field; names the entry.
    """
    questions = []
    for number, (where, entry) in enumerate(entries_of(read_json(annotations), annotations)):
        asked = _without_names(field(entry, "Question", TEXT, where))
        lines = texts(entry, "options", where)
        regions = shown_regions(entry, options, where)
        sample = {
            "conversations": human("\n".join([asked, *lines, _HINT])),
            "path": str(videos / field(entry, "video", TEXT, where)),
            "annotation": regions,
            "frame_keys": "raw",
            "options": lines,
        }
        gold = videorefer_letter(field(entry, "Answer", TEXT, where))
        about = {"type": field(entry, "type", TEXT, where)}
        reason, marks = without_mask(regions), asked.count("<region>")
        if reason is None and marks != len(regions):
            reason = f"it asks about {marks} regions, and {len(regions)} are annotated"
        if reason is not None:
            leave_out(where, reason)
            continue
        questions.append(Question(str(entry.get("id", number)), sample, gold, about, 8))
    return questions


def _without_names(question: str) -> str:
    """The official questions name regions `<object1><region>`; the region alone is shown."""
    return re.sub(r"<object\d+>\s*(?=<region>)", "", question)


def score(questions: Sequence[Question], predictions: Predictions, ask: Ask | None) -> Scored:
    """Accuracy, pooled and by type; `strict` by the letter that an answer clearly names."""
    rows = []
    for question in questions:
        said = predicted(predictions, question)
        letter = "" if said is None else videorefer_letter(said).lower()
        right = bool(letter) and letter == question.gold.lower()
        strict = float(read_letter(said, question.sample["options"]) == question.gold)
        rows.append(Row(question.id, float(right), question.about, strict=strict))
    metrics = {HEADLINE: mean(r.points for r in rows)} | means_by(rows, "type")
    metrics["strict"] = mean(r.strict for r in rows)
    metrics["answered"] = share_answered(questions, predictions)
    return Scored(metrics, rows)
