"""VideoRefer-Bench-D: descriptions of a masked region, judged 0-5 in four respects."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from strefer.benchmarks.files import TEXT, entries_of, field, leave_out, log, read_json
from strefer.benchmarks.questions import (
    Ask,
    Predictions,
    Question,
    Row,
    Scored,
    human,
    mean,
    predicted,
    share_answered,
)
from strefer.benchmarks.readings import plain
from strefer.benchmarks.videorefer import shown_regions, without_mask
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
_LONGEST = 5_000  # characters of a judge's reply that are read
_OFFICIAL = re.compile(r"(?<!\d)\d+\.\s+(.*?):\s+([\d.]+)")
# Between a respect's name and its mark: a colon, a bar, an equals sign, a bracket or a dash.
_MARK = (
    r"\s{0,9}(?:score|mark|rating)?\s{0,9}(?:[:=|(]|[-–—](?=\s))[\s|{\[(:=]{0,20}"
    r"(?:score\s{0,9}[:=]\s{0,9})?"
    r"(-?\d{1,3}(?:\.\d+)?)(?!\d|%|\s*(?:out\s+)?of(?!\s+5\b)|\s*/(?!\s*5\b)|\.\d)"
)
_SCALE = re.compile(r"\(\s*0\s*(?:-|–|to)\s*5\s*\)")


def load(annotations: Path, videos: Path, options: Mapping[str, Any]) -> list[Question]:
    """Questions of the official file, one an entry, about its first object. An entry whose object
    has no mask is left out with a line.

    Args:
        annotations: VideoRefer-Bench-D.json.
        videos: the folder that its `video` fields are relative to.
        options: `single_frame` (see `shown_regions`).

    Raises:
        ValueError: if an entry lacks a field; names the entry.
    """
    questions = []
    for number, (where, entry) in enumerate(entries_of(read_json(annotations), annotations)):
        regions = shown_regions(entry, options, where)
        if len(regions) > 1:
            log.warning("%s: has %d objects; asking about the first", where, len(regions))
        sample = {
            "conversations": human(_ASKED),
            "path": str(videos / field(entry, "video", TEXT, where)),
            "annotation": regions[:1],
            "frame_keys": "raw",
        }
        gold = field(entry, "caption", TEXT, where)
        if reason := without_mask(regions[:1]):
            leave_out(where, reason)
            continue
        questions.append(Question(str(entry.get("id", number)), sample, gold, {}, 64))
    return questions


def judge_prompt(template: Prompt, question: Question, prediction: str) -> str:
    """The judge's prompt about one description."""
    return template.render(question=_JUDGED, answer=question.gold, prediction=prediction)


def score(
    questions: Sequence[Question],
    predictions: Predictions,
    ask: Ask | None,
    template: Prompt | None = None,
) -> Scored:
    """Mean of each respect over the entries that have it, then the mean of the four, with marks
    read as the official script does. `strict` reads them with care, leaves out those that are not
    0 to 5, and gives 0 to a question without an answer.

    Without a judge nothing can be decided, and every figure is None.
    """
    names = [name.lower().replace(" ", "_") for name in RESPECTS]
    if ask is None or template is None:
        return Scored({HEADLINE: None} | dict.fromkeys([*names, "strict"]), [])
    said = {q.id: predicted(predictions, q) for q in questions}
    answered = [(q, text) for q in questions if (text := said[q.id]) is not None]
    asked = [judge_prompt(template, question, text) for question, text in answered]
    replies = dict(zip([q.id for q, _ in answered], ask(asked) if asked else [], strict=True))
    official = [official_marks(replies.get(q.id, "")) for q in questions]
    nothing = dict.fromkeys(RESPECTS, 0.0)
    strict = [read_marks(replies[q.id]) if q.id in replies else nothing for q in questions]
    metrics = _means(official)
    rows = [
        Row(q.id, mean(o.values()), {}, replies.get(q.id), mean(s.values()))
        for q, o, s in zip(questions, official, strict, strict=True)
    ]
    metrics = {HEADLINE: mean(metrics.values())} | metrics
    metrics["judged"] = mean(float(len(m) == len(RESPECTS)) for m in official)
    metrics["strict"] = mean(_means(strict).values())
    metrics["answered"] = share_answered(questions, predictions)
    return Scored(metrics, rows)


def _means(marks: Sequence[Mapping[str, float]]) -> dict[str, float | None]:
    return {r.lower().replace(" ", "_"): mean(m.get(r) for m in marks) for r in RESPECTS}


def official_marks(reply: str) -> dict[str, float]:
    """The marks that the official script finds: lines such as "1. Subject Correspondence: 4.5",
    the last of each, whatever its number is."""
    marks = {}
    for name, number in _OFFICIAL.findall(reply[:_LONGEST]):
        try:
            value = float(number)
        except ValueError:  # "." or "4.5."; the official script ends there
            continue
        if name in RESPECTS:
            marks[name] = value
    return marks


def read_marks(reply: str) -> dict[str, float]:
    """The marks of a judge's reply, each from 0 to 5, however they are written: "4.5", "4/5",
    "(0-5): 3", bold, a table or JSON. Of several lines about a respect, the last that gives it a
    mark counts: a judge may think before. What is missing or out of range is left out."""
    marks: dict[str, float] = {}
    text = _SCALE.sub("", plain(reply)[-_LONGEST:])
    for respect in RESPECTS:
        name = respect.replace(" ", r"\s*")  # `plain` takes underscores away
        found = re.findall(name + _MARK, text, re.IGNORECASE)
        if found and 0 <= float(found[-1]) <= 5:
            marks[respect] = float(found[-1])
    return marks
