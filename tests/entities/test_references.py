import json

from helpers.shards import ScriptedChat, write_shard
from strefer.entities import parse_references as references
from strefer.records import Entities, Entity, References
from strefer.stage.run import Shard, read_lines, read_records

OPTIONS = {
    "max_new_tokens": 64,
    "attempts": 3,
    "retry_temperature": 0.7,
    "max_entities": 2,
    "batch_films": 8,
    "seed": 0,
}
DOG = {"expression": "a brown dog", "noun": "dog", "generalized_noun": "dog"}
GIRL = {"expression": "girl in a white dress", "noun": "girl", "generalized_noun": "girl"}
BALL = {"expression": "red ball", "noun": "ball", "generalized_noun": "ball"}


def parse(tmp_path, monkeypatch, texts, answer):
    chat = ScriptedChat(answer)
    monkeypatch.setattr(references, "load_chat", lambda spec: chat)
    shard = [
        (name, Entities(text) if text else "the film is empty") for name, text in texts.items()
    ]
    references.parse_references(
        write_shard(tmp_path / "entities.jsonl", shard),
        Shard(tmp_path / "references.jsonl", tmp_path / "store", {"code": "1"}),
        OPTIONS,
        {"referring_parser": "config/prompts/demo/referring_parser.txt"},
        {"adapter": "scripted"},
    )
    return chat


def test_lists_are_read_cut_and_normalised(tmp_path, monkeypatch, caplog):
    replies = {
        "dog": json.dumps([DOG, DOG]),
        "girl": "```json\n" + json.dumps([GIRL, DOG, BALL]) + "\n```",
        "none": "[]",
    }
    girl = "A girl, a dog and a ball."
    texts = {"1": "A dog.", "2": girl, "3": "There is none.", "4": None, "5": "A dog."}
    chat = parse(
        tmp_path,
        monkeypatch,
        texts,
        lambda r: next(
            reply
            for word, reply in replies.items()
            if r.text.split("Text: ")[1].split()[1].startswith(word) or word == "none"
        ),
    )
    dog = Entity("brown dog", "dog", "dog")
    girl = Entity("girl in a white dress", "girl", "person")
    assert read_records(tmp_path / "references.jsonl", References) == {
        "1": [References((dog,))],
        "2": [References((girl, dog))],
        "3": [References(())],
        "5": [References((dog,))],
    }
    assert [len(call) for call in chat.calls] == [3], "the same text is asked about once"
    assert "keeping the first 2" in caplog.text


def test_looks_are_asked_about_line_by_line_and_their_lists_joined(tmp_path, monkeypatch, caplog):
    upper = BALL | {"expression": "Brown dog"}
    replies = {"A dog.": [DOG], "A dog, a girl.": [upper, GIRL], "A ball.": [BALL]}
    texts = {"1": "A dog.\nA dog, a girl.", "2": "A dog.", "3": "A ball.\nA dog, a girl."}
    chat = parse(
        tmp_path, monkeypatch, texts, lambda r: json.dumps(replies[r.text.split("Text: ")[1]])
    )
    assert [len(call) for call in chat.calls] == [3], "a line of two films is asked about once"
    dog, girl = Entity("brown dog", "dog", "dog"), Entity("girl in a white dress", "girl", "person")
    records = read_records(tmp_path / "references.jsonl", References)
    assert records["1"] == [References((dog, girl))], "an expression stands once, whatever its case"
    assert records["2"] == [References((dog,))]
    assert [e.expression for e in records["3"][0].entities] == ["red ball", "Brown dog"]
    assert "3: 3 entities; keeping the first 2" in caplog.text


def test_a_look_that_does_not_parse_costs_that_look_alone(tmp_path, monkeypatch, caplog):
    texts = {"1": "A dog.\nA girl.", "2": "A dog."}
    parse(
        tmp_path,
        monkeypatch,
        texts,
        lambda r: json.dumps([DOG]) if "dog" in r.text else "I see a girl",
    )
    records = read_records(tmp_path / "references.jsonl", References)
    dog = Entity("brown dog", "dog", "dog")
    assert [records[film][0].entities for film in "12"] == [(dog,), (dog,)]
    assert "the model said 'I see a girl'" in records["1"][0].unread[0]
    assert "1 of 3 replies could not be read: referring_parser" in caplog.text


def test_what_is_not_in_the_text_is_invented_and_left_out(tmp_path, monkeypatch, caplog):
    parse(tmp_path, monkeypatch, {"1": "A dog."}, lambda r: json.dumps([DOG, GIRL]))
    (record,) = read_records(tmp_path / "references.jsonl", References)["1"]
    assert record.entities == (Entity("brown dog", "dog", "dog"),)
    assert "1: 1 entities are not in the text" in caplog.text


def test_unparsable_replies_are_asked_three_times_and_then_named(tmp_path, monkeypatch):
    chat = parse(
        tmp_path,
        monkeypatch,
        {"1": "A dog.", "2": "A girl."},
        lambda r: json.dumps([GIRL]) if "girl" in r.text and r.seed == 2 else "I see a dog",
    )
    assert [[r.seed for r in call] for call in chat.calls] == [[0, 0], [1, 1], [2, 2]]
    assert [r.temperature for r in chat.calls[2]] == [0.7, 0.7]
    first, second = read_lines(tmp_path / "references.jsonl")
    assert second.record is not None
    assert "no JSON list; the model said 'I see a dog'" in first.failure["reason"]
