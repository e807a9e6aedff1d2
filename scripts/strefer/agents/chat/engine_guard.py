"""Ends the processes of a job that was killed.

A vLLM engine is a separate process. It does not notice when the job that started it is killed by
SIGKILL, and keeps the GPU's memory (vllm-project/vllm#55510), so that the job's next attempt could
not load its model. A guard process watches the job and ends the engine that it leaves behind.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from strefer.files import ROOT

_LOOK_S = 0.5  # how often the job's processes are looked up


def guard_this_process() -> None:
    """Let all descendants of this process end when it has ended, however that happens."""
    subprocess.Popen(
        [sys.executable, "-m", __name__, str(os.getpid())],
        env=os.environ | {"PYTHONPATH": str(ROOT / "scripts")},
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # what ends the job's group must not end this first
    )


def watch(job: int) -> None:
    """Wait until this process's parent has ended, and kill its other descendants."""
    seen: dict[int, str] = {}
    while os.getppid() == job:
        there = _processes()
        family = {job}
        while more := {n for n, (parent, _) in there.items() if parent in family} - family:
            family |= more
        seen |= {number: there[number][1] for number in family - {job, os.getpid()}}
        time.sleep(_LOOK_S)
    there = _processes()
    for number, began in seen.items():
        if number in there and there[number][1] == began:  # numbers are used again
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)


def _processes() -> dict[int, tuple[int, str]]:
    """By number, a process's parent and when it began."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended
            fields = path.read_text(errors="replace").rpartition(")")[2].split()
            found[int(path.parent.name)] = int(fields[1]), fields[19]
    return found


if __name__ == "__main__":
    watch(int(sys.argv[1]))
