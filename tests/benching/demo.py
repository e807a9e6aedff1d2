"""The whole demo in a folder of its own: wall time and the largest jobs."""

from __future__ import annotations

import subprocess
import time

from benching.folders import SNAKEMAKE, working_folder


def measure() -> dict[str, float]:
    """Wall seconds, and the peak memory of the two largest jobs together: two cores run two."""
    with working_folder() as folder:
        begin = time.perf_counter()
        command = [*SNAKEMAKE, "--directory", str(folder), "--cores", "2"]
        subprocess.run(command, check=True, cwd=folder, capture_output=True)
        seconds = time.perf_counter() - begin
        peaks, busy_s = [], 0.0
        for path in (folder / "results" / "demo" / "usage").rglob("*.tsv"):
            header, values = (line.split("\t") for line in path.read_text().splitlines()[:2])
            row = dict(zip(header, values, strict=True))
            busy_s += float(row["s"])
            peaks.append(float(row["max_rss"]) if row["max_rss"] not in ("-", "NA") else 0.0)
    return {
        "demo.seconds": seconds,
        "demo.peak_mb": sum(sorted(peaks)[-2:]),
        "demo.job_seconds": busy_s,
    }
