"""A film as a recording of Rerun, read back by Rerun itself."""

import sys

import numpy as np
import pytest

from helpers.gallery_run import (
    SECONDS,
    SIZE_PX,
    left_of_red,
    one_film,
    records_of,
    square,
    write_square_film,
    write_stages,
)
from helpers.shards import video_of
from strefer.__main__ import main
from strefer.gallery.show_films import read_films
from strefer.gallery.write_rerun import write_rerun


def run_of(folder, films, failures=()):
    for stage, path in write_stages(folder / "shards", films, failures).items():
        (folder / stage).mkdir()
        path.rename(folder / stage / "00000-of-00001.jsonl")
    return folder


def rows_of(path):
    """What a recording holds: rows of columns, by entity."""
    from rerun.chunk import RrdReader

    rows = {}
    for chunk in RrdReader(str(path)).stream():
        rows.setdefault(str(chunk.entity_path), []).extend(chunk.to_record_batch().to_pylist())
    return rows


def column(row, ending):
    return next(value for name, value in row.items() if name.endswith(ending))


def test_a_recording_has_the_film_its_masks_its_transcript_and_its_pairs(tmp_path, capsys):
    pytest.importorskip("rerun")
    run = run_of(tmp_path, one_film(tmp_path))
    output = tmp_path / "out" / "a.rrd"
    assert main(["rerun", str(run), "squares.mp4", "--output", str(output)]) == 0
    rows = rows_of(output)
    frames = [row for row in rows["/video"] if any("VideoFrameReference" in name for name in row)]
    assert len(frames) == SECONDS * 8
    masks = rows["/video/masks"]
    assert len(masks) == SECONDS
    for row in masks:
        second = round(row["film"].total_seconds())
        buffer = np.array(column(row, ":buffer")[0], np.uint8).view(np.uint16)
        image = buffer.reshape(SIZE_PX)
        red = square(left_of_red(second), 10) if second != 5 else np.zeros(SIZE_PX, bool)
        assert np.array_equal(image == 1, red), second
        assert np.array_equal(image == 2, square(50, 60)), second
    assert len(rows["/transcript"]) == 2
    said = sorted(column(row, ":text")[0] for row in rows["/pairs"])
    assert said[0].startswith("G3: What does <region> do from 2.0 s to 4.0 s? → It goes")
    assert any("claim: the transcript does not say so" in text for text in said)


def test_a_film_that_rerun_cannot_play_is_written_by_its_copy(tmp_path):
    pytest.importorskip("rerun")
    write_square_film(tmp_path / "a.avi", "mpeg4")
    films = {"a.avi": records_of(video_of(tmp_path / "a.avi"))}
    (film,) = read_films(write_stages(tmp_path / "shards", films))
    write_rerun(film, tmp_path / "proxies", tmp_path / "a.rrd")
    assert len(rows_of(tmp_path / "a.rrd")["/video"]) == SECONDS * 8 + 2
    assert len(list((tmp_path / "proxies").iterdir())) == 1


def test_what_cannot_be_written_is_said(tmp_path, capsys, monkeypatch):
    run = run_of(tmp_path, one_film(tmp_path), [("videos", "bad.mp4", "it is a text file")])
    assert main(["rerun", str(run), "other.mp4"]) == 2
    assert "has no film 'other.mp4'" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "rerun", None)
    assert main(["rerun", str(run), "squares.mp4"]) == 2
    assert "rerun-sdk is not installed: pip install rerun-sdk" in capsys.readouterr().err


def test_a_failed_film_is_refused_with_its_reason(tmp_path, capsys):
    pytest.importorskip("rerun")
    run = run_of(tmp_path, one_film(tmp_path), [("videos", "bad.mp4", "it is a text file")])
    assert main(["rerun", str(run), "bad.mp4"]) == 2
    assert "bad.mp4 failed: it is a text file" in capsys.readouterr().err
