import json

import pytest

from helpers.shared_data import shared_data
from strefer.benchmarks import qvhighlights
from strefer.benchmarks.questions import read_json
from strefer.benchmarks.qvhighlights import free_windows, windows
from strefer.videollm.data.samples import sample_from_json

LINE = {
    "qid": 5,
    "query": "A dog sits.",
    "duration": 20,
    "vid": "a",
    "relevant_windows": [[4, 8], [14, 16]],
}


def overlap(one, other):
    return min(one[1], other[1]) - max(one[0], other[0]) > 0


def test_free_windows_have_the_length_and_touch_nothing_relevant():
    assert free_windows(LINE, 4) == [(0.0, 4.0), (8.0, 12.0), (10.0, 14.0), (16.0, 20.0)]


def test_the_longest_is_taken_where_the_length_does_not_fit():
    assert free_windows(LINE | {"relevant_windows": [[0, 18]]}, 18) == [(18.0, 20.0)]
    assert free_windows(LINE | {"relevant_windows": [[0, 20]]}, 20) == []


def test_both_windows_have_one_length():
    line = LINE | {"relevant_windows": [[0, 14]]}
    for seed in range(20):
        (_, yes, _), (_, no, _) = windows([line], seed)
        assert yes[1] - yes[0] == no[1] - no[0] == 6
        assert yes[0] >= 0
        assert yes[1] <= 14


def test_the_validation_set_is_balanced_sound_and_the_same_each_time():
    lines = read_json(shared_data("benchmarks/qvhighlights/highlight_val_release.jsonl"))
    drawn = windows(lines, 0)
    assert drawn == windows(lines, 0)
    assert drawn != windows(lines, 1)
    assert len(drawn) == 2 * (1550 - 52)
    assert sum(gold == "yes" for *_, gold in drawn) == len(drawn) // 2
    for line, window, gold in drawn:
        assert 0 <= window[0] < window[1] <= line["duration"]
        inside = [s <= window[0] and window[1] <= e for s, e in line["relevant_windows"]]
        if gold == "yes":
            assert any(inside)
        else:
            assert not any(overlap(window, relevant) for relevant in line["relevant_windows"])


def test_questions_carry_their_times_and_are_scored(tmp_path):
    path = tmp_path / "val.jsonl"
    path.write_text(json.dumps(LINE) + "\n")
    questions = qvhighlights.load(path, tmp_path, {"seed": 0})
    assert [q.id for q in questions] == ["5-yes", "5-no"]
    sample = sample_from_json(questions[0].sample)
    assert sample.start_s in (4.0, 14.0)
    assert "between <start_time> and <end_time>: A dog sits?" in sample.turns[0][0]
    scored = qvhighlights.score(questions, {"5-yes": "Yes, it does.", "5-no": "yes"}, None)
    assert scored.metrics == {"accuracy": 0.5, "answer/no": 0.0, "answer/yes": 1.0}
    scored = qvhighlights.score(questions, {"5-yes": "perhaps", "5-no": " No."}, None)
    assert scored.metrics["accuracy"] == 0.5


def test_a_set_drawn_by_others_is_read(tmp_path):
    path = tmp_path / "set.json"
    turns = [
        {"from": "human", "value": "<image>\nDoes it sit then?"},
        {"from": "gpt", "value": "No."},
    ]
    sample = {"conversations": turns, "path": "a.mp4", "start_time": "00:00:04.000"}
    path.write_text(json.dumps([sample]))
    (question,) = qvhighlights.load(path, tmp_path, {"seed": 0})
    assert (question.id, question.gold) == ("0", "no")
    assert sample_from_json(question.sample).turns == (("<image>\nDoes it sit then?", ""),)
    path.write_text(json.dumps([sample | {"conversations": turns[:1]}]))
    with pytest.raises(ValueError, match="set.json, sample 0"):
        qvhighlights.load(path, tmp_path, {"seed": 0})


def test_a_line_without_a_field_is_named(tmp_path):
    path = tmp_path / "val.jsonl"
    path.write_text(json.dumps({k: v for k, v in LINE.items() if k != "duration"}))
    with pytest.raises(ValueError, match="query 5: 'duration' is missing"):
        qvhighlights.load(path, tmp_path, {"seed": 0})
