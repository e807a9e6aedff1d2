"""The item store: what an item costs, how many files it takes, and how soon all is found again."""

from __future__ import annotations

import resource
import statistics
import tempfile
import time
from pathlib import Path

from strefer.stage.run import Item, Shard, one_by_one, run_stage

N_ITEMS, SHARDS = 100_000, 64  # as many shards as the configuration gives
A_SHARD = N_ITEMS // SHARDS


def measure() -> dict[str, float]:
    """A stubbed stage whose results have 1 KB, first into an empty store, then finding everything:
    files by item, seconds (also of the processor alone) and peak memory of the rerun, and
    microseconds of the processor by item of the first run (the shards' median).
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        put_us = [_run(folder, shard) / A_SHARD * 1e6 for shard in range(SHARDS)]
        begin = time.monotonic()
        cpu_s = sum(_run(folder, shard, computes=False) for shard in range(SHARDS))
        seconds = time.monotonic() - begin
        inodes = sum(1 for _ in (folder / "store").iterdir())
    return {
        "store.inodes_per_item": inodes / N_ITEMS,
        "store.rerun_seconds_100000": seconds,
        "store.rerun_cpu_seconds_100000": cpu_s,
        "store.rerun_mb_100000": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "store.put_us": statistics.median(put_us),
    }


def _run(folder: Path, shard: int, computes: bool = True) -> float:
    """Run the stage on a shard; gives seconds of the processor."""
    films = range(shard, N_ITEMS, SHARDS)
    output = folder / "clips" / f"{shard:05d}-of-{SHARDS:05d}.jsonl"
    worker = one_by_one(lambda item: {"text": "x" * 1000, "of": item.content})
    begin = time.process_time()
    run_stage(
        "clips",
        [Item(f"film {number}", number) for number in films],
        (lambda: worker) if computes else None,
        Shard(output, folder / "store", {"code": "1"}),
    )
    return time.process_time() - begin
