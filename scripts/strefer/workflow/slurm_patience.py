"""Keep the jobs of a run in mind while SLURM does not answer.

Version 2.8.0 of Snakemake's executor for SLURM takes the running jobs off its list, asks SLURM for
their states, and puts back those that are still running. If SLURM does not answer, it puts back
none, and the run waits forever for jobs that it never asks about again. Here they are put back.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any

log = logging.getLogger("strefer")
_SILENT = (
    "SLURM does not report the state of its jobs; asking again. If it has no accounting "
    "(`sacct` says so), set `slurm-status-command: squeue`"
)


def keep_jobs(executor: type, warn: Any = log.warning) -> None:
    """Let an executor class ask about the same jobs again when SLURM has given no answer.

    Args:
        executor: the SLURM plugin's `Executor`; changed in place.
        warn: called once each time SLURM stops responding.
    """
    check = executor.check_active_jobs
    if hasattr(check, "keeps_jobs"):
        return

    async def check_again(self: Any, active_jobs: Sequence[Any]) -> AsyncIterator[Any]:
        answers = self._status_query_calls
        async for job in check(self, active_jobs):
            yield job
        is_silent = bool(active_jobs) and self._status_query_calls == answers
        if is_silent:
            if not getattr(self, "is_silent", False):
                warn(_SILENT)
            for job in active_jobs:
                yield job
        self.is_silent = is_silent

    check_again.keeps_jobs = True
    executor.check_active_jobs = check_again
