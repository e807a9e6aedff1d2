"""What Snakemake measured of a run's jobs: its `benchmark:` files in `results/<run>/usage`."""

from __future__ import annotations

import csv
import json
from pathlib import Path


def read_usage(folder: Path) -> dict[str, dict[str, float]]:
    """By rule, from the files of `benchmark:`: jobs, their seconds and their highest memory."""
    stages: dict[str, dict[str, float]] = {}
    for path in sorted(folder.rglob("*.tsv")):
        rule = path.relative_to(folder).parts[0].removesuffix(".tsv")
        of_rule = stages.setdefault(rule, {"jobs": 0, "seconds": 0.0, "max_memory_mb": 0.0})
        with open(path, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                of_rule["jobs"] += 1
                of_rule["seconds"] = round(of_rule["seconds"] + _number(row.get("s")), 2)
                memory_mb = max(of_rule["max_memory_mb"], _number(row.get("max_rss")))
                of_rule["max_memory_mb"] = memory_mb
    return stages


def seconds_by_rule(folder: Path, elsewhere: Path | None) -> dict[str, float]:
    """By rule, the seconds of one job, as this run's files of `benchmark:` say; for rules that have
    not run yet, as they were elsewhere.

    Args:
        elsewhere: a JSON file of seconds by rule, if there is one.
    """
    known = json.loads(elsewhere.read_text(encoding="utf-8")) if elsewhere else {}
    here = {rule: of["seconds"] / of["jobs"] for rule, of in read_usage(folder).items()}
    return known | here


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:  # a job too short to be measured has "NA"
        return 0.0
