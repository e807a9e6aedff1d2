"""Let only one call at a time run on a run, without locks that need removing.

Locks are the kernel's (`flock`): they end with their process, however it ends. So a killed call
leaves no lock behind, which is why the profiles turn off Snakemake's own lock. A killed call may
leave jobs running; each has its log file locked, and the next call waits for them, so that no two
processes write the same results.
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
from pathlib import Path

log = logging.getLogger("strefer")
_HELD: dict[Path, int] = {}  # open for as long as this process lives
_PAUSE_S = 0.5


def enter_run(run: Path, announce=log.warning) -> None:
    """Take the lock of a run's folder, and wait for jobs that a killed call left.

    Args:
        announce: called once with what it waits for.

    Raises:
        ValueError: if another call works on the run.
    """
    run.mkdir(parents=True, exist_ok=True)
    if not _try_lock(run / ".lock", keep=True):
        raise ValueError(
            f"{run}: another call is running on this run; wait for it to finish, or stop it"
        )
    told = False
    while busy := [p for p in sorted(run.glob("logs/**/*.log")) if not _try_lock(p, keep=False)]:
        if not told:
            names = ", ".join(str(p.relative_to(run / "logs").with_suffix("")) for p in busy)
            announce(f"waiting for jobs left over from a killed call: {names}")
            told = True
        time.sleep(_PAUSE_S)


def hold(path: Path, wait=log.info) -> None:
    """Lock a file until this process ends or releases it.

    Args:
        wait: called before waiting, if another process has the lock.
    """
    path = path.absolute()
    if path in _HELD:
        return
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        wait(f"waiting for another process that holds {path}")
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError as error:  # a file system without locks
        log.warning("%s cannot be locked: %s", path, error.strerror)
    _HELD[path] = handle


def release(path: Path) -> None:
    """Release a file, if this process has locked it."""
    handle = _HELD.pop(path.absolute(), None)
    if handle is not None:
        os.close(handle)


def _try_lock(path: Path, keep: bool) -> bool:
    """True if no other process has locked the file; `keep` locks it from now on."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return False
    except OSError:
        pass  # a file system without locks
    if keep:
        _HELD[path.absolute()] = handle
    else:
        os.close(handle)
    return True
