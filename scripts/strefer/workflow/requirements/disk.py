"""Estimate how many files and bytes a run's results take, before its jobs run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from strefer.stage.store import MOST_SEGMENTS
from strefer.videos.film_lengths import Films
from strefer.workflow.stages import jobs_of_shard

# Of a job: its shard file, its log, its usage, and Snakemake's record of the shard file.
FILES_A_JOB = 4
# Of a shard in a store: items and index, which may be several, `.used` and `.journal`.
FILES_IN_STORE, MOST_IN_STORE = 2 + 2, 2 * MOST_SEGMENTS + 2
# Shard files, stores, recipe and export; the drawn films take about as much.
ASSUMED_MB_A_MINUTE = 1.0


def count_files(config: Mapping[str, Any], shards: int) -> tuple[int, int]:
    """The usual and the maximum number of files that the data stages leave, which does not depend
    on the number of films."""
    jobs = shards * len(jobs_of_shard(config))
    return jobs * (FILES_A_JOB + FILES_IN_STORE), jobs * (FILES_A_JOB + MOST_IN_STORE)


def told_disk(config: Mapping[str, Any], shards: int, films: Films, run: Path) -> Iterator[str]:
    """Describe the disk space of the run's data stages, recipes and export, line by line.

    Args:
        shards: how many of its shards have a film.
        run: the run's folder. If pairs of some films are made, these say what others will take.
    """
    place = next(p for p in (run, *run.absolute().parents) if p.exists())
    usual, most = count_files(config, shards)
    free_files = os.statvfs(place).f_favail  # 0 where a file system does not count them
    yield (
        f"  files of results: about {usual:,} for {shards} shard(s), at most {most:,} however "
        f"many films" + (f" (free: {free_files:,})" if free_files else "")
    )
    known_min = films.minutes * films.known / films.count
    mb_a_minute, source = ASSUMED_MB_A_MINUTE, "assumed"
    if known_min > 0 and any((run / "instructions").glob("*.jsonl")):
        made_mb = sum(path.stat().st_size for path in _made(run, config)) / 1e6
        mb_a_minute, source = made_mb / known_min, f"like its {films.known} films so far"
    free_gb = shutil.disk_usage(place).free / 1e9
    yield (
        f"  disk for results: about {mb_a_minute * films.minutes / 1e3:.2g} GB "
        f"({mb_a_minute:.2g} MB per minute of film, {source}; free: {free_gb:.0f} GB), "
        "not counting students and their frames or features"
    )


def _made(run: Path, config: Mapping[str, Any]) -> Iterator[Path]:
    for stage in jobs_of_shard(config):
        yield from (run / stage).glob("*.jsonl")
        yield from (run / "store" / stage).glob("*")
    for folder in ("recipes", "export"):
        yield from (path for path in (run / folder).rglob("*") if path.is_file())
