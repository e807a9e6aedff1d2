"""Samples for other people's trainers."""

import json
import tarfile
from dataclasses import replace

import datasets
import numpy as np
import pytest

from helpers.films import write_film
from helpers.own_data import VIDEO, with_region_prompts, write_own_data
from strefer.__main__ import main
from strefer.frames import measure, read_frames
from strefer.recipes.base_data import read_base
from strefer.recipes.clip_films import write_clip
from strefer.recipes.published_format import own_samples
from strefer.recipes.trainer_formats import box_in_thousandths, write_for_trainer
from strefer.videollm.data.samples import sample_from_json


@pytest.fixture
def film(tmp_path):
    return write_film(tmp_path / "a.mp4", n_frames=128, fps=8, size=(64, 64))


@pytest.fixture
def samples(tmp_path, film, monkeypatch):
    monkeypatch.setattr("helpers.own_data.VIDEO", replace(VIDEO, path=str(film)))
    masklets, _ = with_region_prompts()  # rows 20-39, columns 10-49 of 64
    return list(own_samples(**write_own_data(tmp_path, masklets=masklets)))


def by_id(entries):
    return {entry["id"]: entry for entry in entries}


def test_regions_and_times_are_said_in_words(samples, film, tmp_path):
    assert write_for_trainer(samples, "llava", tmp_path / "out") == len(samples)
    entries = by_id(json.loads((tmp_path / "out" / "llava.json").read_text()))
    timed = entries["a-004"]
    assert timed["video"] == str(film)
    box = "box [156, 312, 781, 625]"
    assert timed["conversations"][0]["value"] == (
        f"<video>\nWhat do the dog in {box} at 4.1 seconds and the ball in {box} at 4.6 seconds do "
        "between 4.0 seconds and 8.5 seconds?"
    )
    assert entries["a-002"]["conversations"][1]["value"] == ("Between 4.0 seconds and 8.0 seconds.")
    text = json.dumps(entries)
    assert not any(token in text for token in ("<region>", "<start_time>", "<image>"))


def test_a_clip_becomes_a_film_of_its_own(samples, film, tmp_path):
    write_for_trainer(samples, "llava", tmp_path / "out")
    entries = by_id(json.loads((tmp_path / "out" / "llava.json").read_text()))
    clip = entries["a-003"]["video"]
    assert clip.startswith(str(tmp_path / "out" / "clips"))
    assert measure(clip).duration_s == pytest.approx(4.0)
    times = [0.0, 1.0, 3.9]
    of_film = read_frames(film, [4 + time for time in times]).astype(float)
    assert read_frames(clip, times) == pytest.approx(of_film, abs=4)
    assert " at 3." in entries["a-003"]["conversations"][0]["value"]  # of the clip's 4 s
    with pytest.raises(ValueError, match="no frame from 20 to 30 s"):
        write_clip(film, (20.0, 30.0), tmp_path / "none.mp4")


def test_llama_factory_and_ms_swift_get_messages_and_videos(samples, film, tmp_path):
    write_for_trainer(samples, "llama_factory", tmp_path / "lf")
    about = json.loads((tmp_path / "lf" / "dataset_info.json").read_text())["strefer"]
    table = datasets.load_dataset(
        "json", data_files=str(tmp_path / "lf" / about["file_name"]), cache_dir=str(tmp_path / "c")
    )["train"]
    assert set(table.column_names) == set(about["columns"].values())
    for row in table:
        assert [message["role"] for message in row["messages"]] == ["user", "assistant"]
        assert row["messages"][0]["content"].count("<video>") == len(row["videos"]) == 1
    write_for_trainer(samples, "ms_swift", tmp_path / "ms")
    lines = (tmp_path / "ms" / "data.jsonl").read_text().splitlines()
    found = [json.loads(line)["messages"] for line in lines]
    assert found == [row["messages"] for row in table]


