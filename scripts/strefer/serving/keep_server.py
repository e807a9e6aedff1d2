"""Keep a model's server running as long as a run needs it, in a process beside the run's jobs.

It chooses a free port and a new key, starts the server, publishes its address once it answers, and
restarts it if it dies. It stops the server when the model's folder is gone, or when no call is
running on the run any longer, however the last call ended.

    python -m strefer.serving.keep_server PLAN.json NUMBER
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, NoReturn

from strefer.serving.addresses import Address, remove_address, write_address, write_failure
from strefer.stage.progress import read_tail
from strefer.workflow.gpus import take_gpus

STARTS = 3
PAUSE_S = 1.0
END_S = 20.0  # time for the server to exit


def keep_server(plan: dict[str, Any], number: int) -> None:
    """Serve a model until it is no longer needed, or has died STARTS times.

    Args:
        plan: `folder` of the model's addresses, the run's `lock`, the `command` that serves it, the
            `host` to listen on, how many `gpus` it uses, the `log`.
        number: which of the model's servers this is.
    """
    folder, lock = Path(plan["folder"]), Path(plan["lock"])
    log = Path(f"{plan['log']}_{number}.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    take_gpus(plan["gpus"])
    for _ in range(STARTS):
        with _started(plan, log) as (server, address):
            try:
                if _answers(server, address, folder, lock):
                    write_address(folder, number, address)
                while server.poll() is None and _is_wanted(folder, lock):
                    time.sleep(PAUSE_S)
            except OSError:  # the folder is gone
                return
            finally:
                remove_address(folder, number)
        if not _is_wanted(folder, lock):
            return
    last = read_tail(log).strip().splitlines()[-1:]
    reason = (
        f"the model's server stopped {STARTS} times, the last time with: {' '.join(last)} ({log})"
    )
    write_failure(folder, number, reason)


@contextlib.contextmanager
def _started(plan: dict[str, Any], log: Path) -> Any:
    """The server, at a free port and with a new key; it and its children end with the block."""
    with socket.socket() as free:
        free.bind((plan["host"], 0))
        port = free.getsockname()[1]
    name = "127.0.0.1" if plan["host"] == "127.0.0.1" else socket.gethostname()
    address = Address(f"http://{name}:{port}/v1", secrets.token_urlsafe(32))
    command = [*plan["command"], "--host", plan["host"], "--port", str(port)]
    variables = os.environ | {"VLLM_API_KEY": address.key}  # other users can read a command line
    with open(log, "ab") as file:
        server = subprocess.Popen(
            command, env=variables, stdout=file, stderr=file, start_new_session=True
        )
    try:
        yield server, address
    finally:
        for how in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(END_S)


def _answers(server: subprocess.Popen, address: Address, folder: Path, lock: Path) -> bool:
    """Wait until the server answers; False if it exits before that or is no longer needed."""
    health = address.url.removesuffix("/v1") + "/health"
    while server.poll() is None and _is_wanted(folder, lock):
        try:
            with urllib.request.urlopen(health, timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(PAUSE_S)
    return False


def _is_wanted(folder: Path, lock: Path) -> bool:
    """True as long as a call works on the run and has not removed the model's folder."""
    if not folder.is_dir():
        return False
    try:
        with open(lock, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks: the folder alone says it
        return True
    return False


def _end(*_: Any) -> NoReturn:
    raise SystemExit


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    keep_server(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), int(sys.argv[2]))
