"""Choose the GPUs of this machine that a job uses.

Snakemake counts GPUs (`--resources gpu=2`), but does not say which ones a job gets, and CUDA then
gives every job the first. So each GPU has a file in a temporary folder, and a job locks as many
files as it requests GPUs. The kernel releases the locks when the process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import logging
import os
import random
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

log = logging.getLogger("strefer")
FOLDER = Path(tempfile.gettempdir()) / f"strefer-gpus-{os.getuid()}"
PAUSE_S = 1.0  # between two looks at which are free
_held: list[int] = []  # the locked files of this process


def take_gpus(count: int, folder: Path = FOLDER) -> None:
    """Take GPUs for this process and its children: `CUDA_VISIBLE_DEVICES` names them from then on.
    Waits until enough are free. Call it before CUDA starts.

    If a scheduler or a person has set `CUDA_VISIBLE_DEVICES`, only those GPUs are used. If there
    are fewer GPUs than requested, nothing happens: either they are the job's anyway (this is one of
    several nodes), or there are none.
    """
    there = list_gpus() if count else {}
    if not 0 < count <= len(there):
        return
    folder.mkdir(mode=0o700, exist_ok=True)
    waiting = False
    while len(mine := _free(there, count, folder)) < count:
        if not waiting:
            log.info("waiting for %d GPU(s): other jobs are using them", count)
            waiting = True
        time.sleep(PAUSE_S * random.uniform(0.5, 1.5))  # or two that wait could wait for ever
    _held.extend(mine.values())
    if "CUDA_VISIBLE_DEVICES" not in os.environ:
        os.environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"  # the order in which nvidia-smi counts
    os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(mine)
    log.info("GPUs of this job: %s", ",".join(mine))


def list_gpus() -> dict[str, str]:
    """The GPUs to choose from: by the name that CUDA knows, what is the same in every process."""
    command = ["nvidia-smi", "--query-gpu=index,uuid", "--format=csv,noheader"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return {}
    ids = dict(line.split(", ", 1) for line in told.stdout.splitlines() if ", " in line)
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is None:
        return ids
    return {name: ids.get(name, name) for name in map(str.strip, named.split(",")) if name}


def _free(there: Mapping[str, str], count: int, folder: Path) -> dict[str, int]:
    """As many GPUs as are asked for, locked; none if fewer are free."""
    mine: dict[str, int] = {}
    for name, lock in there.items():
        file = os.open(folder / lock.replace("/", "_"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            continue
        mine[name] = file
        if len(mine) == count:
            return mine
    for file in mine.values():
        os.close(file)
    return {}