def test_videorefers_form_is_read_as_base_data(samples, film, tmp_path):
    write_for_trainer(samples, "videorefer", tmp_path / "out")
    read = by_id(read_base(tmp_path / "out" / "videorefer.json"))
    whole, clip = read["a-004"], read["a-003"]
    assert whole["frame_keys"] == clip["frame_keys"] == "raw"
    # Sampled frames 0, 8 and 15 of 32 over 128 frames.
    assert list(whole["annotation"][0]) == ["0", "33", "61"]
    assert whole["conversations"][0]["value"].count("<region>") == 2
    assert clip["path"] != str(film)
    assert max(map(int, clip["annotation"][0])) < measure(clip["path"]).n_frames == 32
    for sample in read.values():
        sample_from_json(sample)


def test_webdataset_shards_hold_each_film_once_with_its_samples(samples, film, tmp_path):
    assert write_for_trainer(samples, "webdataset", tmp_path / "out") == len(samples)
    (shard,) = (tmp_path / "out").glob("*.tar")
    with tarfile.open(shard) as tar:
        assert tar.getnames() == ["00000000.mp4", "00000000.json"]
        assert tar.extractfile("00000000.mp4").read() == film.read_bytes()
        found = json.load(tar.extractfile("00000000.json"))["samples"]
    assert found == json.loads(json.dumps(samples))


def test_trl_gets_pictures_with_outlines_and_their_times(samples, film, tmp_path):
    assert write_for_trainer(samples, "trl", tmp_path / "out") == len(samples)
    table = datasets.load_dataset(
        "parquet", data_files=str(tmp_path / "out" / "train.parquet"), cache_dir=str(tmp_path / "c")
    )["train"]
    rows = {sample["id"]: row for sample, row in zip(samples, table, strict=True)}
    asked, answer = rows["a-004"]["messages"]
    assert (asked["role"], answer["role"]) == ("user", "assistant")
    head, question = asked["content"].split("\n")
    assert question == (
        "What do the dog in the object outlined in red and the ball in the object outlined in lime "
        "do between 4.0 seconds and 8.5 seconds?"
    )
    times = head.removeprefix("Frames of a video, at ").removesuffix(" seconds.").split(", ")
    pictures = rows["a-004"]["images"]
    assert times == sorted(times, key=float)
    assert len(times) == len(pictures) == 9  # one of eight shows the ball
    red = [is_red(np.asarray(picture)[20, 10:50]).mean() for picture in pictures]
    assert max(red) > 0.5, "an edge of the region, rows 20-39, is outlined"
    assert red[times.index("4.1")] > 0.5
    plain = next(row for row in rows.values() if "outlined" not in str(row["messages"]))
    assert not any(is_red(np.asarray(picture)).any() for picture in plain["images"])


def is_red(pixels):
    red, green, blue = np.moveaxis(pixels.astype(int), -1, 0)
    return (red - np.maximum(green, blue)) > 60


def test_a_sample_about_no_film_names_none(tmp_path):
    turns = [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "So."}]
    write_for_trainer([{"conversations": turns}], "llava", tmp_path)
    entry = {"id": "0", "conversations": turns}
    assert json.loads((tmp_path / "llava.json").read_text()) == [entry]
    write_for_trainer([{"conversations": turns}], "llama_factory", tmp_path)
    assert json.loads((tmp_path / "data.json").read_text())[0]["videos"] == []


def test_the_command_reads_an_exports_lines(samples, tmp_path, capsys):
    lines = tmp_path / "strefer.jsonl"
    lines.write_text("".join(json.dumps(sample) + "\n" for sample in samples))
    assert main(["convert", str(lines), "--form", "llava", "--output", str(tmp_path / "o")]) == 0
    assert len(json.loads((tmp_path / "o" / "llava.json").read_text())) == len(samples)
    lines.write_text("{\n")
    assert main(["convert", str(lines), "--form", "llava", "--output", str(tmp_path / "o")]) == 2
    assert "strefer.jsonl, line 1" in capsys.readouterr().err
    assert main(["convert", str(tmp_path), "--form", "llava", "--output", str(tmp_path / "o")]) == 2
    assert "give the folder `export` of a run" in capsys.readouterr().err


def test_boxes_and_unknown_forms(tmp_path):
    mask = np.zeros((10, 20), bool)
    mask[2:4, 5:10] = True
    assert box_in_thousandths(mask) == [250, 200, 500, 400]
    with pytest.raises(ValueError, match="'none'; known: published, lines, llava"):
        write_for_trainer([], "none", tmp_path)
