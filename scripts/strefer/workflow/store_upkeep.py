"""Maintain a run's item store: summarize where its results come from, sweep unused ones, and
convert files of older versions (one per item) into packed ones."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strefer.stage.journal import Job, Past, read_journal, write_journal
from strefer.stage.meter import describe
from strefer.stage.store import Writer, join_segments, make_line, segments_of

NO_JOB = "00000000"  # made by a version that kept no journal


def made_by(run: Path) -> dict[str, list[dict[str, Any]]]:
    """By stage, where the results come from that the run's shards have now: an entry for each kind
    of machine and software, with `items`, `jobs`, `seconds` (of a job that made other items too,
    their share), the highest `max_memory_mb`, when the first and the last job `began`,
    `warnings` with their numbers, and `speed`, the sums of `stage.meter`."""
    return {
        folder.name: _of_stage(folder)
        for folder in sorted((run / "store").glob("*"))
        if any(folder.glob("*.used"))
    }


def speeds_of(run: Path) -> dict[str, str]:
    """Describe, by stage, how fast the run's current results were made."""
    speeds = {}
    for stage, kinds in made_by(run).items():
        sums: Counter[str] = Counter()
        for kind in kinds:
            sums.update(kind["speed"])
        if sums:
            speeds[stage] = describe(sums)
    return speeds


def _of_stage(folder: Path) -> list[dict[str, Any]]:
    used, jobs, n_of_job = used_digests(folder), _jobs(folder), {}
    job_of = {e.digest: e.job.hex() for s in segments_of(folder) for e in s.entries()}
    for digest in used & job_of.keys():
        n_of_job[job_of[digest]] = n_of_job.get(job_of[digest], 0) + 1
    kinds: dict[str, dict[str, Any]] = {}
    for name, n_items in sorted(n_of_job.items()):
        job = jobs.get(name, Job({}))
        facts = {key: job.facts.get(key) for key in ("hardware", "software")}
        kind = kinds.setdefault(
            json.dumps(facts, sort_keys=True),
            facts
            | {"items": 0, "jobs": 0, "seconds": 0.0, "max_memory_mb": 0.0}
            | {"warnings": {}, "speed": {}},
        )
        share = n_items / max(job.end.get("computed", 0), n_items)
        kind["items"] += n_items
        kind["jobs"] += 1
        kind["seconds"] = round(kind["seconds"] + job.end.get("seconds", 0.0) * share, 2)
        kind["max_memory_mb"] = max(kind["max_memory_mb"], job.end.get("max_memory_mb", 0.0))
        began = [*kind.get("began", []), *filter(None, [job.facts.get("began")])]
        kind["began"] = sorted({min(began), max(began)}) if began else []
        for text, count in job.end.get("warnings", {}).items():
            kind["warnings"][text] = kind["warnings"].get(text, 0) + count
        for name, value in job.end.get("speed", {}).items():
            kind["speed"][name] = round(kind["speed"].get(name, 0.0) + value, 3)
    return [kinds[key] for key in sorted(kinds)]


def used_digests(folder: Path) -> set[bytes]:
    """The digests that the shards' items have, by the lists of a stage's folder."""
    used: set[bytes] = set()
    for path in folder.glob("*.used"):
        data = path.read_bytes()
        used.update(data[start : start + 32] for start in range(0, len(data), 32))
    return used


def _jobs(folder: Path) -> dict[str, Job]:
    paths = sorted(folder.glob("*.journal"))
    return {job.facts.get("id", NO_JOB): job for p in paths for job in read_journal(p).jobs}


@dataclass(frozen=True)
class Swept:
    """The results and bytes on disk that a sweep of one stage removes, or would. `skipped` says why
    the stage was left unchanged."""

    stage: str
    items: int
    bytes: int
    skipped: str | None = None


def sweep(run: Path, dry_run: bool) -> list[Swept]:
    """Drop the results that no shard of a run uses any more.

    Args:
        run: the run's folder; no call may be running on it.
        dry_run: change nothing.
    """
    return [
        _sweep_stage(run, folder, dry_run)
        for folder in sorted((run / "store").glob("*"))
        if any(folder.glob("*.items"))
    ]


def _sweep_stage(run: Path, folder: Path, dry_run: bool) -> Swept:
    stage = folder.name
    for path in sorted((run / stage).glob("*-of-*.jsonl")):
        if not (folder / f"{path.stem}.used").is_file():
            why = f"{path} was written by an older version: delete it and repeat the command first"
            return Swept(stage, 0, 0, why)
    used = used_digests(folder)
    shards: dict[str, list] = {}
    for segment in segments_of(folder):
        shards.setdefault(segment.path.stem.rpartition(".")[0], []).append(segment)
    n_dropped = n_bytes = 0
    jobs_left: set[str] = set()
    for shard, segments in shards.items():
        entries = [entry for segment in segments for entry in segment.entries()]
        latest = {entry.digest: entry for entry in entries if entry.digest in used}
        jobs_left |= {entry.job.hex() for entry in latest.values()}
        n_dropped += len(entries) - len(latest)
        before = sum(segment.path.stat().st_size for segment in segments)
        n_bytes += before - sum(entry.length for entry in latest.values())
        if not dry_run and len(latest) < len(entries):
            join_segments(folder, shard, used)
    if not dry_run:
        _forget_jobs(folder, jobs_left, used)
    return Swept(stage, n_dropped, n_bytes)


def _forget_jobs(folder: Path, jobs: set[str], used: set[bytes]) -> None:
    """Drop from the journals the jobs of which no result is left, and items that are gone."""
    for path in folder.glob("*.journal"):
        past = read_journal(path)
        kept = [job for job in past.jobs if job.facts.get("id") in jobs]
        deaths = {d: causes for d, causes in past.deaths.items() if bytes.fromhex(d) in used}
        write_journal(path, Past(kept, deaths, past.company))


def move_old_items(run: Path) -> Iterator[tuple[str, int]]:
    """Move results that an older version kept in a file each. Gives stages and numbers of items.
    A kill in between loses nothing."""
    for folder in sorted((run / "store").glob("*")):
        old = sorted(folder.glob("[0-9a-f][0-9a-f]/*.json"))
        if not old:
            continue
        writer = Writer(folder, "moved")
        moved = 0
        for path in old:
            digest = path.parent.name + path.stem
            try:
                bytes.fromhex(digest)
                writer.append(make_line(digest, NO_JOB, json.loads(path.read_bytes())))
                moved += 1
            except ValueError:
                continue  # damaged: it counts as absent
        writer.close()
        for path in old:
            path.unlink()
        for part in {path.parent for path in old}:
            if not any(part.iterdir()):
                part.rmdir()
        yield folder.name, moved


def forget_deaths(run: Path) -> int:
    """Let items be tried again that were given up because they ended their processes too often.
    Gives how many."""
    forgotten = 0
    for path in (run / "store").glob("*/*.journal"):
        past = read_journal(path)
        forgotten += len(past.deaths)
        if past.deaths:
            write_journal(path, Past(past.jobs, {}))
    return forgotten
