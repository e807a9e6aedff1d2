"""Show a run on the terminal: what is being done, how much is left, and what failed.

It takes the place of Snakemake's own lines on the terminal. Those are in Snakemake's log file,
which the first line names; with `--verbose` or `--quiet` they are on the terminal instead.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from strefer.stage.progress import read_progress
from strefer.workflow.cluster_failures import reason_of
from strefer.workflow.logs import read_reason

SNAKEMAKE = logging.getLogger("snakemake.logging")
SHOWN = {"shown": True}  # `extra` of log records for the terminal
PAUSE_S = 1.0  # between two checks of the running jobs
# Snakemake's messages about a job's failure, which has already been shown with its reason.
_SHOWN_ALREADY = ("Exiting because", "At least one job", "Error in rule", "RuleException")
_NOTHING = "Nothing to be done"
_TRIED_S = 30.0  # jobs that took less time in total do not show how fast this machine is
_LOUD = ("WARNING", "FAILED")
_RETRIED = "Trying to restart job"
_INTERRUPTED = "Terminating processes on user request"
_AGAIN = "then repeat the same command: finished work is kept"
_FULL = f"Free some space, {_AGAIN}"
_CLOSED = f"Make the folder writable, or choose another with --directory, {_AGAIN}"
_ADVICE = {
    "No space left on device": _FULL,
    "Disk quota exceeded": _FULL,
    "Read-only file system": _CLOSED,
    "Permission denied": _CLOSED,
    "Operation not permitted": _CLOSED,
    "Not a directory": _CLOSED,
}


@dataclass(frozen=True)
class Job:
    """A running job: its rule, its wildcards in words, its log file, and its start time."""

    rule: str
    part: str
    log: Path | None
    begun: float

    def __str__(self) -> str:
        return f"{self.rule} {self.part}".strip()


class Terminal(logging.Handler):
    """Snakemake's events as a few lines: one a rule, one a failure, and a last one that changes.

    Args:
        stream: where to; the changing line is for terminals alone.

    Attributes:
        seconds: by rule, how long a job of it took before; for the time that is left.
        failed: what is shown of each failed job's reason.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self.stream = stream
        self.seconds: Mapping[str, float] = {}
        self.begun = time.monotonic()
        self.left: Counter[str] = Counter()  # jobs by rule
        self.total = 0
        self.at_once = 1  # jobs
        self.failed: list[str] = []
        self.at_work: dict[int, Job] = {}
        self.taken: dict[str, list[float]] = {}  # seconds of the jobs that ended, by rule
        self.is_interrupted = False
        self._live = ""
        if stream.isatty():
            threading.Thread(target=self._keep_looking, daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(OSError):  # a terminal that has gone away ends no run
            self._take(record)

    def _take(self, record: logging.LogRecord) -> None:
        event = str(getattr(record, "event", None) or "")
        text = record.getMessage() if record.msg else ""
        if event == "run_info":
            self._begin(record.stats)
        elif event == "resources_info":
            self.at_once = getattr(record, "cores", None) or self.at_once
        elif event == "job_info":
            self._start_job(record)
        elif event == "job_finished":
            self._end_job(record.job_id)
        elif event == "job_error":
            self._fail_job(record)
        elif text.startswith(_INTERRUPTED):
            self.is_interrupted = True
            self.say("Interrupted: stopping the running jobs.")
        elif text.startswith(_RETRIED):
            self.failed.pop()
            self.say("         retrying")
        elif self._is_for_people(record, text):
            self.say(advised(_without_traceback(text)))

    def _is_for_people(self, record: logging.LogRecord, text: str) -> bool:
        if getattr(record, "shown", False) or text.startswith(_NOTHING):
            return True
        is_new = not any(words in text for words in _SHOWN_ALREADY)
        return record.levelno >= logging.WARNING and is_new

    def say(self, text: str) -> None:
        """Write lines above the progress line."""
        clear = "\r\x1b[K" if self._live else ""
        if self.stream.isatty() and text.startswith(_LOUD):
            text = f"\x1b[1;31m{text}\x1b[0m"
        self._live = self._live if self.at_work else ""
        self.stream.write(f"{clear}{text}\n{self._live}")
        self.stream.flush()

    def _begin(self, jobs: Mapping[str, int]) -> None:
        self.left = Counter({rule: n for rule, n in jobs.items() if rule != "total"})
        self.total = sum(self.left.values())

    def _start_job(self, record: Any) -> None:
        part = " ".join(str(value) for value in record.wildcards.values())
        log = Path(record.log[0]) if record.log else None
        self.at_once = max(self.at_once, len(self.at_work) + 1)
        self.at_work[record.jobid] = Job(record.rule_name, part, log, time.monotonic())

    def _end_job(self, jobid: int) -> None:
        job = self.at_work.pop(jobid, None)
        if job is None:
            return
        self.left[job.rule] -= 1
        self.taken.setdefault(job.rule, []).append(time.monotonic() - job.begun)
        if not self.left[job.rule] and job.log:  # a rule without a log does no work
            done = self.total - sum(self.left.values())
            taken = self.taken[job.rule]
            jobs = f"{len(taken)} jobs, " if len(taken) > 1 else ""
            self.say(
                f"{clock(self._passed()):>7}  {done:>{len(str(self.total))}} of {self.total}"
                f"  {job.rule} ({jobs}{clock(sum(taken))})"
            )

    def _fail_job(self, record: Any) -> None:
        job = self.at_work.pop(record.jobid, None) or Job(record.rule_name, "", None, 0.0)
        if self.is_interrupted:
            return
        log = record.log[0] if record.log else None
        reason = reason_of(record.rule_msg)
        reason = reason or advised(read_reason(Path(log)) if log else record.getMessage())
        self.failed.append(reason)
        self.say(f"FAILED   {job}: {reason}" + (f"\n         log: {log}" if log else ""))

    def _passed(self) -> float:
        return time.monotonic() - self.begun

    def _keep_looking(self) -> None:
        while True:
            time.sleep(PAUSE_S)
            self.acquire()
            try:
                self._look()
            except OSError:
                return
            finally:
                self.release()

    def _look(self) -> None:
        """Write the progress line."""
        if not self.at_work:
            return
        parts = {key: read_progress(job.log) for key, job in self.at_work.items() if job.log}
        left_s = self.seconds_left(parts)
        shown = [clock(self._passed())]
        shown[0] += f", {about(left_s)} left" if left_s is not None else ""
        shown.append(f"{self.total - sum(self.left.values())} of {self.total} jobs done")
        for rule, n in Counter(job.rule for job in self.at_work.values()).items():
            counts = [parts.get(key) for key, job in self.at_work.items() if job.rule == rule]
            done, total = (sum(count[i] for count in counts if count) for i in (0, 1))
            shown.append(f"{rule} × {n}" if n > 1 else rule)
            shown[-1] += f" {done}/{total}" if total else ""
        line = " · ".join(shown)[: shutil.get_terminal_size().columns - 1]
        self.stream.write(f"\r\x1b[K{line}")
        self.stream.flush()
        self._live = line

    def announce(self, run: str, logs: Sequence[str]) -> list[str]:
        """The first line: how much there is to do, and where Snakemake's own output is.

        Args:
            logs: Snakemake's log files.
        """
        left_s = self.seconds_left({})
        time_left = f", {about(left_s)}" if left_s is not None else ""
        named = ", ".join(os.path.relpath(path) for path in logs)
        jobs = "1 job" if self.total == 1 else f"{self.total} jobs"
        return [f"Run {run}: {jobs}{time_left}. Snakemake's own output: {named}"]

    def outcome(self, success: bool) -> list[str]:
        """Say how the run ended, as the first line of the final summary."""
        self.at_work.clear()
        done = f"{self.total - sum(self.left.values())} of {self.total} jobs done"
        how = "Done" if success else "Interrupted" if self.is_interrupted else "Stopped"
        failed = f"{len(self.failed)} failed, " if self.failed and not success else ""
        return ["", f"{how} after {clock(self._passed())}: {failed}{done}"]

    def seconds_left(self, parts: Mapping[int, tuple[int, int] | None]) -> float | None:
        """Estimate how long the rest takes, from the seconds that jobs took before and how fast
        they are now; None if a rule has no such seconds.

        Args:
            parts: parts done and parts in total, for running jobs that report them.
        """
        waiting = self.left - Counter(job.rule for job in self.at_work.values())
        if not {rule for rule, n in self.left.items() if n} <= set(self.seconds):
            return None
        left = sum(self.seconds[rule] * n for rule, n in waiting.items())
        for key, job in self.at_work.items():
            done, total = parts.get(key) or (0, 1)
            passed = (time.monotonic() - job.begun) / (self.seconds[job.rule] or 1.0)
            left += self.seconds[job.rule] * (1 - max(done / max(total, 1), min(passed, 0.9)))
        known = [rule for rule in self.taken if self.seconds.get(rule)]
        expected = _TRIED_S + sum(self.seconds[rule] * len(self.taken[rule]) for rule in known)
        pace = (_TRIED_S + sum(sum(self.taken[rule]) for rule in known)) / expected
        return left * pace / min(self.at_once, max(1, sum(self.left.values())))


def clock(seconds: float) -> str:
    """A duration as 4:05 or 1:04:05."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def about(seconds: float) -> str:
    """An approximate duration, in words."""
    if seconds < 60:
        return "less than a minute"
    minutes = round(seconds / 60)
    return f"about {minutes} min" if minutes < 120 else f"about {round(minutes / 60)} hours"


def take_over(settings: Any, stream: TextIO) -> Terminal | None:
    """Show a run on the terminal instead of Snakemake, unless its own output is wanted.

    Args:
        settings: Snakemake's output settings of this call.

    Returns:
        What takes Snakemake's place; None if nothing does.
    """
    sys.excepthook = _end
    own = [handler for handler in SNAKEMAKE.handlers if handler.name == "DefaultStreamHandler"]
    wanted = settings.dryrun or settings.verbose or settings.quiet or settings.debug_dag
    if wanted or not own:
        return None
    SNAKEMAKE.removeHandler(own[0])
    ours = Terminal(stream)
    SNAKEMAKE.addHandler(ours)
    logging.raiseExceptions = False  # a log file on a full disk would print a traceback a line
    return ours


def _end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A line instead of a traceback if the user interrupts the planning."""
    if issubclass(kind, KeyboardInterrupt):
        print("Interrupted before any job began; repeat the command to start", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


def _without_traceback(text: str) -> str:
    """The last line of a traceback: the rest is in Snakemake's log file."""
    return text.strip().splitlines()[-1] if text.startswith("Traceback (most recent") else text


def advised(error: OSError | str) -> str:
    """The reason of a failure, with what to do where the disk is the reason."""
    text = re.sub(r"\[Errno \d+\] ", "", str(error))
    advice = [advice for words, advice in _ADVICE.items() if words in text]
    return ". ".join([text, *advice[:1]])
