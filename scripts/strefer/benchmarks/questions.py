"""What all benchmarks share: a question, a scored answer, and the reading of their files."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Question:
    """One question of a benchmark.

    Attributes:
        id: unique within the benchmark.
        sample: in the published format (see published_format.py), without an answer.
        gold: the right answer, as the scorer wants it.
        about: what the scores are reported by (type, aspect, duration, …).
        max_new_tokens: the longest answer that makes sense.
    """

    id: str
    sample: Mapping[str, Any]
    gold: Any
    about: Mapping[str, str] = field(default_factory=dict)
    max_new_tokens: int = 16


@dataclass(frozen=True)
class Row:
    """One scored answer: points (None if it counts for nothing) and, where a judge was asked,
    its reply."""

    id: str
    points: float | None
    about: Mapping[str, str] = field(default_factory=dict)
    judged: str | None = None


@dataclass(frozen=True)
class Scored:
    """A benchmark's metrics, and the rows that the headline metric is the mean of (for TempCompass
    the mean of the forms' means)."""

    metrics: dict[str, float | None]
    rows: list[Row]


Ask = Callable[[Sequence[str]], list[str]]  # prompts to a judge's replies


def human(text: str) -> list[dict[str, str]]:
    """A conversation that waits for its answer."""
    return [{"from": "human", "value": f"<image>\n{text}"}]


def read_json(path: Path) -> Any:
    """Read a benchmark's JSON or JSON Lines file.

    Raises:
        ValueError: if it is missing or is neither; names the file.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError:
        raise ValueError(f"benchmark file {path}: no such file") from None
    try:
        if path.suffix == ".jsonl":
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"benchmark file {path}: not JSON: {error}") from None


def mean(values: Iterable[float | None]) -> float | None:
    """The mean of what is not None; None of nothing."""
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None


def means_by(rows: Sequence[Row], key: str) -> dict[str, float | None]:
    """`<key>/<value>`: the mean points of the rows with that value."""
    values = sorted({row.about[key] for row in rows if key in row.about})
    return {
        f"{key}/{value}": mean(row.points for row in rows if row.about.get(key) == value)
        for value in values
    }


def predicted(predictions: Mapping[str, str], question: Question) -> str:
    """The prediction for a question.

    Raises:
        ValueError: if there is none.
    """
    try:
        return predictions[question.id]
    except KeyError:
        raise ValueError(
            f"predictions: there is no answer to question {question.id!r}; every question of the "
            "benchmark needs a line"
        ) from None
