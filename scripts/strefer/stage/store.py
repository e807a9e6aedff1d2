"""The item store: results by digest, packed into a few files a shard.

    <shard>.<n>.items   one line per result: checksum, digest, job, JSON. Append-only.
    <shard>.<n>.index   a 48-byte entry per line, to find digests without reading the results.
    <shard>.used        the current digests of the shard's items, for `workflow.store_upkeep`.
    <shard>.journal     which processes computed what, and what they had in progress
    (`stage.journal`).

A shard's job writes its own files and reads those of all shards: a film may have moved to another.
Reading takes no lock: a line counts if its checksum does, and a line or an entry that is torn ends
its file. What an index lacks (while its writer is at work, or if that was killed) is read from the
lines themselves.

A writer takes the kernel's lock (`flock`) on the items file and cuts off an incomplete last line
before it appends. If another process has the lock, or the file system has no locks (Lustre without
`-o flock`), the job starts its own file: two writers never share one. A shard's files are merged
when there are many; without locks that is safe as long as only one call at a time runs on a run,
like everything else there.

What a network file system must give, as NFS (version 3 on) and Lustre do: a file is created by one
of two (`O_EXCL`), a rename replaces a file at once, a process sees what it has written itself, and
who opens a file sees what was there when its writer closed it. Appends need not be atomic between
machines (`O_APPEND` over NFS is not): a file has one writer. What others see of it while it is at
work may be late or in pieces (`stage.segments`).
"""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from strefer.files import atomic_write
from strefer.stage.segments import ENTRY, HEAD, Entry, Segment, entry_of, make_line, segments_of

log = logging.getLogger("strefer")
MOST_SEGMENTS = 8  # of a shard; more are joined
MOST_LOOKS = 8  # at all files, if some go while they are looked at
_INDEX_EVERY = 2**16  # bytes of lines
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}


