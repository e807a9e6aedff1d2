"""A file of results with its index, as `stage.store` describes them.

It may be read while its writer is running, even on another machine whose network file system shows
the items, the index or both only in part, or a stretch of zeros where bytes have not arrived yet: a
line counts if its checksum does, and an entry if it follows the one before without a gap.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from strefer.files import atomic_write, dumps

ENTRY = struct.Struct("<32sQI4s")  # digest, offset and length of the line in bytes, job
HEAD = len("checksum") + 1 + 64 + 1 + 8 + 1  # of a line, before the JSON


class Entry(NamedTuple):
    """The place of a result: its digest, its line's position in the file, and the job that made
    it."""

    digest: bytes
    offset: int
    length: int
    job: bytes


class Segment:
    """A file of items with its index, to read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.index_path = path.with_suffix(".index")
        self._file: int | None = None

    def entries(self) -> list[Entry]:
        """The entries of all complete lines, in order, including damaged ones if they are
        indexed."""
        found = self._indexed()
        with open(self.path, "rb") as file:
            while found and not _holds(file, found[-1]):
                found.pop()  # the end of the index is torn, or that of the lines
            return found + list(_scan(file, _end_of(found)))

    def _indexed(self) -> list[Entry]:
        try:
            raw = self.index_path.read_bytes()
        except FileNotFoundError:
            return []
        found, end = [], 0
        for fields in ENTRY.iter_unpack(raw[: len(raw) - len(raw) % ENTRY.size]):
            if fields[1] != end or not fields[2]:
                break  # the file is appended to without a gap: this is not an entry
            found.append(Entry(*fields))
            end += fields[2]
        return found

    def write_index(self) -> int:
        """Write the index again if it lacks anything. Gives where the whole lines end, in bytes."""
        entries = self.entries()
        index = b"".join(ENTRY.pack(*entry) for entry in entries)
        if not self.index_path.exists() or self.index_path.read_bytes() != index:
            with atomic_write(self.index_path, "wb") as file:
                file.write(index)
        return _end_of(entries)

    def line(self, entry: Entry) -> bytes | None:
        """A line's bytes; None if it is damaged."""
        if self._file is None:
            self._file = os.open(self.path, os.O_RDONLY)
        line = os.pread(self._file, entry.length, entry.offset)
        return line if _is_whole(line) and line[9:73] == entry.digest.hex().encode() else None

    def close(self) -> None:
        """Close the file; a later `line` opens it again."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _end_of(entries: Sequence[Entry]) -> int:
    return entries[-1].offset + entries[-1].length if entries else 0


def _holds(file: BinaryIO, entry: Entry) -> bool:
    file.seek(entry.offset)
    line = file.read(entry.length)
    return _is_whole(line) and entry_of(line, entry.offset) == entry


def _scan(file: BinaryIO, start: int) -> Iterator[Entry]:
    file.seek(start)
    for line in file:
        if not _is_whole(line):
            return
        yield entry_of(line, start)
        start += len(line)


def entry_of(line: bytes, offset: int) -> Entry:
    digest, job = bytes.fromhex(line[9:73].decode()), bytes.fromhex(line[74:82].decode())
    return Entry(digest, offset, len(line), job)


def _is_whole(line: bytes) -> bool:
    if len(line) <= HEAD or not line.endswith(b"\n"):
        return False
    return line[:8] == b"%08x" % zlib.crc32(memoryview(line)[9:-1])


def make_line(digest: str, job: str, result: Any) -> bytes:
    """A result as a line.

    Raises:
        ValueError: if the result is not JSON (NaN, halves of characters).
    """
    body = f"{digest} {job} {dumps(result)}".encode()
    return b"%08x " % zlib.crc32(body) + body + b"\n"


def segments_of(folder: Path, shard: str = "") -> list[Segment]:
    """The segments of a shard, or of all, oldest first."""
    found = []
    for path in folder.glob("*.items"):
        name, _, number = path.stem.rpartition(".")
        if number.isdigit() and shard in ("", name):
            found.append((name, int(number), path))
    return [Segment(path) for _, _, path in sorted(found)]
