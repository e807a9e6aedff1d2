import numpy as np
import pytest

from helpers.films import write_film
from helpers.shards import ScriptedChat, video_of, write_shard
from strefer.entities import recognize_entities as entities
from strefer.records import Entities, Video
from strefer.stage.run import Shard, read_lines, read_records

OPTIONS = {
    "looks": 1,
    "n_frames": 4,
    "max_new_tokens": 32,
    "attempts": 3,
    "retry_temperature": 0.7,
    "batch_films": 2,
    "seed": 5,
}
TEXT = "The active entities are a man in a red shirt and a brown dog."


@pytest.fixture
def films(tmp_path):
    return {
        name: video_of(write_film(tmp_path / f"{name}.mp4", n_frames=n), digest=name)
        for name, n in (("a", 16), ("b", 8), ("c", 1))
    }


def recognize(tmp_path, monkeypatch, films, answer, **options):
    chat = ScriptedChat(answer)
    monkeypatch.setattr(entities, "load_chat", lambda spec: chat)
    entities.recognize_entities(
        write_shard(tmp_path / "videos.jsonl", films.items()),
        Shard(tmp_path / "entities.jsonl", tmp_path / "store", {"code": "1"}),
        OPTIONS | options,
        {"entity_recognizer": "config/prompts/demo/entity_recognizer.txt"},
        {"adapter": "scripted"},
    )
    return chat


def test_each_film_is_asked_about_once(tmp_path, monkeypatch, films):
    chat = recognize(tmp_path, monkeypatch, films, lambda request: TEXT)
    records = read_records(tmp_path / "entities.jsonl", Entities)
    assert records == {name: [Entities(TEXT)] for name in "abc"}
    assert [len(call) for call in chat.calls] == [2, 1]
    first = chat.calls[0][0]
    assert first.text.startswith("List every active entity")
    shades = [round((float(frame.mean()) - 16) / 8) for frame in first.frames]
    assert shades == [0, 5, 10, 15], "evenly spaced, the first and the last frame included"
    assert first.fps == pytest.approx(3 / (15 / 8))
    again = recognize(tmp_path, monkeypatch, films, lambda request: "other")
    assert again.calls == [], "everything is in the store"


def test_looks_share_a_film_among_them_and_their_answers_are_joined(tmp_path, monkeypatch, films):
    def shades(request):
        return [round((float(frame.mean()) - 16) / 8) for frame in request.frames]

    def answer(request):
        return TEXT if min(shades(request)) < 8 else "The active entity is a red ball."

    chat = recognize(tmp_path, monkeypatch, films, answer, looks=2)
    assert [len(call) for call in chat.calls] == [4, 2], "all looks of a batch in one call"
    first, second = chat.calls[0][:2]
    assert shades(first) == [0, 2, 4, 7]
    assert shades(second) == [8, 10, 12, 15], "each look has frames of its own stretch"
    assert first.fps == second.fps == pytest.approx(3 / (7 / 8))
    assert read_records(tmp_path / "entities.jsonl", Entities) == {
        "a": [Entities(f"{TEXT}\nThe active entity is a red ball.")],
        "b": [Entities(TEXT)],
        "c": [Entities(TEXT)],
    }, "a line a look, and no line twice"


def test_a_look_without_a_usable_reply_costs_that_look_alone(tmp_path, monkeypatch, films, caplog):
    def answer(request):
        return "…" if request.frames.mean() > 16 + 8 * 8 else TEXT

    chat = recognize(tmp_path, monkeypatch, films, answer, looks=2)
    assert [len(call) for call in chat.calls] == [4, 1, 1, 2], "only that look is asked again"
    (record,) = read_records(tmp_path / "entities.jsonl", Entities)["a"]
    assert record.text == TEXT
    assert [reason for reason in record.unread if "no words" in reason]
    assert "1 of 6 replies could not be read: entity_recognizer" in caplog.text


def test_a_wordless_reply_is_asked_again_and_then_fails(tmp_path, monkeypatch, films):
    def answer(request):
        return TEXT if len(np.unique(request.frames)) > 4 or request.seed == 7 else "…"

    chat = recognize(tmp_path, monkeypatch, films, answer)
    assert [len(call) for call in chat.calls][-3:] == [1, 1, 1]
    assert read_records(tmp_path / "entities.jsonl", Entities)["c"] == [Entities(TEXT)]
    recognize(tmp_path, monkeypatch, films, lambda request: "…", max_new_tokens=33)
    lines = read_lines(tmp_path / "entities.jsonl")
    assert lines[0].record is not None, "an item's digest has the options by `making`"


def test_a_film_that_went_away_costs_no_other(tmp_path, monkeypatch, films):
    films["gone"] = Video(str(tmp_path / "gone.mp4"), "g", 2.0, 8.0, 16, 48, 32)
    recognize(tmp_path, monkeypatch, films, lambda request: TEXT)
    lines = read_lines(tmp_path / "entities.jsonl")
    assert [line.failure is None for line in lines] == [True, True, True, False]
    assert "gone.mp4" in lines[3].failure["reason"]


def test_an_engine_that_refuses_one_film_costs_no_other(tmp_path, monkeypatch, films):
    def answer(request):
        if request.frames.max() < 30:
            raise ValueError("absolute aspect ratio must be smaller than 200")
        return TEXT

    recognize(tmp_path, monkeypatch, films, answer, batch_films=3)
    lines = read_lines(tmp_path / "entities.jsonl")
    assert [line.failure is None for line in lines] == [True, True, False]
    assert "aspect ratio" in lines[2].failure["reason"]
