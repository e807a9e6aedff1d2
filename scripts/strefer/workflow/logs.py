"""How a rule's script logs: details to the rule's log file, one clear line for expected errors."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from types import TracebackType

from strefer.files import dumps
from strefer.stage.job_facts import job_facts
from strefer.stage.run import MachineFault, StrictError
from strefer.workflow import run_lock
from strefer.workflow.provenance import FACTS

# Errors that tell the user what to mend: their text says it all, a traceback would bury it.
# A full disk or a file that cannot be read is an OSError.
EXPECTED = (ValueError, OSError, StrictError, MachineFault)


def start_log(path: str) -> None:
    """Log to `path` and to standard error, and keep tracebacks of expected errors in the file.

    The process holds the log file until it ends: that shows the job to be at work. The first line
    says on what it runs, for the run's provenance.
    """
    run_lock.hold(Path(path))
    file = logging.FileHandler(path, mode="w", encoding="utf-8")
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setFormatter(_WithoutTraceback("%(levelname)s %(message)s"))
    terminal.setLevel(logging.WARNING)
    logging.basicConfig(level=logging.INFO, handlers=[file, terminal], force=True)
    sys.excepthook = _report
    logging.getLogger("strefer").info("%s%s", FACTS, dumps(job_facts()))


class _WithoutTraceback(logging.Formatter):
    """A traceback belongs in the file: on the terminal it would bury the reason."""

    def format(self, record: logging.LogRecord) -> str:
        plain = logging.makeLogRecord(record.__dict__ | {"exc_info": None, "exc_text": None})
        return super().format(plain)


def _report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    details = (kind, error, trace)
    if issubclass(kind, EXPECTED):
        logging.getLogger("strefer").error("%s", error, exc_info=details)
    else:
        logging.getLogger("strefer").critical("%s: %s", kind.__name__, error, exc_info=details)
        sys.__excepthook__(kind, error, trace)
