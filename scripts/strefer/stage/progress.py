"""A job's progress in its log: written while it works, and read by processes that watch the run."""

from __future__ import annotations

import logging
import os
import re
import time
from pathlib import Path

log = logging.getLogger("strefer")
PAUSE_S = 2.0  # between two lines
_LINE = re.compile(r"progress: (\d+) of (\d+)")
_TAIL_BYTES = 20_000


class Progress:
    """Counts the parts of a job that are done, and logs the count every few seconds.

    Args:
        total: how many parts there are.
    """

    def __init__(self, total: int) -> None:
        self.done, self.total = 0, total
        self._next = time.monotonic()

    def update(self, done: int | None = None) -> None:
        """Count one more part, or set how many are done."""
        self.done = self.done + 1 if done is None else done
        if time.monotonic() >= self._next or self.done == self.total:
            log.info("progress: %d of %d", self.done, self.total)
            self._next = time.monotonic() + PAUSE_S


def read_progress(path: Path) -> tuple[int, int] | None:
    """Parts that are done and parts in all, of the job with this log; None if it has not said."""
    lines = _LINE.findall(read_tail(path))
    return (int(lines[-1][0]), int(lines[-1][1])) if lines else None


def read_tail(path: Path) -> str:
    """The end of a log file; empty if it cannot be read."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL_BYTES))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
