"""VideoRefer-Bench-D: descriptions of a masked region, judged 0-5 in four respects."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from strefer.benchmarks.questions import (
    Ask,
    Question,
    Row,
    Scored,
    human,
    mean,
    predicted,
    read_json,
)
from strefer.prompts import Prompt

HEADLINE = "average"
RESPECTS = (
    "Subject Correspondence",
    "Appearance Description",
    "Temporal Description",
    "Hallucination Detection",
)
_ASKED = "Please give a detailed description of the highlighted object <region> in the video."
_JUDGED = "Describe <region>."


def load(annotations: Path, videos: Path, options: Mapping) -> list[Question]:
    """Questions of the official file, one for each annotated object.

    Args:
        annotations: VideoRefer-Bench-D.json.
        videos: the folder that its `video` fields stand against.
        options: `single_frame`: whether only the mask of `frame_idx` is shown.

    Raises:
        ValueError: if an entry lacks a field or has no mask; names the entry.
    """
    questions = []
    for number, entry in enumerate(read_json(annotations)):
        where = f"{annotations}, entry {number}"
        try:
            frames = {f: s for f, s in entry["annotation"][0].items() if s.get("segmentation")}
            if options.get("single_frame"):
                frames = {entry["frame_idx"]: frames[entry["frame_idx"]]}
            sample = {
                "conversations": human(_ASKED),
                "path": str(videos / entry["video"]),
                "annotation": [frames],
                "frame_keys": "raw",
            }
            gold = entry["caption"]
        except (KeyError, IndexError) as missing:
            raise ValueError(f"{where}: {missing} is missing") from None
        if not frames:
            raise ValueError(f"{where}: no frame of the object has a mask")
        questions.append(Question(str(entry.get("id", number)), sample, gold, {}, 64))
    return questions


def judge_prompt(template: Prompt, question: Question, prediction: str) -> str:
    """What the judge is asked about one description."""
    return template.render(question=_JUDGED, answer=question.gold, prediction=prediction)


def score(
    questions: Sequence[Question],
    predictions: Mapping[str, str],
    ask: Ask | None,
    template: Prompt | None = None,
) -> Scored:
    """Mean of each respect over the entries that have it, then the mean of the four.

    Without a judge nothing can be decided, and every figure is None.
    """
    names = [name.lower().replace(" ", "_") for name in RESPECTS]
    if ask is None or template is None:
        return Scored({HEADLINE: None} | dict.fromkeys(names), [])
    replies = ask([judge_prompt(template, q, predicted(predictions, q)) for q in questions])
    marks = [read_marks(reply) for reply in replies]
    metrics = {name: mean(m.get(r) for m in marks) for name, r in zip(names, RESPECTS, strict=True)}
    rows = [
        Row(question.id, mean(m.values()), {}, reply)
        for question, m, reply in zip(questions, marks, replies, strict=True)
    ]
    judged = mean(float(len(m) == len(RESPECTS)) for m in marks)
    return Scored({HEADLINE: mean(metrics.values())} | metrics | {"judged": judged}, rows)


def read_marks(reply: str) -> dict[str, float]:
    """The marks of a judge's reply, lines such as "1. Subject Correspondence: 5", the last of each:
    a judge may think before. What is missing or out of range is left out."""
    marks = {}
    for respect in RESPECTS:
        found = re.findall(rf"{respect}\W*?(\d{{1,9}})(?!\d)", reply, re.IGNORECASE)
        if found and 0 <= int(found[-1]) <= 5:
            marks[respect] = float(found[-1])
    return marks
