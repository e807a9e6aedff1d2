"""Stage `scores`: predictions scored by the official rules, and the table beside the paper's."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from strefer.agents.chat.interface import Chat, ChatRequest
from strefer.agents.chat.load import load_chat
from strefer.agents.reply_text import without_thinking
from strefer.benchmarks.kept_files import content_of, make_files
from strefer.benchmarks.prediction_files import read_predictions
from strefer.benchmarks.questions import Ask, Question
from strefer.benchmarks.registry import BENCHMARKS, load_questions
from strefer.files import atomic_write, digest_of_file
from strefer.prompts import load_prompt
from strefer.recipes.students import recipe_of
from strefer.stage.fingerprint import making_of

JUDGE_TOKENS = 320  # a comparison and four lines of marks
RESAMPLES = 2000


def score_benchmarks(
    predictions: Mapping[str, Path],
    files: Mapping[str, Mapping[str, str | None]],
    outputs: Mapping[str, Path],
    store: Path,
    code: str,
    seed: int,
    judge: Mapping[str, Any],
    prompts: Mapping[str, str],
) -> None:
    """Score a student's predictions of all benchmarks and write a file for each.

    The judge is loaded once, and not at all if no benchmark that it decides has changed.

    Args:
        predictions: predictions files, by benchmark.
        files: by benchmark, as `load_questions`.
        outputs: the files of scores, by benchmark.
        store: where they are kept, by all that made them.
        code: the digest of the code.
        judge: specification of the chat agent that decides what no rule can.
        prompts: prompt files by role.
    """
    asked = {name: load_questions(name, files[name], seed) for name in outputs}
    ask = _judge(judge, seed)
    made_from = {}
    for name, questions in asked.items():
        role = BENCHMARKS[name].judge_prompt
        judged = ({role: prompts[role]}, {"judge": judge}) if role else ()
        made_from[name] = making_of(code, {"seed": seed}, *judged) | {
            "asked": content_of(questions, films=False),
            "predictions": digest_of_file(predictions[name]),
        }

    def make(name: str, output: Path) -> None:
        _score(name, asked[name], predictions[name], output, ask, prompts)

    make_files(store, outputs, made_from, make)


def score_predictions(
    predictions: Path | Sequence[Path],
    benchmark: str,
    files: Mapping[str, str | None],
    output: Path,
    seed: int,
    judge: Mapping[str, Any] | None,
    prompts: Mapping[str, str],
) -> dict[str, float | None]:
    """Score one benchmark's predictions, a file or several, and write `{"metrics": …, "rows": …}`
    with the judge's replies.

    Args:
        judge: specification of the chat agent that decides what rules cannot; None for no judge.
        prompts: prompt files by role; needed with a judge.

    Returns:
        The metrics.
    """
    questions = load_questions(benchmark, files, seed)
    ask = None if judge is None else _judge(judge, seed)
    return _score(benchmark, questions, predictions, output, ask, prompts)


def _score(
    benchmark: str,
    questions: Sequence[Question],
    predictions: Path | Sequence[Path],
    output: Path,
    ask: Ask | None,
    prompts: Mapping[str, str],
) -> dict[str, float | None]:
    kind = BENCHMARKS[benchmark]
    arguments = {}
    if kind.judge_prompt is None:
        ask = None
    elif ask is not None:
        arguments = {"template": load_prompt(prompts[kind.judge_prompt])}
    said = read_predictions(predictions, questions)
    scored = kind.module.score(questions, said, ask, **arguments)
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
        return [without_thinking(reply) for reply in loaded[0].reply(requests)]

    return ask


def gather_scores(scores: Mapping[tuple[str, str], Path], output: Path) -> None:
    """Write scores.json, {student: {benchmark: {metric: value}}}, from the files by
    (student, benchmark)."""
    table: dict[str, dict[str, Any]] = {}
    for (student, benchmark), path in scores.items():
        metrics = json.loads(path.read_text(encoding="utf-8"))["metrics"]
        table.setdefault(student, {})[benchmark] = metrics
    with atomic_write(output) as file:
        json.dump(table, file, indent=1)
        file.write("\n")


class Difference(NamedTuple):
    """Of a recipe's headline metric from the first recipe's, and its interval."""

    value: float
    low: float
    high: float


def compare(scores: Mapping[tuple[str, str], Path], seed: int = 0) -> list[dict[str, Any]]:
    """A row a benchmark: the headline metric of each recipe, as the mean over its seeds; beside it
    the strict one, where answers that cannot be read are wrong, for benchmarks that have it; the
    difference of each further recipe from the first, with its 95% bootstrap interval over seeds
    and questions.

    An undecided score (of a benchmark without its judge) is None and has no difference.

    Args:
        scores: files by (student, benchmark); a student is a recipe with one seed.
    """
    students: dict[str, list[str]] = {}
    for student in dict.fromkeys(student for student, _ in scores):
        students.setdefault(recipe_of(student), []).append(student)
    rows = []
    for name in dict.fromkeys(benchmark for _, benchmark in scores):
        files = {
            recipe: [json.loads(scores[s, name].read_text(encoding="utf-8")) for s in own]
            for recipe, own in students.items()
        }
        kind = BENCHMARKS[name]
        headline = kind.module.HEADLINE
        values = {recipe: _mean_of(contents, headline) for recipe, contents in files.items()}
        row = {"benchmark": name, "title": kind.title, "metric": headline, "values": values}
        if all("strict" in scored["metrics"] for scored in itertools.chain(*files.values())):
            row["strict"] = {recipe: _mean_of(scored, "strict") for recipe, scored in files.items()}
        row |= {"paper_base": kind.paper_base, "paper_strefer": kind.paper_strefer}
        first, *others = students
        points = {recipe: [content["rows"] for content in files[recipe]] for recipe in students}
        row["differences"] = {
            recipe: Difference(
                values[recipe] - values[first],
                *difference_interval(points[first], points[recipe], kind.mean_of, seed),
            )
            for recipe in others
            if None not in (values[first], values[recipe])
        }
        rows.append(row)
    return rows


def _mean_of(contents: Sequence[Mapping[str, Any]], metric: str) -> float | None:
    values = [content["metrics"][metric] for content in contents]
    return None if None in values else sum(values) / len(values)


def difference_interval(
    firsts: Sequence[Sequence[Mapping]],
    lasts: Sequence[Sequence[Mapping]],
    mean_of: str | None,
    seed: int,
) -> tuple[float, float]:
    """The 95% interval of the difference of two recipes' headline metric over the same questions.

    Args:
        firsts, lasts: for each seed, the rows of the two: `id`, `points` (None counts for nothing)
            and `about`.
        mean_of: as in `Benchmark`; the questions are then drawn within each group.

    Raises:
        ValueError: if the two have other questions.
    """
    groups: dict[str, list[list[tuple]]] = {}  # of each question, its points by seed and recipe
    by_id = [{row["id"]: row["points"] for row in rows} for rows in (*firsts, *lasts)]
    if any(points.keys() != by_id[0].keys() for points in by_id):
        raise ValueError("the recipes were scored on different questions; score them again")
    before, after = by_id[: len(firsts)], by_id[len(firsts) :]
    for row in lasts[0]:
        group = row["about"][mean_of] if mean_of else ""
        pairs = [(b[row["id"]], a[row["id"]]) for b, a in zip(before, after, strict=True)]
        groups.setdefault(group, []).append(pairs)
    drawn = np.random.default_rng(seed)
    seeds = drawn.integers(0, len(firsts), (RESAMPLES, len(firsts)))
    gains = [_resampled_gains(np.array(pairs, float), seeds, drawn) for pairs in groups.values()]
    low, high = np.nanpercentile(np.mean(gains, axis=0), [2.5, 97.5])
    return float(low), float(high)


def _resampled_gains(
    points: np.ndarray, seeds: np.ndarray, drawn: np.random.Generator
) -> np.ndarray:
    """Differences of the two means in `RESAMPLES` draws, each over what counts.

    Args:
        points: [questions, seeds, 2]; NaN counts for nothing.
        seeds: those of each draw [RESAMPLES, seeds].
    """
    counts, known = np.nan_to_num(points), ~np.isnan(points)
    gains = np.empty(RESAMPLES)
    for i in range(RESAMPLES):
        chosen = np.ix_(drawn.integers(0, len(points), len(points)), seeds[i])
        with np.errstate(invalid="ignore"):
            means = counts[chosen].sum((0, 1)) / known[chosen].sum((0, 1))
        gains[i] = means[1] - means[0]
    return gains
