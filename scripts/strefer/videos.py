"""Stage `videos`: finds the raw films, digests and probes them.

`videos:` in the configuration is a folder (searched through), a glob, or a table (.csv, .tsv,
.parquet) with the columns `id` and `path`. A film's id is its path inside the folder, so that it
stays the same wherever the folder lies.
"""

from __future__ import annotations

import dataclasses
import glob
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from strefer import frames
from strefer.stage import Item, ItemFailure, Worker, one_by_one, run_stage

MIN_FPS = 0.02  # a picture in 50 seconds; below that a timestamp went astray
EXTENSIONS = {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".ogv"}


def list_videos(source: str | Path) -> dict[str, str]:
    """The films by id, ids in order.

    Raises:
        ValueError: if `source` is none of the three kinds, is empty, or a table lacks a column or
            names an id twice.
    """
    path = Path(source)
    if path.suffix.lower() in {".csv", ".tsv", ".parquet"} and not path.is_dir():
        films = _from_table(path)
    elif path.is_dir():
        films = {printable(name): film for name, film in _walk(path)}
    elif glob.has_magic(str(source)):
        found = sorted(p for p in glob.glob(str(source), recursive=True) if Path(p).is_file())
        root = os.path.commonpath([str(Path(p).parent) for p in found]) if found else ""
        films = {printable(os.path.relpath(p, root)): p for p in found}
    else:
        raise ValueError(
            f"videos: {source} is no folder, no glob with a match, and no .csv, .tsv or .parquet"
        )
    if not films:
        raise ValueError(f"videos: no film in {source} (known: {', '.join(sorted(EXTENSIONS))})")
    return dict(sorted(films.items()))


def printable(path: str | Path) -> str:
    """A path as text that can be written: bytes that are no UTF-8 are spelled out."""
    text = str(path)
    if text.isascii():
        return text
    return os.fsencode(text).decode("utf-8", "backslashreplace")


def _walk(folder: Path) -> Iterator[tuple[str, str]]:
    # Plain strings: a Path for each of a million films would take longer than the walk itself.
    # Links to folders are not followed: they can go round in circles.
    for root, folders, names in os.walk(folder, followlinks=False):
        folders.sort()
        inside = "" if root == str(folder) else os.path.relpath(root, folder) + os.sep
        for name in sorted(names):
            if os.path.splitext(name)[1].lower() in EXTENSIONS:
                yield inside + name, os.path.join(root, name)


def _from_table(path: Path) -> dict[str, str]:
    import pandas as pd

    try:
        if path.suffix == ".parquet":
            table = pd.read_parquet(path)
        else:
            table = pd.read_csv(path, sep="\t" if path.suffix == ".tsv" else ",", dtype=str)
    except FileNotFoundError:
        raise ValueError(f"videos: there is no table {path}") from None
    except Exception as error:
        raise ValueError(f"videos: {path} cannot be read as a table: {error}") from None
    for column in ("id", "path"):
        if column not in table:
            raise ValueError(f"videos: {path} has no column {column!r} (it has {list(table)})")
        if table[column].isna().any():
            row = int(table[column].isna().to_numpy().argmax()) + 1
            raise ValueError(f"videos: {path}, row {row}: {column!r} is empty")
    twice = table["id"][table["id"].duplicated()]
    if len(twice):
        raise ValueError(f"videos: {path} names the id {twice.iloc[0]!r} twice; ids are unique")
    base = path.parent
    paths = (os.path.join(base, p) for p in table["path"])
    return dict(zip(map(str, table["id"]), paths, strict=True))


def film_marks(paths: list[str]) -> str:
    """A digest of size and modification time of files; "" for no file. What is missing counts."""
    if not paths:
        return ""
    digest = hashlib.sha256()
    for path in paths:
        try:
            seen = os.stat(path)
            mark = (seen.st_size, seen.st_mtime_ns)
        except (OSError, ValueError):  # a null character in a path
            mark = None
        digest.update(f"{path!r} {mark}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def shard_of(video_id: str, shards: int) -> int:
    """The shard of a film: a hash of its id, so that a new film touches one shard."""
    digest = hashlib.sha256(video_id.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") % shards


def probe_videos(
    films: dict[str, str],
    output: Path,
    store: Path,
    making: dict[str, Any],
    strict: bool,
) -> None:
    """Write the shard file of `Video` records for the given films (id → path)."""
    items = [
        # The path is no part of the result: a film that moves is not probed again.
        Item(video_id, digest_file(path), context=path, part={"path": printable(path)})
        for video_id, path in films.items()
    ]

    def start() -> Worker:
        return one_by_one(lambda item: probe(item.context, item.content))

    run_stage("videos", items, start, output=output, store=store, making=making, strict=strict)


def digest_file(path: str) -> str:
    """SHA-256 of a file's bytes. Of a file that cannot be read: a text that `probe` fails on."""
    if printable(path) != path:
        return "unreadable: its name is not UTF-8; rename it"
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):
            return "unreadable: not a regular file"  # a pipe or a device might never end
        if not found.st_size:
            return hashlib.sha256().hexdigest()  # some files of the kernel block when read
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"unreadable: {error.strerror}"
    except ValueError as error:
        return f"unreadable: {error}"  # a null character in a table's path


def probe(path: str, digest: str) -> dict[str, Any]:
    """Measure a film by decoding it once: containers are often wrong about themselves.

    Returns:
        The fields of `Video` but for the path.

    Raises:
        ItemFailure: if it cannot be read to its end.
    """
    if digest.startswith("unreadable"):
        raise ItemFailure(digest)
    if os.path.getsize(path) == 0:
        raise ItemFailure("the file is empty")
    try:
        shape = frames.measure(path)
    except frames.DecodingError as error:
        raise ItemFailure(str(error)) from None
    if shape.n_frames > 1 and shape.fps < MIN_FPS:
        raise ItemFailure(
            f"{shape.n_frames} frames in {shape.duration_s:.0f} s: its timestamps are wrong"
        )
    return {"digest": digest} | dataclasses.asdict(shape)
