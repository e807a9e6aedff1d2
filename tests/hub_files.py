"""A hub's cache with folders as huggingface_hub makes them."""

import json

from huggingface_hub import constants
from huggingface_hub.file_download import repo_folder_name

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def use_cache(monkeypatch, folder):
    """The cache is this folder for the rest of a test."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))
    return folder


def add_model(cache, repository, files, commit=COMMIT, branch="main"):
    """A repository with files (name to content) as after a download."""
    folder = cache / repo_folder_name(repo_id=repository, repo_type="model")
    snapshot = folder / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir(exist_ok=True)
    (folder / "refs" / branch).write_text(commit)
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (snapshot / name).write_text(text)
    return snapshot
