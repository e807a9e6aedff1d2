"""Finds the raw films that a configuration names, and the shard of each."""

from __future__ import annotations

import csv
import glob
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from strefer.files import atomic_write
from strefer.films.storage import VERSIONS, is_remote, list_films
from strefer.stage.faults import MachineFault
from strefer.videos.tables import ENDINGS, read_table

# Extensions of films, including kinds that cannot be decoded here, so that those are reported.
EXTENSIONS = frozenset(
    f".{name}"
    for name in (
        "mp4 m4v mov qt f4v 3gp 3g2 mj2 mkv mk3d webm avi divx mpg mpeg mpe m1v m2v mpv vob ts mts "
        "m2t m2ts trp ogv ogm flv wmv asf gif apng webp mxf rm rmvb dv wtv nut ivf h264 264 h265 "
        "265 hevc vvc 266 obu av1 avc mjpg mjpeg amv y4m nsv swf vc1 braw r3d insv 360 lrv"
    ).split()
)
# The contents of a folder that is a film itself: see `films.picture_folder`.
_IN_PICTURE_FOLDER = re.compile(r"(?i)\d+\.(?:jpe?g|png)|fps\.txt")


def list_videos(source: str | Path) -> dict[str, str]:
    """The films by id, ids in order.

    Raises:
        ValueError: if `source` is none of the four kinds, is empty, or a table lacks a column or
            names an id twice.
    """
    source = os.path.expanduser(source)  # no shell does it after `videos=`
    path = Path(source)
    if is_remote(source):
        films = _from_storage(str(source).rstrip("/"))
    elif path.suffix.lower() in ENDINGS and not path.is_dir():
        films = _from_table(path)
    elif path.is_dir():
        films = {printable(name): film for name, film in _walk(path)}
    elif glob.has_magic(str(source)):
        found = sorted(p for p in glob.glob(str(source), recursive=True) if Path(p).is_file())
        root = os.path.commonpath([str(Path(p).parent) for p in found]) if found else ""
        films = {printable(os.path.relpath(p, root)): p for p in found}
    else:
        raise ValueError(
            f"videos: {source} is not a folder, a glob with a match, an s3:// address, or a .csv, "
            ".tsv or .parquet file"
        )
    if not films:
        raise ValueError(f"videos: no film in {source} (known: {', '.join(sorted(EXTENSIONS))})")
    return dict(sorted(films.items()))


def printable(path: str | Path) -> str:
    """A path as writable text: bytes that are not UTF-8 are escaped."""
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
        if inside and names and all(map(_IN_PICTURE_FOLDER.fullmatch, names)):
            yield inside.rstrip(os.sep), root
            continue
        for name in sorted(names):
            if os.path.splitext(name)[1].lower() in EXTENSIONS:
                yield inside + name, os.path.join(root, name)


def _from_storage(address: str) -> dict[str, str]:
    films = {}
    try:
        for name, version in list_films(address):
            if os.path.splitext(name)[1].lower() in EXTENSIONS:
                film = films[printable(name)] = f"{address}/{name}"
                VERSIONS[film] = version
    except (MachineFault, OSError) as error:
        raise ValueError(f"videos: {getattr(error, 'strerror', None) or error}") from None
    return films


def write_list(films: Mapping[str, str], path: Path) -> None:
    """Write the films of an address as a table, which jobs read in place of asking again."""
    with atomic_write(path) as file:
        table = csv.writer(file)
        table.writerow(("id", "path", "version"))
        table.writerows((name, film, VERSIONS[film]) for name, film in films.items())


def _from_table(path: Path) -> dict[str, str]:
    films: dict[str, str] = {}
    try:
        for place, row in read_table(path, ("id", "path")):
            for column in ("id", "path"):
                if not row[column]:
                    raise ValueError(f"{path}: {place}: {column!r} is empty")
            if row["id"] in films:
                raise ValueError(
                    f"{path}: {place} names the id {row['id']!r} twice; ids are unique"
                )
            film = row["path"] if is_remote(row["path"]) else os.path.join(path.parent, row["path"])
            films[row["id"]] = film
            if is_remote(film):
                VERSIONS[film] = row.get("version", "")
    except ValueError as error:
        raise ValueError(f"videos: {error}") from None
    return films


def film_marks(paths: list[str]) -> str:
    """A digest of size and modification time of files, and of the versions of films at addresses;
    "" for no file. What is missing counts."""
    if not paths:
        return ""
    digest = hashlib.sha256()
    for path in paths:
        mark: tuple[int, int] | str | None
        try:
            seen = None if is_remote(path) else os.stat(path)
            mark = (seen.st_size, seen.st_mtime_ns) if seen else VERSIONS.get(path)
        except (OSError, ValueError):  # a null character in a path
            mark = None
        digest.update(f"{path!r} {mark}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def shard_of(video_id: str, shards: int) -> int:
    """The shard of a film: a hash of its id, so that a new film affects only one shard."""
    digest = hashlib.sha256(video_id.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") % shards
