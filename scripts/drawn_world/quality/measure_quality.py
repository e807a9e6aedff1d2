"""Stage `quality`: each agent and the data of a run against the demo world's ground truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

from drawn_world.quality.detector_and_tracker import measure_teachers
from drawn_world.quality.films import MeasuredFilm, parsed_share, read_run
from drawn_world.quality.pairs import (
    KINDS,
    distinct_2,
    exact_duplicates,
    near_duplicates,
    share_of_templates,
    truth_of_pairs,
)
from drawn_world.quality.run_agents import measure_film
from drawn_world.quality.text_only import text_only_choice, text_only_yes_no
from strefer.documentation.figures import QUALITY, write_figures
from strefer.instructions.verification.checks import CHECKS, check_of
from strefer.records import Instruction

Figures = dict[str, float | None]
ENTITIES = 3


def measure_quality(
    stages: Mapping[str, Sequence[Path]],
    truth_dir: Path,
    videos_dir: Path,
    agents: Mapping[str, Mapping],
    options: Mapping,
    output: Path,
    command: str,
) -> None:
    """Write quality.json: every fixed key, and the same keys by hard case.

    Args:
        stages: the run's shard files by stage.
        truth_dir, videos_dir: the drawn films and the truth about them.
        agents: specifications of `detector` and `tracker`, which are also measured by themselves.
        options: `tracks`, the options of that stage; `teacher_films`, how many films detector and
            tracker are measured on; with 0 no model is loaded or trained, and what needs one is
            not measured.
        command: what a reader calls to measure it again.
    """
    films = read_run(stages, truth_dir)
    by_models = options["teacher_films"] > 0
    figures = figures_of(films)
    if by_models:
        figures["pairs.text_only_yes_no"] = text_only_yes_no(films)
        figures["pairs.text_only_choice"] = text_only_choice(films)
    cases = sorted({case for film in films for case in film.truth.hard_cases})
    for case in cases:
        of_case = [film for film in films if case in film.truth.hard_cases]
        some = figures_of(of_case, by_text=False)
        figures |= {f"{name}@{case}": value for name, value in some.items()}
    figures["replies.parsed"] = parsed_share(stages)
    if by_models:
        figures |= measure_teachers(films, videos_dir, agents, options)
    write_figures(output, QUALITY, figures, command)


def figures_of(films: Sequence[MeasuredFilm], by_text: bool = True) -> Figures:
    """The figures of these films; None where nothing was there to measure."""
    pooled: dict[str, list[float]] = {}
    for film in films:
        for name, values in measure_film(film).items():
            pooled.setdefault(name, []).extend(values)
    counts = {name: pooled.pop(name) for name in list(pooled) if name.startswith("segments.")}
    figures: Figures = {name: fmean(values) if values else None for name, values in pooled.items()}
    for kind in ("hard", "gradual"):
        figures[f"segments.{kind}_f1"] = _f1(counts, f"segments.{kind}")
    return figures | _pair_figures(films, by_text)


def _f1(counts: Mapping[str, list[float]], name: str) -> float | None:
    hits, true, found = (
        sum(counts.get(f"{name}_{part}", [])) for part in ("hits", "true", "found")
    )
    return 2 * hits / (true + found) if true else None


def _pair_figures(films: Sequence[MeasuredFilm], by_text: bool) -> Figures:
    judged = [one for film in films for one in truth_of_pairs(film)]
    kept_of = [[p for p in film.records["instructions"] if not p.rejected] for film in films]
    pairs = [pair for kept in kept_of for pair in kept]
    figures = _truth_figures(judged, "")
    # The paper's figure is for films of a minute with three entities.
    of_three = [len(film.truth.entities) == ENTITIES for film in films]
    figures["pairs.per_minute_film"] = _per_minute(films, kept_of, of_three)
    figures["pairs.per_minute_any_film"] = _per_minute(films, kept_of, [True] * len(films))
    if not by_text:
        return figures
    near = [value for kept in kept_of for value in near_duplicates(kept)]
    figures["pairs.near_duplicates"] = fmean(near) if near else None
    figures["pairs.exact_duplicates"] = float(sum(exact_duplicates(kept) for kept in kept_of))
    questions = [pair.question for pair in pairs]
    answers = [pair.answer for pair in pairs if pair.form == "open"]
    figures["pairs.distinct2_questions"] = distinct_2(questions)
    figures["pairs.distinct2_answers"] = distinct_2(answers)
    figures["pairs.share_of_20_templates"] = share_of_templates(questions)
    for group, count in sorted(Counter(p.group for p in pairs).items()):
        figures[f"pairs.share_{group}"] = count / len(pairs)
    for group in sorted({pair.group for pair, _ in judged}):
        figures |= _truth_figures([one for one in judged if one[0].group == group], f"_{group}")
    for kind, belongs in KINDS.items():
        figures |= _truth_figures([one for one in judged if belongs(one[0])], f"_{kind}")
    for check in CHECKS:
        true = [true for p, true in judged if p.rejected and check_of(p.rejected) == check]
        figures[f"checks.rejected_{check}"] = len(true) / len(judged) if judged else None
        figures[f"checks.true_of_rejected_{check}"] = fmean(true) if true else None
    return figures


def _per_minute(
    films: Sequence[MeasuredFilm],
    kept_of: Sequence[Sequence[Instruction]],
    counts: Sequence[bool],
) -> float | None:
    """Accepted pairs a minute in the films that count."""
    minutes = sum(f.truth.duration_s for f, one in zip(films, counts, strict=True) if one) / 60
    made = sum(len(kept) for kept, one in zip(kept_of, counts, strict=True) if one)
    return made / minutes if minutes else None


def _truth_figures(judged: Sequence[tuple[Instruction, bool]], suffix: str) -> Figures:
    """Share true before and after verification, and share of the true ones that it kept."""
    before = [true for _, true in judged]
    after = [true for pair, true in judged if pair.rejected is None]
    return {
        f"pairs.true_before{suffix}": fmean(before) if before else None,
        f"pairs.true_after{suffix}": fmean(after) if after else None,
        f"pairs.true_kept{suffix}": sum(after) / sum(before) if any(before) else None,
    }
