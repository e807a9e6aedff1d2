"""Films that lie elsewhere: on storage of S3, or in an archive where nothing may be written."""

import contextlib
import json
import os
import subprocess

import pytest

from helpers.films import write_film
from helpers.storage import serve_storage

pytestmark = pytest.mark.workflow
STAGES = ("videos", "clips", "entities", "tracks", "masklets", "transcripts", "instructions")


@contextlib.contextmanager
def read_only(folder):
    """A folder that is mounted read-only where root may do that; otherwise its modes say so."""
    mount = ["mount", "--bind", "-o", "ro", folder, folder]
    mounted = not os.geteuid() and not subprocess.run(mount, check=False).returncode
    modes = {path: path.stat().st_mode for path in (folder, *folder.iterdir())}
    if not mounted:
        for path in modes:
            path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        yield
    finally:
        if mounted:
            subprocess.run(["umount", folder], check=True)
        else:
            for path, mode in modes.items():
                path.chmod(mode)


def results_of(folder):
    """The lines of all stages, without the films' places."""
    found = {}
    for stage in STAGES:
        [shard] = (folder / stage).glob("*.jsonl")
        found[stage] = [json.loads(line) for line in shard.read_text().splitlines()]
        for line in found[stage]:
            line.pop("path", None)
    return found


@pytest.mark.long
def test_films_at_an_address_give_what_films_of_an_archive_give(workplace, tmp_path):
    archive = tmp_path / "archive"
    archive.mkdir()
    write_film(archive / "a.mp4", n_frames=24, size=(96, 128))
    (archive / "b.mp4").write_bytes(b"no film")
    shards = {"shards": 1}
    with read_only(archive):
        workplace.make({"videos": str(archive), "run": "archive"} | shards, ["instructions"])
    with serve_storage() as storage:
        for film in archive.iterdir():
            storage.put(f"lab/{film.name}", film.read_bytes())
        remote = {"videos": "s3://films/lab", "run": "remote"} | shards
        workplace.make(remote, ["instructions"])
        assert workplace.plan(remote, targets=["instructions"]) == []
        storage.put("lab/c.mp4", (archive / "a.mp4").read_bytes())
        assert workplace.plan(remote, targets=["instructions"]) != []
    found = results_of(workplace.results("remote"))
    assert found == results_of(workplace.results("archive"))
    assert [line["video_id"] for line in found["clips"]] == ["a.mp4"]


def test_a_call_says_what_is_wrong_with_an_address(workplace, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with serve_storage() as storage:
        storage.put("lab/a.mp4", write_film(tmp_path / "a.mp4").read_bytes())
        target = ["results/call/videos/00000-of-00001.jsonl"]
        done = workplace.run(config=["videos=s3://flims/lab", "run=call"], check=False)
        assert done.returncode
        assert "videos: s3://flims/lab: there is no bucket flims" in done.stderr
        workplace.run(config=["videos=s3://films/lab", "run=call", "shards=1"], targets=target)
    table = (workplace.results("call") / "films.csv").read_text().splitlines()
    assert table[0] == "id,path,version"
    assert table[1].startswith("a.mp4,s3://films/lab/a.mp4,")
    assert not list(tmp_path.glob("strefer-films-*"))
