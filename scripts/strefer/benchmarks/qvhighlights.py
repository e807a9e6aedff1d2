"""QVHighlights as yes/no: does it happen between t1 and t2? Half of the answers are yes.

An existing set in the published sample format is read instead.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from strefer.benchmarks.files import (
    ID,
    LIST,
    NUMBER,
    TEXT,
    entries_of,
    field,
    find_film,
    leave_out,
    read_json,
)
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
from strefer.benchmarks.readings import read_yes_no
from strefer.benchmarks.windows import Asked, by_query
from strefer.times import clock

HEADLINE = "accuracy"
_LONGEST_S = 86_400
_LAST_MARKS = re.compile(r"[\s.,;:!?]+([\"'”’]*)$")


def load(
    annotations: Path,
    videos: Path,
    options: Mapping[str, Any],
    pick: Callable[[Sequence[Mapping], int], list[Asked]] = by_query,
) -> list[Question]:
    """Questions from the annotation file (highlight_val_release.jsonl), or of a set in the
    published sample format, whose answers begin with yes or no.

    Args:
        videos: the folder with `<vid>.mp4` (or .mkv, .webm), or that `path` is relative to.
        options: `seed`.
        pick: chooses the windows (see windows.py).

    Raises:
        ValueError: if a line lacks a field; names the query.
    """
    content = read_json(annotations)
    listed = list(entries_of(content, annotations))
    if listed and "conversations" in listed[0][1]:
        return [
            _given(sample, number, where, videos) for number, (where, sample) in enumerate(listed)
        ]
    lines = [line for _, entry in listed if (line := _checked(entry, annotations))]
    asked = pick(lines, options["seed"])
    films = {line["vid"]: str(find_film(videos, line["vid"])) for line, _, _ in asked}
    by_query_id: dict[str, list[Asked]] = {}
    for one in asked:
        by_query_id.setdefault(str(one[0]["qid"]), []).append(one)
    questions = []
    for name, windows in by_query_id.items():
        if len(windows) > 2:
            raise ValueError(f"{annotations}: two queries have the qid {name}")
        # Numbered in temporal order: an id that says which is which would give the answer away.
        for number, (line, window, gold) in enumerate(sorted(windows, key=lambda a: a[1]), 1):
            sample = _sample(line["query"], films[line["vid"]], window)
            about, old = {"answer": gold}, f"{name}-{gold}"
            questions.append(Question(f"{name}-{number}", sample, gold, about, 8, old))
    return questions


def _checked(entry: Mapping[str, Any], path: Path) -> dict[str, Any] | None:
    """A line with sound windows, or None if it leaves nothing to ask about."""
    where = f"{path}, query {entry.get('qid')}"
    kinds = {"qid": ID, "query": TEXT, "duration": NUMBER, "vid": TEXT, "relevant_windows": LIST}
    line = {key: field(entry, key, kind, where) for key, kind in kinds.items()}
    if not 0 < line["duration"] <= _LONGEST_S:
        raise ValueError(f"{where}: 'duration' is {line['duration']} s, not up to {_LONGEST_S}")
    windows = []
    for window in line["relevant_windows"]:
        pair = isinstance(window, list) and len(window) == 2
        if not pair or not all(_is_time(value) for value in window) or not window[0] < window[1]:
            raise ValueError(f"{where}: a relevant window must be [start, end] in seconds")
        if window[0] < line["duration"]:
            windows.append([window[0], min(window[1], line["duration"])])
    if not windows:
        leave_out(where, "it has no relevant window within the film")
        return None
    return line | {"relevant_windows": windows}


def _is_time(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and value >= 0


def _sample(query: str, film: str, window: tuple[float, float]) -> dict[str, Any]:
    claim = _LAST_MARKS.sub(r"\1", query.strip())
    text = (
        f"Is it true that this happens between <start_time> and <end_time>: {claim}? "
        "Answer yes or no."
    )
    times = {"start_time": clock(window[0]), "end_time": clock(window[1])}
    return {"conversations": human(text), "path": film} | times


def _given(sample: Mapping[str, Any], number: int, where: str, videos: Path) -> Question:
    """A question of a set in the published sample format."""
    turns = field(sample, "conversations", LIST, where)
    if len(turns) < 2 or not all(isinstance(turn, dict) for turn in turns):
        raise ValueError(f"{where}: 'conversations' must be a question and its answer")
    *asked, answer = turns
    gold = official_yes_no(field(answer, "value", TEXT, where))
    if gold is None:
        raise ValueError(f"{where}: the answer is neither yes nor no")
    path = str(videos / field(sample, "path", TEXT, where))
    shown = dict(sample) | {"conversations": asked, "path": path}
    return Question(str(sample.get("id", number)), shown, gold, {"answer": gold}, 8)


def official_yes_no(answer: str) -> str | None:
    """Return whether an answer begins with yes or no, whatever follows ("Nobody" begins with no),
    or None."""
    words = answer.strip().lower()
    return "yes" if words.startswith("yes") else "no" if words.startswith("no") else None


def score(questions: Sequence[Question], predictions: Predictions, ask: Ask | None) -> Scored:
    """Accuracy by what the answer begins with, and `strict` by what it clearly says; an answer that
    is neither yes nor no is wrong."""
    rows = []
    for question in questions:
        said = predicted(predictions, question)
        points = float(said is not None and official_yes_no(said) == question.gold)
        strict = float(read_yes_no(said) == question.gold)
        rows.append(Row(question.id, points, question.about, strict=strict))
    metrics = {HEADLINE: mean(r.points for r in rows)} | means_by(rows, "answer")
    metrics["strict"] = mean(r.strict for r in rows)
    metrics["answered"] = share_answered(questions, predictions)
    return Scored(metrics, rows)
