"""Stage `scores`: predictions scored by the official rules, and the table beside the paper's."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from strefer.agents.chat import Chat, ChatRequest, load_chat
from strefer.benchmarks.predictions import read_predictions
from strefer.benchmarks.questions import Ask
from strefer.benchmarks.registry import BENCHMARKS, load_questions
from strefer.prompts import load_prompt
from strefer.stage import atomic_write

JUDGE_TOKENS = 96  # four lines of marks, however many tokens the judge needs for a word
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
        prompts: prompt files by role; needed with a judge.

    Returns:
        The metrics.
    """
    kind = BENCHMARKS[benchmark]
    questions = load_questions(benchmark, files, seed)
    ask, arguments = None, {}
    if kind.judge_prompt is not None and judge is not None:
        ask = _judge(judge, seed)
        arguments = {"template": load_prompt(prompts[kind.judge_prompt])}
    scored = kind.module.score(questions, read_predictions(predictions), ask, **arguments)
    content = {"metrics": scored.metrics, "rows": [asdict(row) for row in scored.rows]}
    with atomic_write(output) as file:
        json.dump(content, file, indent=1)
    return scored.metrics


def _judge(spec: Mapping[str, Any], seed: int) -> Ask:
    """The judge; its model is loaded when it is first asked: a rule may decide everything."""
    loaded: list[Chat] = []

    def ask(prompts: Sequence[str]) -> list[str]:
        if not loaded:
            loaded.append(load_chat(spec))
        requests = [ChatRequest(p, seed=seed, max_new_tokens=JUDGE_TOKENS) for p in prompts]
        return loaded[0].reply(requests)

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
    recipe and the first with its 95% bootstrap interval over the questions.

    What nobody could decide is None: a benchmark without its judge, a difference of one recipe.
    """
    recipes = list(dict.fromkeys(recipe for recipe, _ in scores))
    rows = []
    for name in dict.fromkeys(benchmark for _, benchmark in scores):
        files = {r: json.loads(scores[r, name].read_text(encoding="utf-8")) for r in recipes}
        kind = BENCHMARKS[name]
        headline = kind.module.HEADLINE
        values = {recipe: content["metrics"][headline] for recipe, content in files.items()}
        row = {"benchmark": name, "title": kind.title, "metric": headline, "values": values}
        row |= {"paper_base": kind.paper_base, "paper_strefer": kind.paper_strefer}
        row |= {"difference": None, "low": None, "high": None}
        first, last = values[recipes[0]], values[recipes[-1]]
        if len(recipes) > 1 and first is not None and last is not None:
            row["difference"] = last - first
            pair = files[recipes[0]]["rows"], files[recipes[-1]]["rows"]
            row["low"], row["high"] = difference_interval(*pair, kind.mean_of, seed)
        rows.append(row)
    return rows


def difference_interval(
    first: Sequence[Mapping], last: Sequence[Mapping], mean_of: str | None, seed: int
) -> tuple[float, float]:
    """The 95% interval of the difference of two recipes' headline metric over the same questions.

    Args:
        first, last: their rows: `id`, `points` (None counts for nothing) and `about`.
        mean_of: as in `Benchmark`; the questions are then drawn within each group.

    Raises:
        ValueError: if the two have other questions.
    """
    points = {row["id"]: row["points"] for row in first}
    if points.keys() != {row["id"] for row in last}:
        raise ValueError("the recipes were scored on different questions; score them again")
    groups: dict[str, list[tuple[float | None, float | None]]] = {}
    for row in last:
        group = row["about"][mean_of] if mean_of else ""
        groups.setdefault(group, []).append((points[row["id"]], row["points"]))
    drawn = np.random.default_rng(seed)
    gains = np.mean([_resampled_gains(pairs, drawn) for pairs in groups.values()], axis=0)
    low, high = np.nanpercentile(gains, [2.5, 97.5])
    return float(low), float(high)


def _resampled_gains(pairs: list, drawn: np.random.Generator) -> np.ndarray:
    """Differences of the two means in `RESAMPLES` draws of the pairs, each over what counts."""
    points = np.array(pairs, float)  # None becomes NaN
    counts, known = np.nan_to_num(points), ~np.isnan(points)
    gains = np.empty(RESAMPLES)
    for i in range(RESAMPLES):
        one = drawn.integers(0, len(points), len(points))
        with np.errstate(invalid="ignore"):
            means = counts[one].sum(0) / known[one].sum(0)
        gains[i] = means[1] - means[0]
    return gains
