"""`snakemake -n` on synthetic films, the whole chain."""

from __future__ import annotations

import resource
import statistics
import subprocess
import time

from benching.folders import SNAKEMAKE, working_folder


def plan(n_films: int, shards: int, repeats: int) -> float:
    """Median seconds of a dry run from an empty results folder."""
    with working_folder() as folder:
        films = folder / "films"
        films.mkdir()
        for i in range(n_films):
            folder_of_film = films / f"{i // 1000:04d}"
            if i % 1000 == 0:
                folder_of_film.mkdir()
            (folder_of_film / f"{i:07d}.mp4").touch()
        command = [*SNAKEMAKE, "--dry-run", "--quiet", "all", "--directory", str(folder)]
        command += ["--config", "videos=films", f"shards={shards}", "run=plan"]
        seconds = []
        for _ in range(repeats):
            begin = time.perf_counter()
            subprocess.run(command, check=True, cwd=folder, capture_output=True)
            seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def measure() -> dict[str, float]:
    """The films of the paper in 64 shards: seconds, and the peak memory."""
    seconds = plan(n_films=4253, shards=64, repeats=3)
    peak_kb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return {"plan.seconds_4253": seconds, "plan.mb_4253": peak_kb / 1024}
