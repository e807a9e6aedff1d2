"""A shard's journal: which processes computed its items, on what, and what they had in progress.

It is a text file beside the store, appended to by one process at a time:

    job {"id": ..., ...}    a process starts to compute; what it runs on
    + digest                it starts an item, perhaps together with others
    ! digest                it starts a suspect, alone: `stage.attempts` says when
    - digest seconds        the item is finished, this long after the job started
    x digest cause          the item is deferred after a machine error; a cause counts against it
    ~ digest n              n items were in progress then
    end {"seconds": ...}    the process exits normally
    anything else           the output of Python's faulthandler when a process crashes or hangs

So the journal shows what a dead process had in progress, and by which signal it died, if a process
can notice that signal. It cannot notice SIGKILL: the kernel's counter, on the same machine, shows
whether it ran out of memory; otherwise the cause is unknown.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import logging
import os
import resource
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from strefer.files import atomic_write, dumps
from strefer.stage.causes import SILENT, cause_of, kernel
from strefer.stage.job_facts import job_facts
from strefer.stage.meter import METER, describe

log = logging.getLogger("strefer")
ATTEMPTS = 3  # deaths with a known cause that make an item a failure
SILENT_ATTEMPTS = 10  # deaths with or without a cause: somebody may have killed the process
# An item may take so long, and a batch as much for each of its items; where it is known how long
# some of the shard's items took, many times the slowest of them, but no less than an hour.
LIMIT_S, LEAST_LIMIT_S, TIMES_THE_SLOWEST, ITEMS_KNOWN = 6 * 3600, 3600, 1000, 20


@dataclass
class Job:
    """A process that computed items: `facts` of its beginning, and how it ended, if it said so.

    Attributes:
        facts: `id`, `began`, `hardware`, `software`, `boot`, `oom_kills`.
        end: `loading_s` of its models, `seconds` from the first item on, `max_memory_mb`, `gpu_mb`,
            `computed`, `slowest_s` (of an item), `warnings`, `speed` (see `stage.meter`); of a
            process that died, what its last answer shows, and by what it `died`.
    """

    facts: dict[str, Any]
    end: dict[str, Any] = field(default_factory=dict)
    answered: int = 0
    seconds: float = 0.0
    in_hand: dict[str, bool] = field(default_factory=dict)  # digest: whether its death would count
    noise: list[str] = field(default_factory=list)


@dataclass
class Past:
    """A journal's contents: its jobs, and for each item the causes of the deaths that count (if
    none count, it is only tried last) and how many items were in progress at the last death, if
    more than one."""

    jobs: list[Job] = field(default_factory=list)
    deaths: dict[str, list[str]] = field(default_factory=dict)
    company: dict[str, int] = field(default_factory=dict)


def read_journal(path: Path) -> Past:
    """Read a journal; empty if there is none."""
    past = Past()
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return past
    for line in text.split("\n")[:-1]:  # what follows the last line break was torn by a kill
        _take(past, line)
    for job in past.jobs:
        if not job.end:
            _bury(past, job)
    return past


def _take(past: Past, line: str) -> None:
    kind, _, rest = line.partition(" ")
    job = past.jobs[-1] if past.jobs else Job({})
    digest, _, more = rest.partition(" ")
    if kind == "job":
        with contextlib.suppress(ValueError):
            past.jobs.append(Job(json.loads(rest)))
    elif kind in ("+", "!") and len(digest) == 64:
        job.in_hand[digest] = kind == "!"
    elif kind == "-" and len(digest) == 64:
        job.in_hand.pop(digest, None)
        past.deaths.pop(digest, None)
        past.company.pop(digest, None)
        job.answered += 1
        with contextlib.suppress(ValueError):
            job.seconds = float(more)
    elif kind == "x" and len(digest) == 64:
        job.in_hand.pop(digest, None)
        past.deaths.setdefault(digest, []).extend([more] if more else [])
        past.company.pop(digest, None)
    elif kind == "~" and more.isdigit():
        past.company[digest] = int(more)
    elif kind == "end":
        with contextlib.suppress(ValueError):
            job.end = json.loads(rest)
    else:
        job.noise.append(line)


def _bury(past: Past, job: Job) -> None:
    """Count the death of a process that did not say that it ends."""
    cause = cause_of("\n".join(job.noise), job.facts)
    for digest, counts in job.in_hand.items():
        causes = past.deaths.setdefault(digest, [])
        if counts or not causes:
            causes.append(cause)
        past.company[digest] = len(job.in_hand)
    job.end = {"seconds": job.seconds, "computed": job.answered, "died": cause}


def verdict(causes: list[str]) -> str | None:
    """The reason to give up an item with these deaths; None if it should be tried."""
    known = [cause for cause in causes if cause != SILENT]
    if len(known) < ATTEMPTS and len(causes) < SILENT_ATTEMPTS:
        return None
    last = causes[-1]
    by = last if last == SILENT else f"by {last}"
    return f"killed the process {len(causes)} times, last {by}"


class Journal:
    """A shard's journal, as the one process writes that computes its items."""

    def __init__(self, path: Path) -> None:
        self.path = path
        past = read_journal(path)
        for job in past.jobs:
            if "died" in job.end and job.in_hand:
                noise = ":\n" + "\n".join(job.noise[:30]) if job.noise else ""
                text = "a process of this shard died while it had %d item(s) in progress, by %s%s"
                log.warning(text, len(job.in_hand), job.end["died"], noise)
        self.jobs, self.deaths, self.company = past.jobs, past.deaths, past.company
        self.in_hand: dict[str, None] = {}
        self.job = os.urandom(4).hex()
        self.computed = 0
        self.slowest_s = max((job.end.get("slowest_s", 0.0) for job in past.jobs), default=0.0)
        self._file: int | None = None
        self._warnings = _Warnings()
        self._was_enabled = faulthandler.is_enabled()
        self._made = time.monotonic()

    def begin(self) -> None:
        """Begin a job: from now on, a crash or a hang is noted."""
        boot, oom_kills = kernel()
        began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        facts = {"id": self.job, "began": began, "boot": boot, "oom_kills": oom_kills}
        self._facts = facts | job_facts()
        write_journal(self.path, Past(self.jobs, self.deaths, self.company))
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        self._write(f"job {dumps(self._facts)}")
        METER.begin()
        self._begin = self._last = time.monotonic()
        self._armed, self._armed_for = float("-inf"), 1
        log.addHandler(self._warnings)
        faulthandler.enable(self._file)
        self._arm()

    def taken(self, digest: str, counts: bool) -> None:
        """Note that an item is begun; `counts` says whether a death now is its fault."""
        if not self.in_hand:
            self._last = time.monotonic()
        self.in_hand[digest] = None
        self._write(f"{'!' if counts else '+'} {digest}")
        self._arm()

    def answered(self, digest: str) -> None:
        """Note that an item is done, or has failed by its own fault."""
        now = time.monotonic()
        self.slowest_s = max(self.slowest_s, (now - self._last) / max(1, len(self.in_hand)))
        self._last = now
        self.in_hand.pop(digest, None)
        self.deaths.pop(digest, None)
        self.company.pop(digest, None)
        self.computed += 1
        self._write(f"- {digest} {now - self._begin:.2f}")
        self._arm()

    def put_aside(self, digest: str, cause: str = "", company: int = 1) -> None:
        """Record that the machine failed with an item, among this many in progress; with a cause,
        it counts against the item."""
        self.in_hand.pop(digest, None)
        cause = " ".join(cause.split())[:300]
        self.deaths.setdefault(digest, []).extend([cause] if cause else [])
        self.company[digest] = company
        self._write(f"x {digest} {cause}")
        if company > 1:
            self._write(f"~ {digest} {company}")

    def close(self) -> None:
        """End the job, if one has started: items still in progress are not blamed."""
        if self._file is None:
            return
        faulthandler.cancel_dump_traceback_later()
        faulthandler.disable()
        if self._was_enabled:
            faulthandler.enable(sys.__stderr__)
        log.removeHandler(self._warnings)
        memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        end = {"seconds": round(time.monotonic() - self._begin, 2), "computed": self.computed}
        speed = METER.end()
        log.info("speed: %s", describe(speed))
        end |= {"max_memory_mb": round(memory_mb, 1), "slowest_s": round(self.slowest_s, 2)}
        end |= {"warnings": self._warnings.counted(), "speed": speed}
        loading_s = self._begin - self._made + speed.get("loading_s", 0.0)
        end |= {"loading_s": round(loading_s, 2), "gpu_mb": METER.gpu_mb}
        with contextlib.suppress(OSError):  # a full disk: leave it unchanged
            self._write(f"end {dumps(end)}")
            jobs = [*self.jobs, Job(self._facts, end)]
            write_journal(self.path, Past(jobs, self.deaths, self.company))
        os.close(self._file)
        self._file = None

    @property
    def limit_s(self) -> float:
        """The time limit of an item."""
        told = [job.end for job in self.jobs if "slowest_s" in job.end]
        known = self.computed + sum(end["computed"] for end in told)
        if known < ITEMS_KNOWN:
            return LIMIT_S
        return min(LIMIT_S, max(LEAST_LIMIT_S, TIMES_THE_SLOWEST * self.slowest_s))

    def _write(self, line: str) -> None:
        os.write(self._file, line.encode("utf-8", "backslashreplace") + b"\n")

    def _arm(self) -> None:
        """End the process if no item is finished for too long. A hang may hold Python's lock, so a
        thread outside of it watches. It is restarted when more items are in progress, and otherwise
        at most once per second."""
        now, n_items = time.monotonic(), max(1, len(self.in_hand))
        if now - self._armed >= 1 or n_items >= 2 * self._armed_for:
            self._armed, self._armed_for = now, n_items
            seconds = self.limit_s * n_items
            faulthandler.dump_traceback_later(seconds, exit=True, file=self._file)


def write_journal(path: Path, past: Past) -> None:
    """Write a journal without finished entries: its jobs, and the items to watch."""
    with atomic_write(path) as file:
        for job in past.jobs:
            file.write(f"job {dumps(job.facts)}\nend {dumps(job.end)}\n")
        for digest, causes in past.deaths.items():
            file.writelines(f"x {digest} {cause}\n" for cause in causes or [""])
            file.write(f"~ {digest} {past.company.get(digest, 1)}\n")


class _Warnings(logging.Handler):
    """The warnings of a job by their form, each with its first text and how often it came."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._seen: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    def emit(self, record: logging.LogRecord) -> None:
        self._seen[str(record.msg)] += 1
        self._first.setdefault(str(record.msg), record.getMessage()[:300])

    def counted(self) -> dict[str, int]:
        return {self._first[form]: count for form, count in self._seen.items()}
