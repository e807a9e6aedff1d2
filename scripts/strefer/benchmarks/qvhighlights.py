"""QVHighlights as yes/no: does it happen between t1 and t2? Balanced, seeded.

For each query one window that is relevant, and one of the same length that is not: it overlaps no
relevant window. Where the rest of the video is shorter, a part of the relevant window is asked
about, so that the length gives nothing away. A query whose relevant windows leave no room (52 of
the validation set's 1,550) is left out, so that the set is balanced.

A set that somebody has drawn already is read in the published sample format instead.
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
        start_s, end_s = drawn.choice(line["relevant_windows"])
        free = free_windows(line, end_s - start_s)
        if free:
            negative = drawn.choice(free)
            length_s = negative[1] - negative[0]
            steps = int(end_s - start_s - length_s) // _STEP_S
            start_s = float(start_s + _STEP_S * drawn.randint(0, steps))
            positives.append((line, (start_s, start_s + length_s), "yes"))
            negatives.append((line, negative, "no"))
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
    """Questions from the annotation file (highlight_val_release.jsonl), or of a set in the
    published sample format, whose answers begin with yes or no.

    Args:
        videos: the folder with `<vid>.mp4` (or .mkv, .webm), or that `path` stands against.
        options: `seed`.

    Raises:
        ValueError: if a line lacks a field; names the query.
    """
    questions = []
    lines = read_json(annotations)
    if lines and "conversations" in lines[0]:
        return _given(annotations, lines, videos)
    for line in lines:
        for key in ("qid", "query", "duration", "vid", "relevant_windows"):
            if key not in line:
                raise ValueError(f"{annotations}, query {line.get('qid')}: {key!r} is missing")
    for line, (start_s, end_s), gold in windows(lines, options["seed"]):
        text = (
            "Is it true that this happens between <start_time> and <end_time>: "
            f"{line['query'].rstrip(' .')}? Answer yes or no."
        )
        sample = {
            "conversations": human(text),
            "path": str(find_video(videos, line["vid"])),
            "start_time": clock(start_s),
            "end_time": clock(end_s),
        }
        questions.append(Question(f"{line['qid']}-{gold}", sample, gold, {"answer": gold}, 8))
    return questions


def _given(annotations: Path, samples: Sequence[Mapping], videos: Path) -> list[Question]:
    """Questions of a set in the published sample format."""
    questions = []
    for number, sample in enumerate(samples):
        try:
            *asked, answer = sample["conversations"]
            path = str(videos / sample["path"])
            gold = said_yes_or_no(answer["value"])
        except (KeyError, ValueError) as error:
            raise ValueError(f"{annotations}, sample {number}: {error} is missing") from None
        if gold is None:
            raise ValueError(f"{annotations}, sample {number}: the answer is neither yes nor no")
        shown = dict(sample) | {"conversations": asked, "path": path}
        name = str(sample.get("id", number))
        questions.append(Question(name, shown, gold, {"answer": gold}, 8))
    return questions


def said_yes_or_no(answer: str) -> str | None:
    """What an answer begins with, or None."""
    words = answer.strip().lower()
    return "yes" if words.startswith("yes") else "no" if words.startswith("no") else None


def find_video(folder: Path, name: str) -> Path:
    """`<name>` with the extension that is there; .mp4 if none is."""
    found = [folder / (name + extension) for extension in _EXTENSIONS]
    return next((path for path in found if path.exists()), found[0])


def score(questions: Sequence[Question], predictions: Mapping[str, str], ask: Ask | None) -> Scored:
    """Accuracy; an answer that is neither yes nor no is wrong."""
    rows = []
    for question in questions:
        said = said_yes_or_no(predicted(predictions, question))
        rows.append(Row(question.id, float(said == question.gold), question.about))
    return Scored({HEADLINE: mean(r.points for r in rows)} | means_by(rows, "answer"), rows)
