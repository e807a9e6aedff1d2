"""Shared by all benchmarks: questions, scored answers, and means over them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Question:
    """One question of a benchmark.

    Attributes:
        id: unique within the benchmark; says nothing about the answer.
        sample: in the published format (see published_format.py), without an answer. Its `context`
            is the part of the text that may be shortened, if there is one.
        gold: the right answer, as the scorer wants it.
        about: what the scores are reported by (type, aspect, duration, …).
        max_new_tokens: the longest answer that makes sense.
        old_id: its id in predictions of earlier versions, if that was another.
    """

    id: str
    sample: Mapping[str, Any]
    gold: Any
    about: Mapping[str, str] = field(default_factory=dict)
    max_new_tokens: int = 16
    old_id: str | None = None


@dataclass(frozen=True)
class Row:
    """One scored answer.

    Attributes:
        points: by the official rule; None counts for nothing.
        judged: the judge's reply, where one was asked.
        strict: the points where an answer that cannot be read is wrong; None as above.
    """

    id: str
    points: float | None
    about: Mapping[str, str] = field(default_factory=dict)
    judged: str | None = None
    strict: float | None = None


@dataclass(frozen=True)
class Scored:
    """A benchmark's metrics, and the rows that the headline metric is the mean of (for TempCompass
    the mean of the forms' means)."""

    metrics: dict[str, float | None]
    rows: list[Row]


Ask = Callable[[Sequence[str]], list[str]]  # prompts to a judge's replies
Predictions = Mapping[str, str | None]  # answers by question id; None means no answer


def human(text: str) -> list[dict[str, str]]:
    """A conversation that waits for its answer."""
    return [{"from": "human", "value": f"<image>\n{text}"}]


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


def share_answered(questions: Sequence[Question], predictions: Predictions) -> float | None:
    """The share of questions that have an answer at all."""
    return mean(float(predicted(predictions, question) is not None) for question in questions)


def predicted(predictions: Predictions, question: Question) -> str | None:
    """The prediction for a question; None if the model gave none.

    Raises:
        ValueError: if the question is missing from the predictions.
    """
    try:
        return predictions[question.id]
    except KeyError:
        raise ValueError(
            f"predictions: there is no answer to question {question.id!r}; every question of the "
            "benchmark needs a line (null means that the model gave no answer)"
        ) from None
