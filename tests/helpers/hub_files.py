"""A hub's cache with folders as huggingface_hub makes them."""

import json

from huggingface_hub import constants
from huggingface_hub.file_download import repo_folder_name

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def use_cache(monkeypatch, folder):
    """The cache is this folder, and nothing is downloaded, for the rest of a test."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return folder


def snapshot_of(cache, repository, commit=COMMIT, branch="main"):
    """The folder of a repository's files, as after a download."""
    folder = cache / repo_folder_name(repo_id=repository, repo_type="model")
    (folder / "refs").mkdir(parents=True, exist_ok=True)
    (folder / "refs" / branch).write_text(commit)
    snapshot = folder / "snapshots" / commit
    snapshot.mkdir(parents=True, exist_ok=True)
    return snapshot


def add_model(cache, repository, files, **names):
    """A repository with files (name to content)."""
    snapshot = snapshot_of(cache, repository, **names)
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (snapshot / name).write_text(text)
    return snapshot
