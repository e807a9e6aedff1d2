"""`snakemake -n` on a million synthetic films, the whole chain."""

from __future__ import annotations

from benching.plan import plan


def measure() -> dict[str, float]:
    """Seconds of one dry run in 4,096 shards."""
    return {"plan.seconds_1000000": plan(n_films=1_000_000, shards=4096, repeats=1)}
