"""Writers of the item store that are killed at random points (tests/helpers/killed_writers.py)."""

from __future__ import annotations

import tempfile
from pathlib import Path

from helpers.killed_writers import kill_writers

KILLS, SEED = 500, 2


def measure() -> dict[str, float]:
    """How many kills, how many of them in the middle of a line, and how many of the items that had
    been put were lost, or kept twice.
    """
    with tempfile.TemporaryDirectory() as name:
        seen = kill_writers(Path(name), KILLS, SEED)
    counts = {"store": seen.kills, "mid_write": seen.torn, "items": seen.put}
    counts |= {"lost": seen.lost, "doubled": seen.twice}
    return {f"kills.{name}": count for name, count in counts.items()}
