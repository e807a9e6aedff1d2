"""What of the hub lies on this machine: read from the cache's folders, without network.

The cache of huggingface_hub holds `models--<owner>--<name>` with `refs/<branch>`, a file that names
a commit, and `snapshots/<commit>`, the files of that commit.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

_COMMIT = re.compile(r"[0-9a-f]{40}")
_WEIGHTS = (".safetensors", ".bin", ".pt", ".pth")
_INDEX = ".safetensors.index.json"


def folder_of(repository: str) -> Path:
    """Where the cache keeps a repository of models, if it has it."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    return Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=repository, repo_type="model")


def cached_commit(repository: str, revision: str | None = None) -> str | None:
    """The commit of a revision (None: `main`) of a repository as it was downloaded.

    Returns:
        40 hexadecimal digits, or None if the cache does not have it.
    """
    folder = folder_of(repository)
    revision = revision or "main"
    if (folder / "snapshots" / revision).is_dir():
        return revision
    try:
        commit = (folder / "refs" / revision).read_text(encoding="utf-8").strip()
    except OSError:
        return None
    return commit if _COMMIT.fullmatch(commit) else None


def has_weights(repository: str, revision: str | None = None) -> bool:
    """True if the weights of a revision are in the cache, all of them."""
    commit = cached_commit(repository, revision)
    if commit is None:
        return False
    snapshot = folder_of(repository) / "snapshots" / commit
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
