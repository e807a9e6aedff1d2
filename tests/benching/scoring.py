"""Scoring 1,000 predictions without a judge (VideoRefer-Bench-Q)."""

from __future__ import annotations

import statistics
import time

from strefer.benchmarks import videorefer_q
from strefer.benchmarks.questions import Question


def measure() -> dict[str, float]:
    """Median seconds of five repeats."""
    sample = {"options": [f"({letter}) an option" for letter in "ABCD"]}
    questions = [
        Question(str(i), sample, "ABCD"[i % 4], {"type": f"type {i % 5}"}) for i in range(1000)
    ]
    predictions = {q.id: f"({'ABCD'[i % 3]})" for i, q in enumerate(questions)}
    seconds = []
    for _ in range(5):
        begin = time.perf_counter()
        videorefer_q.score(questions, predictions, None)
        seconds.append(time.perf_counter() - begin)
    return {"scoring.seconds_1000": statistics.median(seconds)}