class Writer:
    """Appends to a segment whose lock it has."""

    def __init__(self, folder: Path, shard: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        own = segments_of(folder, shard)
        last = int(own[-1].path.stem.rpartition(".")[2]) if own else -1
        held = _lock(own[-1].path) if own else None
        while held is None:
            last += 1
            held = _lock(folder / f"{shard}.{last}.items", new=True)
        self.segment = Segment(folder / f"{shard}.{last}.items")
        self._items = held
        for left in folder.glob(f".{shard}.{last}.*"):
            left.unlink(missing_ok=True)  # of a process that was killed while it wrote an index
        self.end = self._indexed = self.segment.write_index()
        self._entries: list[Entry] = []  # that the index lacks
        os.ftruncate(self._items, self.end)
        self._index = os.open(self.segment.index_path, os.O_WRONLY | os.O_APPEND)

    def append(self, line: bytes) -> Entry:
        """Write a line; gives its entry. What cannot be written whole is cut off again."""
        try:
            _write_all(self._items, line)
        except OSError:
            os.ftruncate(self._items, self.end)
            raise
        entry = entry_of(line, self.end)
        self.end += len(line)
        self._entries.append(entry)
        if self.end - self._indexed >= _INDEX_EVERY:
            self._write_index()
        return entry

    def _write_index(self) -> None:
        entries, self._entries, self._indexed = self._entries, [], self.end
        _write_all(self._index, b"".join(ENTRY.pack(*entry) for entry in entries))

    def close(self) -> None:
        """Bring the lines to the disk and let go of the lock."""
        try:
            self._write_index()
            os.fsync(self._items)
        finally:
            os.close(self._items)
            os.close(self._index)


def _lock(path: Path, new: bool = False) -> int | None:
    """The locked file, for appending; None if this process must not append to it."""
    flags = os.O_RDWR | os.O_APPEND | (os.O_CREAT | os.O_EXCL if new else 0)
    try:
        file = os.open(path, flags, 0o666)
    except FileExistsError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if new and error.errno in _NO_LOCKS:
            return file  # only this process opens a file that it has created
        os.close(file)
        if error.errno not in _NO_LOCKS | {errno.EWOULDBLOCK}:
            raise
        return None
    return file


def _write_all(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


class ItemStore:
    """A stage's results: those that are there, and those that this job adds."""

    def __init__(self, folder: Path, shard: str) -> None:
        self.folder, self.shard = Path(folder), shard
        self._places: dict[bytes, tuple[Segment, Entry]] = {}
        self._writer: Writer | None = None
        self._open: Segment | None = None

    def note_used(self, digests: Iterable[str]) -> None:
        """Note the digests of the shard's items, all of them."""
        with atomic_write(self.folder / f"{self.shard}.used", "wb") as file:
            file.write(b"".join(map(bytes.fromhex, dict.fromkeys(digests))))

    def find(self, digests: Collection[str]) -> set[str]:
        """Look for results. Gives the digests of those that are there and whole.

        The shard's own files are looked through first, and those of other shards only if
        something is missing.
        """
        join_segments(self.folder, self.shard)
        wanted = {bytes.fromhex(digest) for digest in digests}
        for _ in range(MOST_LOOKS):
            try:
                self._look_up(wanted)
                break
            except FileNotFoundError:
                continue  # another shard's job has joined its files meanwhile
        if wanted and any(self.folder.glob("[0-9a-f][0-9a-f]")):
            log.warning(
                "item store: %s has files of an older version, one per item; to use them: "
                "python -m strefer store move RUN",
                self.folder,
            )
        return {digest for digest in digests if bytes.fromhex(digest) in self._places}

    def _look_up(self, wanted: set[bytes]) -> None:
        """Note the places of results, and take those off `wanted`."""
        segments = segments_of(self.folder)
        segments.sort(key=lambda s: s.path.stem.rpartition(".")[0] != self.shard)
        for segment in segments:
            if not wanted:
                break
            # Of two lines of one digest the later stays: the first was damaged.
            places = {e.digest: e for e in segment.entries() if e.digest in wanted}
            for digest, entry in places.items():
                if segment.line(entry) is None:
                    log.warning("item store: %s: skipping a damaged line", segment.path)
                    continue
                self._places[digest] = (segment, entry)
                wanted.remove(digest)
            segment.close()

    def get(self, digest: str) -> Any:
        """The result of a digest that was found or put.

        Raises:
            OSError: if it has been damaged since.
        """
        line = self._line(digest)
        if line is None:
            self.find([digest])  # another shard's job may have joined its files meanwhile
            line = self._line(digest)
        if line is None:
            path = self._places[bytes.fromhex(digest)][0].path
            raise OSError(errno.EIO, "a stored result was damaged while in use", str(path))
        return json.loads(line[HEAD:])

    def _line(self, digest: str) -> bytes | None:
        segment, entry = self._places[bytes.fromhex(digest)]
        if segment is not self._open and self._open is not None:
            self._open.close()  # films that moved here may be in files of a thousand shards
        self._open = segment
        try:
            return segment.line(entry)
        except FileNotFoundError:
            return None

    def put(self, digest: str, job: str, result: Any) -> None:
        """Keep a result; it is found by others as soon as this returns.

        Raises:
            ValueError: if it cannot be written as JSON.
        """
        line = make_line(digest, job, result)
        if self._writer is None:
            self._writer = Writer(self.folder, self.shard)
        entry = self._writer.append(line)
        self._places[entry.digest] = (self._writer.segment, entry)

    def close(self) -> None:
        """Close all files."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        if self._open is not None:
            self._open.close()


def join_segments(folder: Path, shard: str, keep: Collection[bytes] | None = None) -> None:
    """Join the segments of a shard into one if there are many, or if `keep` names the digests that
    are to be left. A kill in between loses nothing."""
    old = segments_of(folder, shard)
    if not old or (keep is None and len(old) < MOST_SEGMENTS):
        return
    latest = {e.digest: (segment, e) for segment in old for e in segment.entries()}
    kept = [(s, e) for s, e in latest.values() if keep is None or e.digest in keep]
    number = int(old[-1].path.stem.rpartition(".")[2]) + 1
    path = folder / f"{shard}.{number}.items"
    with atomic_write(path, "wb") as file:
        for segment, entry in kept:
            file.write(segment.line(entry) or b"")
    Segment(path).write_index()
    for segment in old:
        segment.close()
        segment.path.unlink()
        segment.index_path.unlink(missing_ok=True)
