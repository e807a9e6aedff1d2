"""Faults of every class at random points of a running stage (tests/helpers/injections.py)."""

from __future__ import annotations

import tempfile
from pathlib import Path

from helpers.injections import inject_many

INJECTIONS, SEED = 500, 2


def measure() -> dict[str, float]:
    """How many faults fired, and how often something was wrong afterwards: a film blamed for
    another's fault or the machine's, an item lost or doubled, a shard stuck.
    """
    with tempfile.TemporaryDirectory() as name:
        outcomes = inject_many(Path(name), INJECTIONS, SEED)
    wrong = [one for outcome in outcomes for one in outcome.wrong]
    print(*wrong, sep="\n", end="")
    fired = sum(one.fired for one in outcomes)
    return {"faults.injected": fired, "faults.wrong": len(wrong), "faults.runs": len(outcomes)}
