"""Summarize a run in a few lines for the terminal: films, failures, pairs, and where they are."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from strefer.corrections.apply import LOST, SET_ASIDE

_OWN = "snakemake --config run=mine videos=FOLDER -- instructions"
EXAMPLES = 3  # failures that are shown with their reasons


def summarize(
    run: Path, stages: Sequence[str], shards: Sequence[str], lost: Sequence[str] = ()
) -> list[str]:
    """Describe the current contents of a run's folder; a stage without its shard file is not done.

    Args:
        run: the run's folder.
        stages: the data stages, in the order of the chain; the first has one line per film.
        shards: the names of the run's shards.
        lost: corrections about films that the run does not have, in words.
    """
    first, last = stages[0], stages[-1]
    films: set[str] = set()
    reached: set[str] = set()
    failed: dict[str, dict[str, str]] = {stage: {} for stage in stages}
    aside: set[str] = set()
    lost = list(lost)
    for shard in shards:
        of_shard = {line["video_id"] for line in _read(run / first / f"{shard}.jsonl")}
        films |= of_shard
        if (run / last / f"{shard}.jsonl").is_file():
            reached |= of_shard
        for stage in stages:
            for film, failure in _failures(run / stage / f"{shard}.jsonl"):
                if failure["stage"] == SET_ASIDE:
                    aside.add(film)
                elif failure["stage"] == LOST:
                    lost.append(f"{film}: {failure['reason']}")
                else:
                    failed[stage][film] = failure["reason"]
    bad = {film for of_stage in failed.values() for film in of_stage}
    if not films:
        return ["Films    none yet"]
    counted = f"{len(reached - bad - aside)} of {len(films)} done"
    counted += f"; {len(aside)} left out" if aside else ""
    by_stage = ", ".join(f"{len(of)} in {stage}" for stage, of in failed.items() if of)
    lines = [f"Films    {counted}" + (f"; {len(bad)} failed ({by_stage})" if bad else "")]
    examples = [(film, why) for of_stage in failed.values() for film, why in of_stage.items()]
    lines += [f"         {film}: {why}" for film, why in examples[:EXAMPLES]]
    if len(examples) > EXAMPLES:
        lines.append(f"         and {len(examples) - EXAMPLES} more, all in the report")
    if lost:
        lines.append(f"Corrections that find nothing to correct: {len(lost)}, all in the report")
        lines += [f"         {one}" for one in lost[:EXAMPLES]]
    return lines + _pairs(run / last, shards)


def _pairs(folder: Path, shards: Sequence[str]) -> list[str]:
    counts: Counter[bool] = Counter()
    for shard in shards:
        for line in _read(folder / f"{shard}.jsonl"):
            if "failure" not in line:
                counts[line["rejected"] is None] += 1
    return [f"Pairs    {counts[True]} kept, {counts[False]} rejected"] if counts else []


def _read(path: Path) -> Iterator[dict[str, Any]]:
    if path.is_file():
        with open(path, encoding="utf-8") as file:
            yield from map(json.loads, file)


def _failures(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """(film, failure) of the lines that have one. Lines of masks are long: most are not read."""
    if not path.is_file():
        return
    with open(path, encoding="utf-8") as file:
        for text in file:
            if '"failure"' in text and "failure" in (line := json.loads(text)):
                yield line["video_id"], line["failure"]


def read_rehearsal(run: Path) -> list[str]:
    """What a run's rehearsal came to, in lines; none if it is no rehearsal."""
    text = run / "try.txt"
    return text.read_text(encoding="utf-8").splitlines() if text.exists() else []


def name_places(run: Path, success: bool, is_demo: bool) -> list[str]:
    """Lines on where a run's results are and what to do next.

    Args:
        success: nothing failed.
        is_demo: the films are the demo's own.
    """
    page = run / "try.html"
    places = {"Page": page, "Report": run / "report.html", "Gallery": run / "gallery/index.html"}
    places |= {"Data": run / "export", "Logs": run / "logs"}
    lines = [f"{name:<8} {path}" for name, path in places.items() if path.exists()]
    if not success:
        return [*lines, "Next     repeat the same command: finished work is kept"]
    if page.exists():
        return [
            *lines,
            "Next     open the page; if it looks right, replace `try` by "
            "`instructions` in the command",
        ]
    if is_demo:
        return [*lines, f"Next     your own films: {_OWN} (config/README.md)"]
    return [
        *lines,
        "Next     open the report; README.md in the data folder describes the data",
    ]
