import json

import pytest

from strefer.benchmarks import videomme

FILM = {
    "video_id": "001",
    "duration": "short",
    "domain": "Knowledge",
    "sub_category": "History",
    "questions": [
        {
            "question_id": f"001-{n}",
            "task_type": "Counting Problem",
            "question": "How many?",
            "options": ["A. 1.", "B. 2.", "C. 3.", "D. 4."],
            "answer": "B",
        }
        for n in (1, 2, 3)
    ],
}


def load(tmp_path, films, **options):
    path = tmp_path / "videomme.json"
    path.write_text(json.dumps(films))
    return videomme.load(path, tmp_path, options)


def test_what_cannot_be_read_leaves_the_denominator_but_not_the_strict_one(tmp_path):
    questions = load(tmp_path, [FILM])
    said = {"001-1": "The best answer is B.", "001-2": "no idea", "001-3": "A"}
    metrics = videomme.score(questions, said, None).metrics
    assert metrics["accuracy"] == 50.0
    assert metrics["accuracy_strict"] == pytest.approx(100 / 3)
    assert metrics["duration/short"] == metrics["task_type/Counting Problem"] == 50.0


def test_subtitles_are_shown_without_numbers_and_times(tmp_path):
    (tmp_path / "001.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nHello there.\n\n")
    without = load(tmp_path, [FILM])[0].sample["conversations"][0]["value"]
    shown = load(tmp_path, [FILM], subtitles=str(tmp_path))[0].sample["conversations"][0]["value"]
    assert "Hello" not in without
    assert "subtitles are listed below:\nHello there.\n" in shown
    assert "-->" not in shown
    assert shown.endswith("D. 4.\nThe best answer is:")


def test_films_come_with_any_known_extension(tmp_path):
    (tmp_path / "001.mkv").touch()
    assert load(tmp_path, [FILM])[0].sample["path"] == str(tmp_path / "001.mkv")


def test_a_missing_field_is_named(tmp_path):
    with pytest.raises(ValueError, match="film 001: 'domain' is missing"):
        load(tmp_path, [{k: v for k, v in FILM.items() if k != "domain"}])
