"""Decode frames in a separate process, one for each decoding thread of a job.

A job that has loaded models for minutes must not lose them to a film: what a decoder crashes on, or
never ends with, ends that process alone. A new one is started and the film tried again, up to
`ATTEMPTS` times in all. The pixels are those of `frames.iterate_frames_at`.

Requests go through a pipe: JSON with {"path", "times_s", "size", "limit_s"}, and then `_NEXT` for
each frame. The process answers in JSON: {"shape"} of a frame that is in shared memory, or {"kind",
"text", "errno"} of an error. It decodes the next frame while it waits. Without times it reads the
file and answers with an empty frame.
"""

from __future__ import annotations

import errno
import json
import logging
import math
import mmap
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from strefer import frames
from strefer.files import ROOT
from strefer.films.film_faults import DecodingError
from strefer.films.storage import film_here
from strefer.stage.faults import MachineFault

log = logging.getLogger("strefer")
ATTEMPTS = 3
LIMIT_S = 1800.0  # for a frame, or for reading the file
_PATIENCE_S = 30.0  # with a process that should have ended itself
_NEXT = b"next"


def iterate_frames_apart(
    path: str | Path, times_s: Sequence[float], size: tuple[int, int] | None = None
) -> Iterator[np.ndarray]:
    """The frames shown at the given times, as `frames.iterate_frames_at`.

    Raises:
        DecodingError: if the film cannot be decoded or has no frame, or ended its process too
            often.
        OSError: of reading the file; ETIMEDOUT if that does not end.
        MemoryError: if the process was killed from outside, as for memory.
    """
    with film_here(path) as here:
        yield from _frames_apart(here, times_s, size)


def _frames_apart(
    path: str | Path, times_s: Sequence[float], size: tuple[int, int] | None
) -> Iterator[np.ndarray]:
    wanted, done = list(times_s), 0
    attempts = 0
    while done < len(wanted):
        try:
            for frame in _decoder().frames(str(path), wanted[done:], size):
                done += 1
                yield frame
        except _Displaced:
            continue
        except _Died as died:
            attempts += 1
            log.warning("%s: its decoding process was ended by %s", path, died)
            if isinstance(died, _Hangs):
                _see_that_it_can_be_read(str(path))
            if attempts == ATTEMPTS:
                raise DecodingError(
                    f"ended the process that decodes it {attempts} times, last by {died}"
                ) from None


def _see_that_it_can_be_read(path: str) -> None:
    try:
        list(_decoder().frames(path, None))
    except _Died:
        raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT), path) from None


class _Died(Exception):
    """The process ended; the text says by what."""


class _Hangs(_Died):
    """It gave no answer in time."""


class _Displaced(Exception):
    """It was asked about something else meanwhile."""


