"""The performance table: ratios and times, medians of repeats, in one run on one machine.

    make bench                                  measures all and writes docs/figures/bench.json
    .venv/bin/python tests/bench.py --only plan scoring      prints some, writes nothing

What has no measure yet stands as null in the file.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

from strefer.figures import BENCH, write_figures  # noqa: E402

SNAKEMAKE = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
Figures = dict[str, float]


def measure_templates() -> Figures:
    """The template groups over 4,253 synthetic metadata records, one core."""
    from strefer.demo.synthetic_metadata import synthetic_film
    from strefer.instructions.groups import GROUPS
    from strefer.instructions.phrasings import load_folder

    random, wanted, n_films = Random(0), 947_854, 4253
    films = [synthetic_film(random, 3, 60) for _ in range(n_films)]
    phrasings = load_folder(ROOT / "config" / "phrasings")
    described = [GROUPS[name] for name in ("G1", "G3", "G5", "G7")]
    each = -(-wanted // (n_films * len(described)))
    begin = time.perf_counter()
    made = 0
    for film in films:
        for group in described:
            made += len(group.propose(film, phrasings[group.phrasings], each, random))
    seconds = time.perf_counter() - begin
    return {
        "templates.seconds_947854": seconds * wanted / made,
        "templates.pairs_made": float(made),
    }


def measure_plan() -> Figures:
    """`snakemake -n` on 4,253 films in 64 shards, the whole chain."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _link(folder)
        films = folder / "films"
        films.mkdir()
        for i in range(4253):
            (films / f"{i:05d}.mp4").touch()
        command = [*SNAKEMAKE, "--dry-run", "--quiet", "all", "--directory", name]
        command += ["--config", "videos=films", "shards=64", "run=plan"]
        seconds = []
        for _ in range(3):
            begin = time.perf_counter()
            subprocess.run(command, check=True, cwd=folder, capture_output=True)
            seconds.append(time.perf_counter() - begin)
        peak_kb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return {"plan.seconds_4253": statistics.median(seconds), "plan.mb_4253": peak_kb / 1024}


def measure_scoring() -> Figures:
    """Scoring 1,000 predictions without a judge (VideoRefer-Bench-Q)."""
    from strefer.benchmarks import videorefer_q
    from strefer.benchmarks.questions import Question

    questions = [
        Question(str(i), {}, "ABCD"[i % 4], {"type": f"type {i % 5}"}) for i in range(1000)
    ]
    predictions = {q.id: f"({'ABCD'[i % 3]})" for i, q in enumerate(questions)}
    seconds = []
    for _ in range(5):
        begin = time.perf_counter()
        videorefer_q.score(questions, predictions, None)
        seconds.append(time.perf_counter() - begin)
    return {"scoring.seconds_1000": statistics.median(seconds)}


def measure_demo() -> Figures:
    """The whole demo in a folder of its own: wall time, largest job, and Snakemake's share."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _link(folder)
        begin = time.perf_counter()
        command = [*SNAKEMAKE, "--directory", name, "--cores", "2"]
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
        # Two jobs at most run side by side.
        "demo.peak_mb": sum(sorted(peaks)[-2:]),
        "demo.job_seconds": busy_s,
    }


def _link(folder: Path) -> None:
    for part in ("config", "resources", "scripts"):
        (folder / part).symlink_to(ROOT / part)


MEASURES: dict[str, Callable[[], Figures]] = {
    "templates": measure_templates,
    "plan": measure_plan,
    "scoring": measure_scoring,
    "demo": measure_demo,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=None)
    parser.add_argument("--write", action="store_true", help="write the file all the same")
    arguments = parser.parse_args()
    names = arguments.only
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    figures: Figures = {}
    for name in names or MEASURES:
        figures |= MEASURES[name]()
    print(json.dumps(figures, indent=1))
    if names is None or arguments.write:
        path = ROOT / "docs" / "figures" / "bench.json"
        command = "make bench" if names is None else " ".join(["tests/bench.py --only", *names])
        write_figures(path, BENCH, figures, command)


if __name__ == "__main__":
    main()
