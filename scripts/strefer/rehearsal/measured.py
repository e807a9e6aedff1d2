"""Measure what the stages of a rehearsal took, and estimate what the whole run would take."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from strefer.stage.journal import read_journal
from strefer.videos.film_lengths import Films
from strefer.workflow.usage import read_usage

JOB_S = 3600  # of work that a job of a whole run gets at most
SPARE_TIME, SPARE_MEMORY = 2.0, 1.5  # that a job asks for, of what was measured


@dataclass(frozen=True)
class Measured:
    """The cost of a job for a rehearsal's films.

    Attributes:
        folder: of its results, and of its item store.
        loading_s: until its models were loaded; work_s: all else.
        memory_mb, gpu_mb: the most that its processes took, and that was taken on one of its GPUs
            (None where that is not known).
        speed: the sums of `stage.meter`.
    """

    folder: str
    loading_s: float
    work_s: float
    memory_mb: float
    gpu_mb: float | None
    speed: Mapping[str, float]

    def rate(self, what: str) -> float | None:
        """Its engine's rate per second, such as of `output_tokens`; None if unknown."""
        amount, seconds = self.speed.get(what), self.speed.get("engine_s")
        return amount / seconds if amount and seconds else None


def measure_jobs(run: Path, rules: Mapping[str, str]) -> list[Measured]:
    """Read each job's cost from the journals beside the item stores: from the last process, because
    after a change of code or prompt it did everything again. Jobs that computed nothing here are
    left out. Memory is that of Snakemake's `benchmark:` where that is more: it includes the
    engine's processes.

    Args:
        run: the run's folder.
        rules: the jobs' rules, by the folders of their results.
    """
    found = []
    usage = read_usage(run / "usage")
    for folder, rule in rules.items():
        jobs = [
            job.end
            for path in sorted((run / "store" / folder).glob("*.journal"))
            for job in read_journal(path).jobs
            if job.end.get("computed") and "died" not in job.end
        ]
        if not jobs:
            continue
        last = jobs[-1]
        speed = last.get("speed", {})
        processes_mb = usage.get(rule, {}).get("max_memory_mb", 0.0)
        found.append(
            Measured(
                folder,
                loading_s=last.get("loading_s", 0.0),
                work_s=max(last.get("seconds", 0.0) - speed.get("loading_s", 0.0), 0.0),
                memory_mb=max(last.get("max_memory_mb", 0.0), processes_mb),
                gpu_mb=last.get("gpu_mb"),
                speed=speed,
            )
        )
    return found


@dataclass(frozen=True)
class Job:
    """What the jobs of the whole run would take that ask for the same resources.

    Attributes:
        stage: whose resources they ask for.
        hours, gpu_hours: of all of them.
        runtime_min, mem_mb: what fits the longest and the largest.
    """

    stage: str
    hours: float
    gpu_hours: float
    runtime_min: int
    mem_mb: int


@dataclass(frozen=True)
class Outlook:
    """The whole run, by what was measured.

    Attributes:
        shards: as many as give the longest job an hour of work.
        disk_gb: size of results and item stores; `files`: their number of files, with logs.
    """

    films: Films
    shards: int
    jobs: tuple[Job, ...]
    disk_gb: float
    files: int
    pairs: int

    @property
    def hours(self) -> float:
        """If one job runs at a time."""
        return sum(job.hours for job in self.jobs)

    @property
    def gpu_hours(self) -> float:
        return sum(job.gpu_hours for job in self.jobs)


def look_ahead(
    run: Path,
    measured: Sequence[Measured],
    films: Films,
    tried_min: float,
    tried_pairs: int,
    asks: Mapping[str, str],
    gpus: Mapping[str, int],
    files_a_shard: int,
) -> Outlook:
    """The whole run: work, disk and pairs grow with the minutes of film; loading and files with the
    number of jobs.

    Args:
        run: the rehearsal's folder.
        films: of the whole run.
        tried_min: minutes of film of the rehearsal.
        tried_pairs: pairs that it kept.
        asks: by folder, whose resources its job asks for.
        gpus: by stage, how many GPUs its jobs have.
        files_a_shard: that a run leaves.
    """
    times = films.minutes / tried_min if tried_min else 0.0
    longest_s = max((one.work_s * times for one in measured), default=0.0)
    shards = min(max(math.ceil(longest_s / JOB_S), 1), max(films.count, 1))
    jobs: dict[str, Job] = {}
    for one in measured:
        stage = asks[one.folder]
        seconds = shards * one.loading_s + one.work_s * times
        minutes = SPARE_TIME * seconds / shards / 60
        before = jobs.get(stage, Job(stage, 0.0, 0.0, 0, 0))
        jobs[stage] = Job(
            stage,
            before.hours + seconds / 3600,
            before.gpu_hours + gpus.get(stage, 0) * seconds / 3600,
            max(before.runtime_min, 10, 10 * math.ceil(minutes / 10)),
            max(before.mem_mb, 500 * math.ceil(SPARE_MEMORY * one.memory_mb / 500)),
        )
    disk_gb = sum(_sizes(run, asks)) * times / 1e9
    pairs = round(tried_pairs * times)
    return Outlook(films, shards, tuple(jobs.values()), disk_gb, files_a_shard * shards, pairs)


def _sizes(run: Path, folders: Iterable[str]) -> Iterator[int]:
    """Bytes of each file of results."""
    for folder in folders:
        for place in (run / folder, run / "store" / folder):
            yield from (path.stat().st_size for path in place.rglob("*") if path.is_file())
