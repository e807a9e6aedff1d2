"""Logging of a rule's script: all messages go to the rule's log, errors as one clear line."""

from __future__ import annotations

import logging
import os
import re
import sys
from pathlib import Path
from types import TracebackType

from strefer.files import dumps
from strefer.stage.job_facts import job_facts
from strefer.stage.progress import read_tail
from strefer.stage.run import MachineFault, StrictError
from strefer.workflow import run_lock
from strefer.workflow.gpus import take_gpus
from strefer.workflow.provenance import FACTS

# Errors that tell the user what to fix: their text is enough, and a traceback would bury it.
# A full disk or a file that cannot be read is an OSError.
EXPECTED = (ValueError, OSError, StrictError, MachineFault)
_ERROR = re.compile(r"^[-\d]+ [:,\d]+ (?:ERROR|CRITICAL) (.*)", re.MULTILINE)


def start_log(path: str, gpus: int = 0) -> None:
    """Begin a job: log to `path`, with all else that the process and its libraries write anywhere
    but to files.

    The terminal is the run's own, which shows the reason why a job failed (see terminal.py). The
    process keeps the log file locked until it ends, which shows that the job is running. The first
    line says what it runs on, for the run's provenance.

    Args:
        gpus: how many GPUs the job uses; they are taken here (see gpus.py).
    """
    run_lock.hold(Path(path))
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o666)
    for stream in (sys.__stdout__, sys.__stderr__):
        stream.flush()
        os.dup2(handle, stream.fileno())
    os.close(handle)
    file = logging.FileHandler(path, encoding="utf-8")
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[file], force=True)
    sys.excepthook = _report
    logging.getLogger("strefer").info("%s%s", FACTS, dumps(job_facts()))
    take_gpus(gpus)


def _report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    details = (kind, error, trace)
    if issubclass(kind, EXPECTED):
        logging.getLogger("strefer").error("%s", error, exc_info=details)
    else:
        logging.getLogger("strefer").critical("%s: %s", kind.__name__, error, exc_info=details)


def read_reason(path: Path) -> str:
    """The reason why a job failed, in one line: the last error in its log file."""
    errors = _ERROR.findall(read_tail(path))
    silent = "it ended without a message, perhaps because it ran out of memory"
    return errors[-1] if errors else silent
