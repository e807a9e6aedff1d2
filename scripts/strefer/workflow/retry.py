"""Lets films be tried again that failed: `python -m strefer retry RUN`.

Failures are in no store: they are lines of shard files, which are finished for Snakemake. So those
files are removed, and the next call makes them again; of their items it computes those that failed.
"""

from __future__ import annotations

import json
from pathlib import Path

from strefer.corrections.apply import LOST, SET_ASIDE
from strefer.stage.faults import Fault, fault_of_text
from strefer.workflow.store_upkeep import forget_deaths

_MARK = b'"failure": {"stage"'  # as run_stage writes it; parsing every line would take minutes


def retry(run: Path, machine: bool = False) -> list[tuple[Path, int]]:
    """Remove a run's shard files that contain failures, and forget which items were given up.

    Args:
        run: the run's folder; no call may be running on it.
        machine: only files in which a machine error was recorded as a film's failure, as versions
            without `stage.faults` did.

    Returns:
        The files with how many items failed in each.
    """
    found = [(path, _count(path, machine)) for path in sorted(run.glob("*/*-of-*.jsonl"))]
    found = [(path, count) for path, count in found if count]
    forget_deaths(run)
    for path, _ in found:
        path.unlink()
    return found


def _count(path: Path, machine: bool) -> int:
    with open(path, "rb") as file:
        lines = [json.loads(line) for line in file if _MARK in line]
    failures = [line["failure"] for line in lines if isinstance(line.get("failure"), dict)]
    reasons = [f["reason"] for f in failures if f["stage"] not in (SET_ASIDE, LOST)]
    return sum(not machine or fault_of_text(reason) is not Fault.ITEM for reason in reasons)
