"""Finds the raw films that a configuration names, and the shard of each."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

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
