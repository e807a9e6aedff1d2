"""A student's answers to benchmarks as they are published: folders of pictures, missing films."""

import json
from pathlib import Path

import pytest
from PIL import Image

from helpers.forms_of_benchmarks import ASKED, write_form
from strefer.benchmarks.predict_answers import predict_answers
from strefer.benchmarks.score_predictions import score_predictions

STUDENT = Path(__file__).resolve().parents[2] / "resources" / "teachers" / "student"


def write_frames(folder, count=12):
    folder.mkdir(parents=True)
    for i in range(count):
        Image.new("RGB", (64, 48), (20 * i, 90, 90)).save(folder / f"{i:05d}.jpg")


def test_a_folder_of_frames_is_answered_and_a_missing_film_costs_its_own_questions(
    tmp_path, caplog
):
    mask = {"segmentation": [[5, 5, 30, 5, 30, 30, 5, 30]]}
    asked = ASKED | {"annotation": [{"0": mask, "6": mask}]}
    absent = {"video": "DAVIS/JPEGImages/480p/absent"}
    entries = [asked, asked | {"id": 1} | absent, asked | {"id": 2}, asked | {"id": 3} | absent]
    files = write_form(tmp_path, "videorefer_q", {"VideoRefer-Bench-Q.json": entries})
    write_frames(tmp_path / ASKED["video"])
    said = tmp_path / "said.jsonl"
    predict_answers(STUDENT, "videorefer_q", files, said, 0)
    predictions = {p["id"]: p["prediction"] for p in map(json.loads, said.read_text().splitlines())}
    assert [predictions[i] is None for i in "0123"] == [False, True, False, True]
    assert predictions["0"] == predictions["2"] != ""
    lines = [r.message for r in caplog.records if "2 questions without an answer" in r.message]
    assert len(lines) == 1 and "absent: 2 questions without an answer: no such film" in lines[0]
    metrics = score_predictions(said, "videorefer_q", files, tmp_path / "s.json", 0, None, {})
    assert metrics["answered"] == 0.5


def test_films_that_are_all_somewhere_else_are_an_error(tmp_path):
    files = write_form(tmp_path, "videorefer_q")
    with pytest.raises(ValueError, match="no question could be asked, for example about.*aerobat"):
        predict_answers(STUDENT, "videorefer_q", files, tmp_path / "said.jsonl", 0)
