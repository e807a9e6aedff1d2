"""Storage that is away while a film is read is not the film's fault."""

import errno
import os
from pathlib import Path

import pytest

from strefer.stage import attempts
from strefer.stage.run import MachineFault, Shard, read_lines
from strefer.videos import probe_videos


@pytest.mark.parametrize("name", ["ESTALE", "ETIMEDOUT", "ENOTCONN", "EIO"])
def test_a_film_on_storage_that_is_away_is_not_blamed(tmp_path, monkeypatch, name):
    films = {film: str(tmp_path / f"{film}.mp4") for film in "abc"}
    for path in films.values():
        Path(path).touch()
    real = os.stat

    def away(path, **given):
        if str(path).endswith("b.mp4"):
            number = getattr(errno, name)
            raise OSError(number, os.strerror(number))
        return real(path, **given)

    shard = Shard(tmp_path / "shard.jsonl", tmp_path / "store", {})
    monkeypatch.setattr(attempts, "PAUSES_S", (0.0, 0.0))
    with monkeypatch.context() as patch:
        patch.setattr(probe_videos.os, "stat", away)
        with pytest.raises(MachineFault, match=r"b: unreadable"):
            probe_videos.probe_videos(films, shard)
    assert not shard.output.exists()
    probe_videos.probe_videos(films, shard)
    reasons = [line.failure["reason"] for line in read_lines(shard.output)]
    assert reasons == ["the file is empty"] * 3
