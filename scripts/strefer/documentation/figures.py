"""The files of docs/figures: every key that is fixed, and where and how the values were measured.

The README's claims come from these files. A key that was not measured is null.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strefer.files import ROOT, atomic_write

Figures = Mapping[str, float | None]

QUALITY = (
    "detector.recall",
    "detector.precision",
    "tracker.j_visible",
    "tracker.empty_when_absent",
    "entities.recall",
    "entities.precision",
    "parser.exact",
    "existence.accuracy",
    "behaviour.accuracy",
    "replies.parsed",
    "masklets.paper.jf",
    "masklets.ours.jf",
    "masklets.paper.never_together_recall",
    "masklets.ours.never_together_recall",
    "segments.hard_f1",
    "segments.gradual_f1",
    "pairs.true_before",
    "pairs.true_after",
    "pairs.true_kept",
    "pairs.text_only_yes_no",
    "pairs.text_only_choice",
    "pairs.per_minute_film",
    "pairs.near_duplicates",
)
BENCH = (
    "masklets.speedup",
    "masklets.speedup_warm",
    "transcripts.frame_encodes_ratio",
    "clips.vs_scenedetect",
    "clips.vs_decode",
    "feeding.busy_share",
    "feeding.stage_ratio",
    "templates.seconds_947854",
    "plan.seconds_4253",
    "plan.mb_4253",
    "plan.seconds_1000000",
    "workflow.overhead_share",
    "training.tokens_ratio",
    "training.data_wait_share",
    "scoring.seconds_1000",
    "demo.seconds",
    "demo.peak_mb",
    "vllm.prefix_hit_share",
    "store.inodes_per_item",
    "store.rerun_seconds_100000",
    "faults.injected",
    "faults.wrong",
    "kills.lost",
)
REAL = (
    "text.films",
    "text.lines_read",
    "text.entities_told",
    "text.pairs_per_minute",
    "text.read_aloud",
    "text.good",
    "text.false",
    "text.ungrammatical",
    "replies.read",
    "replies.refused",
    "contracts.models",
    "contracts.passed",
    "films.odd",
    "films.right",
    *(
        f"shots.{kind}_f1@{detector}"
        for kind in ("hard", "gradual")
        for detector in ("content", "adaptive", "transnetv2")
    ),
    "benchmarks.verdicts",
    "benchmarks.disagreements",
    "conda.rules",
    "conda.identical",
)
_BASE, _WHOLE = "base", "strefer"
REPRODUCE = tuple(
    f"{benchmark}.{column}"
    for benchmark in ("videorefer_d", "videorefer_q", "qvhighlights", "tempcompass", "videomme")
    for column in (_BASE, _WHOLE, "difference", "difference_low", "difference_high")
)


@dataclass(frozen=True)
class Compared:
    """A recipe's score, and the 95% interval of its difference from the first recipe's."""

    value: float | None
    low: float | None
    high: float | None


def comparison_figures(rows: Iterable[Mapping[str, Any]]) -> Figures:
    """The figures of reproduce.json from the rows of `compare`."""
    figures: dict[str, float | None] = {}
    for row in rows:
        benchmark = row["benchmark"]
        figures |= {f"{benchmark}.{recipe}": value for recipe, value in row["values"].items()}
        for recipe, found in row["differences"].items():
            low, high = (f"{benchmark}.{name}" for name in _interval_of(recipe))
            figures |= {low: found.low, high: found.high}
            if recipe == _WHOLE:
                figures[f"{benchmark}.difference"] = found.value
    return figures


def compared_recipes(figures: Figures) -> dict[str, dict[str, Compared]]:
    """Read back the output of `comparison_figures`, by recipe (base first, strefer last) and
    benchmark."""
    names = [name.split(".", 1) for name in figures if name != "about"]
    benchmarks = dict.fromkeys(benchmark for benchmark, _ in names)
    columns = {column for _, column in names}
    intervals = {name for column in columns for name in _interval_of(column)}
    others = sorted(columns - intervals - {_BASE, _WHOLE, "difference"})
    return {
        recipe: {
            benchmark: Compared(
                *(figures.get(f"{benchmark}.{name}") for name in (recipe, *_interval_of(recipe)))
            )
            for benchmark in benchmarks
        }
        for recipe in (_BASE, *others, _WHOLE)
    }


def _interval_of(recipe: str) -> tuple[str, str]:
    """Names of the two ends of a recipe's interval."""
    own = "" if recipe == _WHOLE else f"{recipe}_"
    return f"{own}difference_low", f"{own}difference_high"


def write_figures(path: Path, fixed: tuple[str, ...], values: Figures, command: str) -> None:
    """Write a figures file.

    Args:
        fixed: keys that are always there, in this order; further ones follow in order of name.
        values: what was measured.
        command: what a reader calls to measure it again.
    """
    _write(path, fixed, values, {"command": command} | _circumstances())


def merge_figures(
    path: Path, fixed: tuple[str, ...], values: Figures, command: str, part: str
) -> None:
    """Put the figures of one part into a figures file; all others stay as they are.

    Args:
        part: name of what was measured; the file's `about` keeps each part's circumstances.
    """
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    about = known.pop("about", {})
    parts = about.get("parts", {}) | {part: _circumstances()}
    about = {"command": command} | _circumstances() | {"parts": dict(sorted(parts.items()))}
    _write(path, fixed, known | values, about)


def _write(path: Path, fixed: tuple[str, ...], values: Figures, about: dict) -> None:
    ordered = {key: values.get(key) for key in fixed}
    ordered |= {key: values[key] for key in sorted(values.keys() - set(fixed))}
    with atomic_write(path) as file:
        json.dump({"about": about} | ordered, file, indent=1)
        file.write("\n")


def _circumstances() -> dict[str, str]:
    return {
        "commit": _commit(),
        "date": datetime.date.today().isoformat(),
        "machine": f"{os.cpu_count()} CPU cores, {platform.machine()}, {platform.system()}",
    }


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"
