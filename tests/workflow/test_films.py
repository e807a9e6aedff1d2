"""Films of the user's own: good ones come out, bad ones are listed."""

import json

import pytest

from helpers.films import write_audio, write_film

from .conftest import shared_data

pytestmark = pytest.mark.workflow


def lines(folder, stage):
    return [
        json.loads(line)
        for path in sorted((folder / stage).glob("*.jsonl"))
        for line in path.read_text().splitlines()
    ]


def test_bad_films_are_listed_and_cost_no_other(workplace, tmp_path):
    films = tmp_path / "films"
    films.mkdir()
    write_film(films / "good.mp4", n_frames=24, size=(96, 128))
    write_film(films / "ein 'Blick' für {zwei}.mp4", n_frames=24, size=(96, 128))
    whole = write_film(tmp_path / "whole.mp4", n_frames=200, size=(64, 64)).read_bytes()
    (films / "truncated.mp4").write_bytes(whole[: len(whole) // 2])
    (films / "empty.mp4").touch()
    (films / "text.mp4").write_text("no film")
    write_audio(films / "sound.mp4")

    workplace.make({"videos": str(films), "run": "bad", "shards": 1}, ["instructions"])

    probed = {line["video_id"]: line for line in lines(workplace.results("bad"), "videos")}
    failed = {name for name, line in probed.items() if "failure" in line}
    assert failed == {"truncated.mp4", "empty.mp4", "text.mp4", "sound.mp4"}
    assert all(probed[name]["failure"]["reason"] for name in failed)
    cut = {line["video_id"] for line in lines(workplace.results("bad"), "clips")}
    assert cut == {"good.mp4", "ein 'Blick' für {zwei}.mp4"}

    config = (f"videos={films}", "run=bad", "shards=1", "strict=true")
    strict = workplace.run(config=config, targets=["instructions"], check=False)
    assert strict.returncode != 0
    assert "4 item(s) failed" in strict.stdout + strict.stderr


def test_real_films_go_through(workplace):
    films = shared_data() / "videos"
    workplace.make({"videos": str(films), "run": "real", "shards": 1}, ["instructions"])
    for stage in ("videos", "clips", "tracks", "masklets"):
        assert not [line for line in lines(workplace.results("real"), stage) if "failure" in line]
    assert len(lines(workplace.results("real"), "clips")) == 5
