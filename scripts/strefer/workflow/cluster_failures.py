"""Find out why jobs failed on a cluster, from Snakemake's SLURM executor, and what they need next.

A job that ran out of memory comes back with more memory, one that ran out of time with more time. A
job that was cancelled, or whose node went down, needs no more than before.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Mapping

_STATE = re.compile(r"SLURM status is: '(\w+)'")
_REFUSED = re.compile(r"sbatch: error: (.+?)'?\.?$", re.MULTILINE)
MEMORY, TIME = "memory", "time"
# The resource that a job needs more of after a SLURM state. Some clusters also report FAILED if the
# kernel killed a job because it ran out of memory.
_NEEDS = {"OUT_OF_MEMORY": MEMORY, "FAILED": MEMORY, "TIMEOUT": TIME}
_WORDS = {
    "OUT_OF_MEMORY": "it needed more memory than it requested (resources: mem_mb)",
    "TIMEOUT": "it reached its time limit (resources: runtime_min)",
    "DEADLINE": "its deadline passed before it finished",
    "CANCELLED": "somebody cancelled it",
    "NODE_FAIL": "its node went down",
    "BOOT_FAIL": "its node did not start",
}


def reason_of(message: str | None) -> str | None:
    """Why a job ended, in words, if the cluster knows.

    Args:
        message: what the executor says of the failure.
    """
    if refused := _REFUSED.findall(message or ""):
        return f"SLURM rejected it: {'; '.join(dict.fromkeys(refused))}"
    state = _STATE.search(message or "")
    return _WORDS.get(state[1]) if state else None


class Failures(logging.Handler):
    """Counts how often each job has run out of memory and out of time, from Snakemake's events."""

    def __init__(self) -> None:
        super().__init__()
        self._jobs: dict[int, tuple] = {}  # by Snakemake's number
        self._times: Counter[tuple] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        event = str(getattr(record, "event", None) or "")
        if event == "job_info":
            self._jobs[record.jobid] = _key(record.rule_name, record.wildcards)
        elif event == "job_error":
            state = _STATE.search(record.rule_msg or "")
            lacks = [_NEEDS.get(state[1])] if state else [MEMORY, TIME]
            for what in lacks:
                self._times[what, self._jobs.get(record.jobid)] += 1

    def factor(self, what: str, rule: str, wildcards: Mapping[str, str]) -> int:
        """The current multiple of the original MEMORY or TIME that a job requests: 1, 2, 3, ..."""
        return 1 + self._times[what, _key(rule, wildcards)]


def _key(rule: str, wildcards: Mapping[str, str]) -> tuple:
    return rule, *sorted((name, str(value)) for name, value in dict(wildcards).items())
