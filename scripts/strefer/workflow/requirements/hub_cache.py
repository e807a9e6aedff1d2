"""Look up which of the hub's models this machine has in huggingface_hub's cache, without network
access."""

from __future__ import annotations

import json
from pathlib import Path

_WEIGHTS = (".safetensors", ".bin", ".pt", ".pth")
_INDEX = ".safetensors.index.json"


def snapshot_of(repository: str, revision: str | None = None) -> Path | None:
    """The cache's folder of a revision (None: `main`) of a repository of models; None without."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(repository, revision=revision, local_files_only=True))
    except LocalEntryNotFoundError:
        return None


def cached_commit(repository: str, revision: str | None = None) -> str | None:
    """The commit of a revision (None: `main`) of a repository as it was downloaded.

    Returns:
        40 hexadecimal digits, or None if the cache does not have it.
    """
    snapshot = snapshot_of(repository, revision)
    return None if snapshot is None else snapshot.name


def has_weights(repository: str, revision: str | None = None) -> bool:
    """True if the weights of a revision are in the cache, all of them."""
    snapshot = snapshot_of(repository, revision)
    if snapshot is None:
        return False
    # A file is a link to a blob; one that was not downloaded to its end has no blob.
    there = {p.name for p in snapshot.glob("*") if p.is_file() and p.name.endswith(_WEIGHTS)}
    for index in snapshot.glob(f"*{_INDEX}"):
        files = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        if not files <= there:
            return False
    return bool(there)


def size_of_folder(folder: Path) -> int:
    """Bytes of the files in a folder; 0 if it is not there."""
    return sum(p.stat().st_size for p in folder.glob("*") if p.is_file())
