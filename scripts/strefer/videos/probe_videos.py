"""Stage `videos`: finds the raw films, digests and probes them.

`videos:` in the configuration is a folder (searched through), a glob, an address
s3://BUCKET/PREFIX, or a table (.csv, .tsv, .parquet) with the columns `id` and `path`. A folder of
numbered pictures (00000.jpg and so on) is a film, too. A film's id is its path inside the folder,
so that it stays the same if the folder moves.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import os
import stat
from typing import Any

from strefer import frames
from strefer.films.film_faults import DecodingError
from strefer.films.picture_folder import film_digest, rate_of
from strefer.films.storage import film_here, is_remote, version_of
from strefer.stage.faults import fault_of_text
from strefer.stage.run import Item, ItemFailure, Shard, Worker, one_by_one, run_stage
from strefer.videos.find_videos import printable

log = logging.getLogger("strefer")

MIN_FPS = 0.02  # a picture in 50 seconds; below that a timestamp went astray


def probe_videos(
    films: dict[str, str],
    shard: Shard,
) -> None:
    """Write the shard file of `Video` records for the given films (id → path)."""
    items = [
        # The path is not part of the result: a film that moves is not probed again.
        Item(video_id, content_of(path), context=path, part={"path": printable(path)})
        for video_id, path in films.items()
    ]

    def start() -> Worker:
        return one_by_one(lambda item: probe(item.context, item.content))

    run_stage("videos", items, start, shard)


def content_of(path: str) -> str:
    """What makes a film another one: its digest, or the version that its storage names, so that
    nothing is fetched to learn that all is done. Of a film that cannot be read: a text that `probe`
    fails on."""
    if not is_remote(path):
        return digest_file(path)
    try:
        return f"version {version_of(path)}"
    except (DecodingError, OSError) as error:
        return f"unreadable: {getattr(error, 'strerror', None) or error}"


def digest_file(path: str) -> str:
    """SHA-256 of a film's bytes. Of a film that cannot be read: a text that `probe` fails on."""
    if printable(path) != path:
        return "unreadable: its name is not UTF-8; rename it"
    try:
        found = os.stat(path)
        if stat.S_ISDIR(found.st_mode):
            return hashlib.sha256(f"{film_digest(path)} {rate_of(path):g}".encode()).hexdigest()
        if not stat.S_ISREG(found.st_mode):
            return "unreadable: not a regular file"  # a pipe or a device might never end
        if not found.st_size:
            return hashlib.sha256().hexdigest()  # some files of the kernel block when read
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"unreadable: {error.strerror}"
    except ValueError as error:
        # A null character in a table's path, or a folder without pictures.
        return f"unreadable: {error}"


def probe(path: str, content: str) -> dict[str, Any]:
    """Measure a film by decoding it once: containers are often wrong about themselves.

    Args:
        content: as `content_of` gives it.

    Returns:
        The fields of `Video` but for the path.

    Raises:
        ItemFailure: if it cannot be read to its end.
    """
    if content.startswith("unreadable"):
        raise ItemFailure(content, fault_of_text(content))
    try:
        with film_here(path) as here:
            return _measure(str(here), digest_file(str(here)) if is_remote(path) else content)
    except DecodingError as error:
        raise ItemFailure(str(error)) from None


def _measure(path: str, digest: str) -> dict[str, Any]:
    if os.path.isfile(path) and os.path.getsize(path) == 0:
        raise ItemFailure("the file is empty")
    shape = frames.measure(path)
    if shape.n_frames > 1 and shape.fps < MIN_FPS:
        raise ItemFailure(
            f"{shape.n_frames} frames in {shape.duration_s:.0f} s: its timestamps are wrong"
        )
    fields = {"digest": digest} | dataclasses.asdict(shape)
    if shape.notes:
        log.warning("%s: %s", path, "; ".join(shape.notes))
    else:
        del fields["notes"]  # most films are plain, and there may be millions
    return fields
