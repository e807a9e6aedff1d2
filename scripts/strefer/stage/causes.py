"""Find out why a process died, as far as its traces and the kernel show it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SILENT = "without a word (killed from outside, or out of memory)"
_SIGNALS = {
    "Aborted": 6,
    "Bus error": 7,
    "Floating-point exception": 8,
    "Floating point exception": 8,
    "Illegal instruction": 4,
    "Segmentation fault": 11,
}
_FATAL = re.compile(r"Fatal Python error: (.+)")
_HANGS = re.compile(r"Timeout \((.+)\)!")


def cause_of(noise: str, facts: Mapping[str, Any]) -> str:
    """Say why a process died without reporting its end.

    Args:
        noise: what it wrote while it died.
        facts: of its beginning, with what `kernel` gave as `boot` and `oom_kills`.
    """
    if found := _FATAL.search(noise):
        number = _SIGNALS.get(found[1].strip())
        return f"signal {number}" if number else found[1].strip()
    if found := _HANGS.search(noise):
        return f"a time limit: no answer for {found[1]}"
    boot, oom_kills = kernel()
    before = facts.get("oom_kills")
    if facts.get("boot") == boot and None not in (before, oom_kills) and oom_kills > before:
        return "signal 9, when the machine was out of memory"
    return SILENT


def kernel() -> tuple[str | None, int | None]:
    """Identify this boot of this machine, and count how often its kernel has killed for memory."""
    boot = oom_kills = None
    with contextlib.suppress(OSError, ValueError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                oom_kills = int(line.split()[1])
    return boot, oom_kills
