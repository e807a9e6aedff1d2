"""Stage `scores`: predictions scored by the official rules, and the table beside the paper's."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from strefer.agents.chat import ChatRequest, load_chat
from strefer.benchmarks.predictions import read_predictions
from strefer.benchmarks.questions import Ask
from strefer.benchmarks.registry import BENCHMARKS, load_questions
from strefer.prompts import load_prompt
from strefer.stage import atomic_write

JUDGE_TOKENS = 64
RESAMPLES = 2000


def score_predictions(
    predictions: Path,
    benchmark: str,
    files: Mapping[str, str | None],
    output: Path,
    seed: int,
    judge: Mapping[str, Any] | None,
    prompts: Mapping[str, str],
) -> dict[str, float | None]:
    """Score a predictions file and write `{"metrics": …, "rows": …}`, judge replies included.

    Args:
        judge: specification of the chat agent that decides what no rule can; None: nobody does.
        prompts: prompt files by role.

    Returns:
        The metrics.
    """
    kind = BENCHMARKS[benchmark]
    questions = load_questions(benchmark, files, seed)
    ask, arguments = None, {}
    if kind.judge_prompt is not None:
        ask = _judge(judge, seed) if judge else None
        arguments = {"template": load_prompt(prompts[kind.judge_prompt])}
    scored = kind.module.score(questions, read_predictions(predictions), ask, **arguments)
    content = {"metrics": scored.metrics, "rows": [asdict(row) for row in scored.rows]}
    with atomic_write(output) as file:
        json.dump(content, file, indent=1)
    return scored.metrics


def _judge(spec: Mapping[str, Any], seed: int) -> Ask:
    def ask(prompts: Sequence[str]) -> list[str]:
        if not prompts:
            return []
        requests = [ChatRequest(p, seed=seed, max_new_tokens=JUDGE_TOKENS) for p in prompts]
        return load_chat(spec).reply(requests)

    return ask


def gather_scores(scores: Mapping[tuple[str, str], Path], output: Path) -> None:
    """Write scores.json, {recipe: {benchmark: {metric: value}}}, from the files by
    (recipe, benchmark)."""
    table: dict[str, dict[str, Any]] = {}
    for (recipe, benchmark), path in scores.items():
        metrics = json.loads(path.read_text(encoding="utf-8"))["metrics"]
        table.setdefault(recipe, {})[benchmark] = metrics
    with atomic_write(output) as file:
        json.dump(table, file, indent=1)
        file.write("\n")


def compare(scores: Mapping[tuple[str, str], Path], seed: int = 0) -> list[dict[str, Any]]:
    """A row a benchmark: the headline metric of each recipe, and the difference between the last
    and the first with its 95% bootstrap interval over the questions."""
    recipes = list(dict.fromkeys(recipe for recipe, _ in scores))
    rows = []
    for name in dict.fromkeys(benchmark for _, benchmark in scores):
        files = {r: json.loads(scores[r, name].read_text(encoding="utf-8")) for r in recipes}
        kind = BENCHMARKS[name]
        headline = kind.module.HEADLINE
        values = {recipe: content["metrics"][headline] for recipe, content in files.items()}
        row = {"benchmark": name, "title": kind.title, "metric": headline, "values": values}
        row |= {"paper_base": kind.paper_base, "paper_strefer": kind.paper_strefer}
        first, last = files[recipes[0]]["rows"], files[recipes[-1]]["rows"]
        rows.append(row | _difference(first, last, seed))
    return rows


def _difference(first: list[dict], last: list[dict], seed: int) -> dict[str, float | None]:
    """Mean difference of the questions that both have points for, and its interval."""
    points = {row["id"]: row["points"] for row in first}
    pairs = [
        (points[row["id"]], row["points"])
        for row in last
        if row["points"] is not None and points.get(row["id"]) is not None
    ]
    if not pairs:
        return {"difference": None, "low": None, "high": None}
    gains = np.array([after - before for before, after in pairs])
    drawn = np.random.default_rng(seed).integers(0, len(gains), (RESAMPLES, len(gains)))
    low, high = np.percentile(gains[drawn].mean(1), [2.5, 97.5])
    return {"difference": float(gains.mean()), "low": float(low), "high": float(high)}
