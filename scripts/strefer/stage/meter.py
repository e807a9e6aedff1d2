"""Measure a stage's speed: the share of time in which its engine worked, and where the rest went.
It is part of a run's record but affects no result, so `workflow.code_digest` leaves it out."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
_RATES = {
    "items": "items/s",
    "film_s": "seconds of film/s",
    "prompt_tokens": "prompt tokens/s",
    "output_tokens": "output tokens/s",
}
_SHARES = {
    "engine_s": "the engine worked",
    "decode_s": "waiting for frames",
    "store_s": "keeping results",
    "loading_s": "loading models",
    "other_s": "between calls",
    "gpu_s": "GPU busy (NVML)",
}


class Meter:
    """Sums of one job. Amounts are counted by name; seconds of waiting do not count while the
    engine works.

    Attributes:
        gpu_mb: peak memory on one of the last finished job's GPUs, of all processes together; None
            if unknown.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()
        self._since: dict[str, float] = {}
        self._began = time.monotonic()
        self.sums: Counter[str] = Counter()
        self._gpus: _Gpus | None = None
        self.gpu_mb: float | None = None

    def begin(self) -> None:
        """Reset the sums for a new job."""
        self.sums.clear()
        self._began, self._gpus = time.monotonic(), _Gpus()

    def count(self, **amounts: float) -> None:
        """Add to sums: `items`, `film_s`, `prompt_tokens`, `output_tokens`."""
        with self._lock:
            for name, amount in amounts.items():
                self.sums[name] += amount

    def engine(self) -> AbstractContextManager[None]:
        """The engine works."""
        return self._once("engine_s")

    def loading(self) -> AbstractContextManager[None]:
        """Models are loaded: before a job begins, or within it, once it is known that they are
        needed."""
        return self._once("loading_s")

    @contextlib.contextmanager
    def _once(self, name: str) -> Iterator[None]:
        """Calls within calls, and calls of several threads, count once."""
        with self._lock:
            if not self._running[name]:
                self._since[name] = time.monotonic()
            self._running[name] += 1
        try:
            yield
        finally:
            with self._lock:
                self._running[name] -= 1
                if not self._running[name]:
                    self.sums[name] += time.monotonic() - self._since[name]

    @contextlib.contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """The stage waits: for "decode", or for the "store"."""
        began, worked = time.monotonic(), self._engine_s()
        try:
            yield
        finally:
            waited = time.monotonic() - began - (self._engine_s() - worked)
            self.count(**{f"{what}_s": max(waited, 0.0)})

    def _engine_s(self) -> float:
        running = self._running["engine_s"]
        now = time.monotonic() - self._since["engine_s"] if running else 0.0
        return self.sums["engine_s"] + now

    def end(self) -> dict[str, float]:
        """The job's sums, with its `seconds`, the rest of them as `other_s` and, where there are
        GPUs, how long NVML saw them busy (`gpu_s`, the mean over the GPUs)."""
        seconds = time.monotonic() - self._began
        share, self.gpu_mb = self._gpus.end() if self._gpus else (None, None)
        self._gpus = None
        told = sum(self.sums[name] for name in ("engine_s", "decode_s", "store_s", "loading_s"))
        sums = dict(self.sums) | {"seconds": seconds, "other_s": max(seconds - told, 0.0)}
        sums |= {} if share is None else {"gpu_s": share * seconds}
        return {name: round(value, 3) for name, value in sorted(sums.items())}


METER = Meter()  # a job is a process


def metered(method: F) -> F:
    """Decorates what calls an engine: the time in it is the engine's."""

    @functools.wraps(method)
    def called(*arguments: Any, **named: Any) -> Any:
        with METER.engine():
            return method(*arguments, **named)

    return called  # type: ignore[return-value]


def describe(sums: Mapping[str, float]) -> str:
    """One line on the sums of one job or of several: rates, and shares of the time."""
    seconds = max(sums.get("seconds", 0.0), 1e-9)
    shown = [f"{sums[n] / seconds:.3g} {unit}" for n, unit in _RATES.items() if sums.get(n)]
    shown += [f"{text} {sums[n] / seconds:.0%}" for n, text in _SHARES.items() if n in sums]
    return ", ".join(shown)


class _Gpus:
    """Measure every second how busy and how full this job's GPUs are, using nvidia-smi. Without it,
    they are unknown."""

    def __init__(self) -> None:
        self._samples: list[float] = []
        self._most_mb = 0.0
        self._asked: subprocess.Popen[str] | None = None
        if not shutil.which("nvidia-smi"):
            return
        query = "--query-gpu=utilization.gpu,memory.used"
        command = ["nvidia-smi", query, "--format=csv,noheader,nounits"]
        if names := os.environ.get("CUDA_VISIBLE_DEVICES"):
            command += ["-i", names]
        # If this process is killed, the other one ends with its pipe.
        self._asked = subprocess.Popen(
            [*command, "-l", "1"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._asked.stdout:
            with contextlib.suppress(ValueError):  # "[N/A]" of a part of a GPU
                busy, taken_mib = map(float, line.split(","))
                self._samples.append(busy / 100)
                self._most_mb = max(self._most_mb, taken_mib * 2**20 / 1e6)

    def end(self) -> tuple[float | None, float | None]:
        """The mean share of the time, and the most memory in MB; None if they are not known."""
        if self._asked is not None:
            self._asked.kill()
            self._asked.wait()
        share = sum(self._samples) / len(self._samples) if self._samples else None
        return share, round(self._most_mb, 1) if self._samples else None
