"""The whole demo in a folder of its own: wall time, the largest jobs, and what Snakemake costs."""

from __future__ import annotations

import subprocess
import time

from benching.folders import SNAKEMAKE, working_folder


def measure() -> dict[str, float]:
    """Wall seconds; the peak memory of the two largest jobs together: two cores run two; of the
    largest job of each rule; the share of the wall time in which no job is at work.
    """
    with working_folder() as folder:
        begin = time.time()
        command = [*SNAKEMAKE, "--directory", str(folder), "--cores", "2"]
        subprocess.run(command, check=True, cwd=folder, capture_output=True)
        seconds = time.time() - begin
        peaks, jobs, by_rule = [], [], {}
        for path in (folder / "results" / "demo" / "usage").rglob("*.tsv"):
            header, values = (line.split("\t") for line in path.read_text().splitlines()[:2])
            row = dict(zip(header, values, strict=True))
            # Snakemake writes the file when the job ends.
            end = path.stat().st_mtime
            jobs.append((end - float(row["s"]), end))
            peaks.append(float(row["max_rss"]) if row["max_rss"] not in ("-", "NA") else 0.0)
            rule = path.relative_to(folder / "results" / "demo" / "usage").parts[0]
            key = f"demo.peak_mb.{rule.removesuffix('.tsv')}"
            by_rule[key] = max(by_rule.get(key, 0.0), peaks[-1])
    return {
        "demo.seconds": seconds,
        "demo.peak_mb": sum(sorted(peaks)[-2:]),
        "demo.job_seconds": sum(end - start for start, end in jobs),
        "workflow.overhead_share": 1 - covered(jobs) / seconds,
    } | dict(sorted(by_rule.items()))


def covered(spans: list[tuple[float, float]]) -> float:
    """Length of the union of spans of time."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total