class _Decoder:
    """The process, as the job sees it that has started it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        memory = os.memfd_create("frames")
        self._memory = _Memory(memory)
        fds = theirs.fileno(), memory
        with theirs:
            # Neither forked, since the job may have threads and a GPU, nor spawned by
            # multiprocessing, which would run the job's script again.
            self._process = subprocess.Popen(
                [sys.executable, "-X", "faulthandler", "-m", __name__, *map(str, fds)],
                pass_fds=fds,
                env=os.environ | {"PYTHONPATH": str(ROOT / "scripts")},
            )
        self._pipe = Connection(ours.detach())
        self._owner, self._requests, self._gone = os.getpid(), 0, False

    @property
    def usable(self) -> bool:
        """False if it has ended, or if this process is a fork of the one that has started it."""
        return not self._gone and self._owner == os.getpid() and self._process.poll() is None

    def frames(
        self, path: str, times_s: Sequence[float] | None, size: tuple[int, int] | None = None
    ) -> Iterator[np.ndarray]:
        """The frames at these times; without times, nothing once the file has been read."""
        self._requests += 1
        number = self._requests
        asked = {"path": path, "times_s": times_s, "size": size, "limit_s": LIMIT_S}
        self._send(json.dumps(asked).encode())
        for _ in [None] if times_s is None else times_s:
            if number != self._requests:
                raise _Displaced
            self._send(_NEXT)
            yield self._answer(path)

    def _send(self, message: bytes) -> None:
        try:
            self._pipe.send_bytes(message)
        except OSError:
            raise self._died() from None

    def _answer(self, path: str) -> np.ndarray:
        try:
            if not self._pipe.poll(LIMIT_S + _PATIENCE_S):
                raise self._died()
            about = json.loads(self._pipe.recv_bytes())
            if "shape" not in about:
                raise _error_of(about, path)
            return self._memory.array(about["shape"]).copy()
        except (EOFError, ConnectionError):
            raise self._died() from None

    def _died(self) -> Exception:
        self._gone = True
        self._pipe.close()
        try:
            status = self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()  # it waits for a disk, and ends when that answers
            status = -signal.SIGALRM
        if status == -signal.SIGALRM:
            return _Hangs(f"a time limit: no frame for {LIMIT_S:g} s")
        if status in (-signal.SIGKILL, -signal.SIGTERM):
            return MemoryError("a decoding process was killed from outside, or ran out of memory")
        if status < 0:
            return _Died(f"signal {-status}")
        return MachineFault("a decoding process cannot run; the log has its error")


def _error_of(about: dict[str, Any], path: str) -> Exception:
    kind, text = about["kind"], about["text"]
    if kind == "DecodingError":
        return DecodingError(text)
    if kind == "MemoryError":
        return MemoryError(text)
    if about["errno"] is not None:
        return OSError(about["errno"], os.strerror(about["errno"]), path)
    return RuntimeError(f"{kind}: {text}")


_of_thread = threading.local()


def _decoder() -> _Decoder:
    known = getattr(_of_thread, "decoder", None)
    if known is None or not known.usable:
        known = _of_thread.decoder = _Decoder()
    return known


class _Memory:
    """Memory that processes share: a file that no disk has, which they know by its number."""

    def __init__(self, number: int) -> None:
        self._file = os.fdopen(number, "r+b", buffering=0)
        self._map: mmap.mmap | None = None

    def array(self, shape: Sequence[int]) -> np.ndarray:
        """Its beginning as a uint8 array, without a copy."""
        size = math.prod(shape)
        if self._map is None or size > len(self._map):
            self._file.truncate(max(size, os.fstat(self._file.fileno()).st_size, 1))
            self._map = mmap.mmap(self._file.fileno(), 0)
        return np.frombuffer(self._map, np.uint8, size).reshape(shape)


def _serve(pipe: Connection, memory: _Memory) -> None:
    """Answer requests until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the job ends this process by ending
    message = pipe.recv_bytes()
    while True:
        for answer in _answers(**json.loads(message)):
            message = pipe.recv_bytes()
            if message != _NEXT:
                break
            if isinstance(answer, np.ndarray):
                memory.array(answer.shape)[...] = answer
                answer = {"shape": answer.shape}
            pipe.send_bytes(json.dumps(answer).encode())
        else:
            message = pipe.recv_bytes()


def _answers(
    path: str, times_s: Sequence[float] | None, size: Sequence[int] | None, limit_s: float
) -> Iterator[Any]:
    size = size and tuple(size)
    found = _read(path) if times_s is None else frames.iterate_frames_at(path, times_s, size)
    try:
        while True:
            signal.setitimer(signal.ITIMER_REAL, limit_s)  # ends the process
            frame = next(found, None)
            signal.setitimer(signal.ITIMER_REAL, 0)
            if frame is None:
                return
            yield frame
    except Exception as error:
        signal.setitimer(signal.ITIMER_REAL, 0)
        number = getattr(error, "errno", None)
        yield ({"kind": type(error).__name__, "text": str(error), "errno": number})


def _read(path: str) -> Iterator[np.ndarray]:
    files = [file.path for file in os.scandir(path)] if os.path.isdir(path) else [path]
    for one in files:
        with open(one, "rb") as file:
            while file.read(2**20):
                pass
    yield np.empty(0, np.uint8)


if __name__ == "__main__":
    try:
        _serve(Connection(int(sys.argv[1])), _Memory(int(sys.argv[2])))
    except (EOFError, ConnectionError):
        sys.exit()
