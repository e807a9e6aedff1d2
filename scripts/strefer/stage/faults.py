"""Decide whether an error is caused by an item's content or by the machine.

The table below is the only place that knows. An item's fault becomes a failure line. A machine's
fault is never written down as a film's: `stage.attempts` tries again, and ends the job if that
does not help.
"""

from __future__ import annotations

import enum
import errno
import os
import re
import sys
from collections.abc import Iterator


class Fault(enum.Enum):
    """Kinds of faults, by what helps against them."""

    ITEM = "item"  # its content, or a model's reply about it: a failure line
    MEMORY = "memory"  # fewer items at a time, or another machine
    STORAGE = "storage"  # the same again after a pause
    DEVICE = "device"  # a new process: this one's GPU context or engine is gone
    ROOM = "room"  # a person: the disk is full, or too many files are open

    @property
    def ends_process(self) -> bool:
        """True if this process can do nothing more."""
        return self in (Fault.DEVICE, Fault.ROOM)


class MachineFault(Exception):
    """No film's fault: an engine, a server or a disk is gone. It ends the job."""


class ItemFailure(Exception):
    """One item cannot be done. Its text is the reason that the failure line and the report show.

    Attributes:
        fault: the item's, unless it was made while an error of the machine was being handled, or
            says otherwise.
    """

    def __init__(self, reason: str, fault: Fault | None = None) -> None:
        super().__init__(reason)
        self.fault = fault or fault_of(sys.exc_info()[1])


# fmt: off
_BY_TYPE = {
    Fault.MEMORY: {"MemoryError", "OutOfMemoryError"},
    Fault.DEVICE: {"AcceleratorError", "MachineFault", "EngineDeadError", "DistBackendError"},
}
_BY_ERRNO = {
    Fault.MEMORY: {errno.ENOMEM},
    Fault.STORAGE: {
        errno.ESTALE, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENOTCONN,
        errno.EREMOTEIO, errno.EROFS,
    },
    Fault.ROOM: {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE},
}
# For errors that engines raise as RuntimeError, or OpenCV as its own. Memory comes first: "CUDA
# error: out of memory" is its driver's. No other errors are searched: a film's name or a reply may
# contain any word.
_BY_MESSAGE = {
    Fault.MEMORY: r"CUDA error: out of memory|CUDA out of memory"
                  r"|allocate memory|Insufficient memory",
    Fault.DEVICE: r"CUDA (driver )?error|CUDA runtime error|HIP error|device-side assert"
                  r"|illegal memory access|no CUDA-capable device|\bECC\b"
                  r"|(?i:cublas|cudnn|cusolver|cufft|cusparse|nccl)(_STATUS_| ?error)"
                  r"|(?i:engine ?core|engine).*\b(died|dead)\b",
}
# fmt: on
_SEARCHED = ("RuntimeError", "error")


def fault_of(error: BaseException | None) -> Fault:
    """The kind of an error, by its type, errno and message, or by those of what it arose from."""
    for one in _with_causes(error):
        fault = one.fault if isinstance(one, ItemFailure) else _fault_of_one(one)
        if fault is not Fault.ITEM:
            return fault
    return Fault.ITEM


def fault_of_text(reason: str) -> Fault:
    """The kind of a failure line's reason, as versions without this table wrote it
    ("RuntimeError: CUDA error: ...", "/films/a.mp4: [Errno 116] Stale file handle")."""
    kind = reason.partition(":")[0].rpartition(".")[2]
    for fault, names in _BY_TYPE.items():
        if kind in names:
            return fault
    if kind in _SEARCHED and (fault := _by_message(reason)) is not Fault.ITEM:
        return fault
    for fault, numbers in _BY_ERRNO.items():
        if any(f"[Errno {n}]" in reason or os.strerror(n) in reason for n in numbers):
            return fault
    by_plain_read = reason == f"unreadable: {os.strerror(errno.EIO)}"
    return Fault.STORAGE if by_plain_read else Fault.ITEM


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _fault_of_one(error: BaseException) -> Fault:
    names = {kind.__name__ for kind in type(error).__mro__}
    for fault, known in _BY_TYPE.items():
        if names & known:
            return fault
    number = getattr(error, "errno", None)
    if number == errno.EIO:  # also what decoders say of broken content
        return Fault.ITEM if _can_be_read(getattr(error, "filename", None)) else Fault.STORAGE
    for fault, numbers in _BY_ERRNO.items():
        if number in numbers:
            return fault
    return _by_message(str(error)) if names & set(_SEARCHED) else Fault.ITEM


def _by_message(text: str) -> Fault:
    for fault, pattern in _BY_MESSAGE.items():
        if re.search(pattern, text):
            return fault
    return Fault.ITEM


def _can_be_read(path: object) -> bool:
    """True if a plain read of a whole file succeeds."""
    if not isinstance(path, str | bytes):
        return False
    try:
        with open(os.fsdecode(path).removeprefix("file:"), "rb") as file:
            while file.read(2**20):
                pass
    except OSError:
        return False
    return True
