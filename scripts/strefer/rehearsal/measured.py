"""Measure what the stages of a rehearsal took, and estimate what the whole run would take."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from strefer.stage.journal import read_journal
from strefer.videos.film_lengths import Films

JOB_S = 3600  # of work that a job of a whole run gets at most
SPARE_TIME, SPARE_MEMORY = 2.0, 1.5  # that a job asks for, of what was measured


@dataclass(frozen=True)
class Measured:
    """The cost of a stage for a rehearsal's films.

    Attributes:
        loading_s: until its models were loaded; work_s: from there on.
        memory_mb, gpu_mb: the most that its process took, and that was taken on one of its GPUs
            (None where that is not known).
        speed: the sums of `stage.meter`.
    """

    stage: str
    loading_s: float
    work_s: float
    memory_mb: float
    gpu_mb: float | None
    speed: Mapping[str, float]

    def rate(self, what: str) -> float | None:
        """Its engine's rate per second, such as of `output_tokens`; None if unknown."""
        amount, seconds = self.speed.get(what), self.speed.get("engine_s")
        return amount / seconds if amount and seconds else None


def measure_stages(run: Path, stages: Sequence[str]) -> list[Measured]:
    """Read each stage's cost from the journals beside the item store: from the last job, because
    after a change of code or prompt it did everything again. Stages that computed nothing here are
    left out.

    Args:
        run: the run's folder.
    """
    found = []
    for stage in stages:
        jobs = [
            job.end
            for path in sorted((run / "store" / stage).glob("*.journal"))
            for job in read_journal(path).jobs
            if job.end.get("computed") and "died" not in job.end
        ]
        if jobs:
            last = jobs[-1]
            found.append(
                Measured(
                    stage,
                    loading_s=last.get("loading_s", 0.0),
                    work_s=last.get("seconds", 0.0),
                    memory_mb=last.get("max_memory_mb", 0.0),
                    gpu_mb=last.get("gpu_mb"),
                    speed=last.get("speed", {}),
                )
            )
    return found


@dataclass(frozen=True)
class Job:
    """The request of one of a stage's jobs in the whole run."""

    stage: str
    hours: float  # of all its jobs
    gpu_hours: float
    runtime_min: int
    mem_mb: int


@dataclass(frozen=True)
class Outlook:
    """The whole run, by what was measured.

    Attributes:
        shards: as many as give the longest job an hour of work.
        disk_gb: size of results and item stores; `files`: their number of files.
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
    resources: Mapping[str, Mapping[str, int]],
) -> Outlook:
    """The whole run: work, disk and pairs grow with the minutes of film; loading and files with the
    number of jobs.

    Args:
        run: the rehearsal's folder.
        films: of the whole run.
        tried_min: minutes of film of the rehearsal.
        tried_pairs: pairs that it kept.
        resources: by stage, what the configuration asks for; its `gpus` are taken over.
    """
    times = films.minutes / tried_min if tried_min else 0.0
    longest_s = max((one.work_s * times for one in measured), default=0.0)
    shards = min(max(math.ceil(longest_s / JOB_S), 1), max(films.count, 1))
    jobs = []
    for one in measured:
        seconds = shards * one.loading_s + one.work_s * times
        gpus = resources.get(one.stage, {}).get("gpus", 0)
        minutes = SPARE_TIME * seconds / shards / 60
        jobs.append(
            Job(
                one.stage,
                seconds / 3600,
                gpus * seconds / 3600,
                runtime_min=max(10, 10 * math.ceil(minutes / 10)),
                mem_mb=500 * math.ceil(SPARE_MEMORY * one.memory_mb / 500),
            )
        )
    sizes = [
        path.stat().st_size
        for stage in [one.stage for one in measured]
        for folder in (run / stage, run / "store" / stage)
        for path in folder.rglob("*")
        if path.is_file()
    ]
    disk_gb, pairs = sum(sizes) * times / 1e9, round(tried_pairs * times)
    return Outlook(films, shards, tuple(jobs), disk_gb, len(sizes) * shards, pairs)
