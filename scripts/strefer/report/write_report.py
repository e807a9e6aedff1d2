"""Stage `report`: one HTML page on a run, complete in itself."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

from strefer.benchmarks.score_predictions import compare
from strefer.documentation.figures import QUALITY
from strefer.files import atomic_write
from strefer.records import (
    Clips,
    Instruction,
    Masklets,
    References,
    Transcript,
    Video,
    from_json,
)
from strefer.report.chain import count_chain, count_checks, count_groups, list_failures, read_stages
from strefer.report.losses import count_losses
from strefer.report.samples import show_film
from strefer.stage.run import Line

TEMPLATE = Path(__file__).with_name("template.html.j2")
FILMS_SHOWN = 4
REASONS_SHOWN = 8  # of what was lost in one step


def write_report(
    stages: Mapping[str, Sequence[Path]],
    scores: Mapping[tuple[str, str], Path],
    training_logs: Mapping[str, Path],
    quality: Path | None,
    output: Path,
    run: str,
    seed: int,
    warning: str | None = None,
    speeds: Mapping[str, str] | None = None,
    lost: Sequence[str] = (),
) -> None:
    """Write the page.

    Args:
        stages: shard files of the data stages, by stage, in the order of the chain.
        scores: score files by (recipe, benchmark).
        training_logs: loss curves (JSON Lines with step and loss) by recipe.
        quality: figures compared with the ground truth, if it is known.
        run: the run's name.
        seed: seed for choosing the pairs to show.
        warning: what a reader must know first.
        speeds: by stage, how fast the results were made, in words.
        lost: corrections about films that the run does not have, in words.
    """
    lines = read_stages(stages)
    rows = compare(scores, seed)
    instructions = lines.get("instructions", [])
    figures = json.loads(quality.read_text(encoding="utf-8")) if quality is not None else {}
    # Text in the page comes from models and file names: everything is escaped.
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    page = environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        run=run,
        warning=warning,
        flow=count_losses(lines),
        reasons_shown=REASONS_SHOWN,
        chain=count_chain(lines),
        groups=count_groups(instructions),
        scores=[_score_row(row) for row in rows],
        recipes=list(rows[0]["values"]) if rows else [],
        paper_shown=bool(rows),
        differences=draw_differences(rows),
        curves=draw_curves(training_logs),
        checks=count_checks(instructions, figures) if instructions else [],
        quality=_quality_rows(figures),
        films=_sample_films(lines, seed),
        failures=list_failures(lines),
        speeds=speeds or {},
        decisions=list_failures(lines, decisions=True),
        lost=lost,
    )
    with atomic_write(output) as file:
        file.write(page)


def _score_row(row: Mapping[str, Any]) -> dict[str, Any]:
    last = row["differences"].get(list(row["values"])[-1])
    return {
        "benchmark": row["title"],
        "metric": row["metric"],
        "values_shown": [_number(value) for value in row["values"].values()],
        "strict": [_number(value) for value in row.get("strict", {}).values()],
        "difference": _number(last and last.value, "+.3f"),
        "interval": f"{last.low:+.3f} to {last.high:+.3f}" if last else "",
        "paper_base": _papers(row["paper_base"]),
        "paper_strefer": _papers(row["paper_strefer"]),
    }


def _papers(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _number(value: float | None, form: str = ".3f") -> str:
    return "not decided" if value is None else format(value, form)


def _quality_rows(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, f"{figures[name]:.3f}") for name in QUALITY if figures.get(name) is not None]


def draw_curves(logs: Mapping[str, Path]) -> str | None:
    """The loss curves as base64 PNG; None if no training was long enough to log a loss."""
    from matplotlib.figure import Figure  # not pyplot: nothing global, no display

    curves = {recipe: points for recipe, path in logs.items() if (points := _read_losses(path))}
    if not curves:
        return None
    figure = Figure(figsize=(8, 3), layout="constrained")
    axes = figure.subplots()
    for recipe, points in curves.items():
        # Dots, because a short training has one point, and a line of one is nothing.
        axes.plot(*zip(*points, strict=True), marker=".", label=recipe)
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    axes.legend()
    return _as_png(figure)


def draw_differences(rows: Sequence[Mapping[str, Any]]) -> str | None:
    """The last recipe's difference from the first on each benchmark with its 95% interval, in per
    cent of the first's score, as base64 PNG; None if there is none."""
    from matplotlib.figure import Figure

    shown = []
    for row in rows:
        first, *_, last = row["values"]
        if (found := row["differences"].get(last)) and row["values"][first]:
            shown.append((row["title"], [100 * v / row["values"][first] for v in found]))
    if not shown:
        return None
    figure = Figure(figsize=(8, 0.8 + 0.4 * len(shown)), layout="constrained")
    axes = figure.subplots()
    for place, (_, (value, low, high)) in enumerate(reversed(shown)):
        axes.plot([low, high], [place, place], color="#2563eb", linewidth=2)
        axes.plot([value], [place], marker="o", color="#2563eb")
    axes.axvline(0, color="#5b6675", linewidth=1)
    axes.set_yticks(range(len(shown)), [title for title, _ in reversed(shown)])
    axes.set_xlabel(f"difference of {last} from {first}, % of its score, with 95% interval")
    return _as_png(figure)


def _as_png(figure: Any) -> str:
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=110, metadata={"Software": None})
    return base64.b64encode(picture.getvalue()).decode()


def _read_losses(path: Path) -> list[tuple[int, float]]:
    """(step, loss) of a training log."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [(line["step"], line["loss"]) for line in lines if "loss" in line]


def _sample_films(lines: Mapping[str, Sequence[Line]], seed: int) -> list[dict[str, Any]]:
    """The films with most masklets, in the order of their ids among equals."""
    kinds = {
        "videos": Video,
        "clips": Clips,
        "references": References,
        "masklets": Masklets,
        "transcripts": Transcript,
        "instructions": Instruction,
    }
    by_stage: dict[str, dict[str, list]] = {}
    for stage, kind in kinds.items():
        records = by_stage.setdefault(stage, {})
        for line in lines.get(stage, []):
            if line.record is not None:
                records.setdefault(line.video_id, []).append(from_json(kind, line.record))
    whole = [v for v in by_stage["videos"] if all(v in records for records in by_stage.values())]
    whole.sort(key=lambda v: (-len(by_stage["masklets"][v][0].masklets), v))
    return [
        show_film(
            video=by_stage["videos"][film][0],
            clips=by_stage["clips"][film][0],
            references=by_stage["references"][film][0],
            masklets=by_stage["masklets"][film][0],
            transcripts=by_stage["transcripts"][film],
            pairs=by_stage["instructions"][film],
            video_id=film,
            seed=seed,
        )
        for film in whole[:FILMS_SHOWN]
    ]
