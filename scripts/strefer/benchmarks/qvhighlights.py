"""QVHighlights as yes/no: does it happen between t1 and t2? Balanced, seeded.

For each query one window that is relevant, and one of like length that is not: it overlaps no
relevant window. A query whose relevant windows leave no room (52 of the validation set's 1,550) is
left out, so that the set is balanced.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

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
from strefer.times import clock

HEADLINE = "accuracy"
_STEP_S = 2  # QVHighlights' windows begin and end at multiples of two seconds
_EXTENSIONS = (".mp4", ".mkv", ".webm")


def windows(lines: Sequence[Mapping], seed: int) -> list[tuple[Mapping, tuple[float, float], str]]:
    """The balanced set: (query's line, window in seconds, "yes" or "no")."""
    drawn = random.Random(seed)
    positives, negatives = [], []
    for line in lines:
        window = tuple(drawn.choice(line["relevant_windows"]))
        free = free_windows(line, window[1] - window[0])
        if free:
            positives.append((line, window, "yes"))
            negatives.append((line, drawn.choice(free), "no"))
    return [one for pair in zip(positives, negatives, strict=True) for one in pair]


def free_windows(line: Mapping, length_s: float) -> list[tuple[float, float]]:
    """Windows of that length, or of the longest that fits, that touch no relevant one."""
    taken, duration = line["relevant_windows"], line["duration"]
    for length in range(int(length_s), 0, -_STEP_S):
        found = [
            (float(start), float(start + length))
            for start in range(0, int(duration) - length + 1, _STEP_S)
            if all(start + length <= s or e <= start for s, e in taken)
        ]
        if found:
            return found
    return []


def load(annotations: Path, videos: Path, options: Mapping) -> list[Question]:
    """Questions from the annotation file (highlight_val_release.jsonl).

    Args:
        videos: the folder with `<vid>.mp4` (or .mkv, .webm).
        options: `seed`.

    Raises:
        ValueError: if a line lacks a field; names the query.
    """
    questions = []
    lines = read_json(annotations)
    for line in lines:
        for key in ("qid", "query", "duration", "vid", "relevant_windows"):
            if key not in line:
                raise ValueError(f"{annotations}, query {line.get('qid')}: {key!r} is missing")
    for line, (start_s, end_s), gold in windows(lines, options["seed"]):
        text = (
            "Does the following happen between <start_time> and <end_time> in the video? "
            f"{line['query']} Answer yes or no."
        )
        sample = {
            "conversations": human(text),
            "path": str(find_video(videos, line["vid"])),
            "start_time": clock(start_s),
            "end_time": clock(end_s),
        }
        questions.append(Question(f"{line['qid']}-{gold}", sample, gold, {"answer": gold}, 8))
    return questions


def find_video(folder: Path, name: str) -> Path:
    """`<name>` with the extension that is there; .mp4 if none is."""
    found = [folder / (name + extension) for extension in _EXTENSIONS]
    return next((path for path in found if path.exists()), found[0])


def score(questions: Sequence[Question], predictions: Mapping[str, str], ask: Ask | None) -> Scored:
    """Accuracy; an answer that is neither yes nor no is wrong."""
    rows = []
    for question in questions:
        words = predicted(predictions, question).strip().lower()
        said = "yes" if words.startswith("yes") else "no" if words.startswith("no") else None
        rows.append(Row(question.id, float(said == question.gold), question.about))
    return Scored({HEADLINE: mean(r.points for r in rows)} | means_by(rows, "answer"), rows)
