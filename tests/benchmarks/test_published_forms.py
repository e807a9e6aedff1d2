"""The data sets as their owners publish them go in unchanged."""

import json
import logging

import pytest

from helpers.forms_of_benchmarks import MME_ROW, NAMES, contents, write_form, write_parquet
from strefer.benchmarks import videomme
from strefer.benchmarks.registry import BENCHMARKS, load_questions
from strefer.videollm.data.samples import sample_from_json

SECOND = MME_ROW | {"question_id": "001-2", "answer": "A"}
OTHER = MME_ROW | {"question_id": "002-1", "video_id": "002", "videoID": "XYZ"}
SRT = (
    "\ufeff1\n00:00:01,000 --> 00:00:02,000\n"
    '<font color="white" size=".72c">Hello there</font>\n\n'
    "2\n00:00:02,000 --> 00:00:03,500\n{\\an8}<i>General</i> Kenobi.\n1977\n"
)


@pytest.mark.parametrize("name", NAMES)
def test_each_benchmark_is_read_and_right_answers_score_full(tmp_path, name):
    questions = load_questions(name, write_form(tmp_path, name), 0)
    assert [sample_from_json(q.sample).turns[-1][1] for q in questions] == [""] * len(questions)
    if name != "videorefer_d":
        scored = BENCHMARKS[name].module.score(questions, {q.id: q.gold for q in questions}, None)
        best = 100.0 if name in ("videomme", "tempcompass") else 1.0
        metric = "form/yes_no" if name == "tempcompass" else "accuracy"
        assert scored.metrics[metric] == best
        if name != "tempcompass":
            assert scored.metrics["strict"] == best


def mme(tmp_path, **options):
    path = write_parquet(
        tmp_path / "videomme" / "test-00000-of-00001.parquet", [MME_ROW, SECOND, OTHER]
    )
    return videomme.load(path, tmp_path / "videos", options)


def text_of(question):
    return sample_from_json(question.sample).turns[0][0]


def test_the_parquet_file_of_video_mme_gives_the_questions_of_the_nested_one(tmp_path):
    flat = mme(tmp_path)
    assert [q.id for q in flat] == ["001-1", "001-2", "002-1"]
    (nested,) = load_questions("videomme", write_form(tmp_path, "videomme"), 0)
    assert text_of(nested) == text_of(flat[0])
    assert (nested.gold, nested.about) == (flat[0].gold, flat[0].about)
    assert videomme.load(tmp_path / "videomme", tmp_path, {})[0].id == "001-1"
    (tmp_path / "rows.json").write_text(json.dumps([MME_ROW]))
    assert text_of(videomme.load(tmp_path / "rows.json", tmp_path, {})[0]) == text_of(flat[0])


@pytest.mark.parametrize("film", ["fFjv93ACGo8.mp4", "data/fFjv93ACGo8.MP4", "001.mkv"])
def test_films_of_video_mme_have_either_name(tmp_path, film):
    path = tmp_path / "videos" / film
    path.parent.mkdir(parents=True)
    path.touch()
    assert mme(tmp_path)[0].sample["path"] == str(path)


@pytest.mark.parametrize("name", ["fFjv93ACGo8.srt", "001.srt", "subtitle/fFjv93ACGo8.srt"])
def test_subtitles_have_either_name_and_lose_their_tags(tmp_path, caplog, name):
    path = tmp_path / "subtitles" / name
    path.parent.mkdir(parents=True)
    path.write_text(SRT, encoding="utf-8")
    first, second, other = mme(tmp_path, subtitles=str(tmp_path / "subtitles"))
    shown = "subtitles are listed below:\nHello there\nGeneral Kenobi.\n"
    assert shown in text_of(first) and shown in text_of(second)
    assert sample_from_json(first.sample).context == "Hello there\nGeneral Kenobi."
    assert "subtitles" not in text_of(other)
    assert "1 of 2 films have no subtitles and are asked about without: XYZ" in caplog.text


def test_a_folder_with_no_film_s_subtitles_is_the_wrong_one(tmp_path):
    with pytest.raises(ValueError, match=r"has subtitles for none of the 2 films \(looked for fF"):
        mme(tmp_path, subtitles=str(tmp_path))


def test_films_that_are_still_zipped_are_pointed_out(tmp_path, caplog):
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "videos_chunked_01.zip").touch()
    with caplog.at_level(logging.WARNING):
        mme(tmp_path)
    assert "has .zip files and none of 2 films; unzip them" in caplog.text


@pytest.mark.parametrize("folder", ["", "questions"])
def test_tempcompass_is_read_from_its_repository_or_the_folder_of_its_questions(tmp_path, folder):
    write_form(tmp_path, "tempcompass", contents("tempcompass"))
    assert len(load_questions("tempcompass", {"annotations": str(tmp_path / folder)}, 0)) == 4
