import json

import pytest

from helpers.shared_data import shared_data
from strefer.benchmarks import qvhighlights, qvhighlights_balanced
from strefer.benchmarks.files import read_json
from strefer.benchmarks.prediction_files import read_predictions
from strefer.benchmarks.windows import by_query, by_swap, free_windows
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
        (_, yes, _), (_, no, _) = by_query([line], seed)
        assert yes[1] - yes[0] == no[1] - no[0] == 6
        assert yes[0] >= 0
        assert yes[1] <= 14


@pytest.mark.parametrize(("pick", "queries"), [(by_query, 1550 - 52), (by_swap, 1464)])
def test_the_validation_set_is_balanced_sound_and_the_same_each_time(pick, queries):
    lines = read_json(shared_data("benchmarks/qvhighlights/highlight_val_release.jsonl"))
    asked = pick(lines, 0)
    assert asked == pick(lines, 0)
    assert asked != pick(lines, 1)
    assert len(asked) == 2 * queries
    assert sum(gold == "yes" for *_, gold in asked) == len(asked) // 2
    for line, window, gold in asked:
        assert 0 <= window[0] < window[1] <= line["duration"]
        inside = [s <= window[0] and window[1] <= e for s, e in line["relevant_windows"]]
        if gold == "yes":
            assert any(inside)
        else:
            assert not any(overlap(window, relevant) for relevant in line["relevant_windows"])


def test_swapped_windows_are_the_same_where_the_answer_is_yes_and_where_it_is_no():
    lines = read_json(shared_data("benchmarks/qvhighlights/highlight_val_release.jsonl"))
    asked = by_swap(lines, 0)
    of = {
        gold: sorted((line["duration"], *window) for line, window, g in asked if g == gold)
        for gold in ("yes", "no")
    }
    assert of["yes"] == of["no"]
    lengths = {}
    for line, (start, end), _ in asked:
        lengths.setdefault(line["qid"], []).append(end - start)
    assert all(len(both) == 2 and len(set(both)) == 1 for both in lengths.values())


@pytest.mark.parametrize("benchmark", [qvhighlights, qvhighlights_balanced])
def test_questions_carry_their_times_and_are_scored(tmp_path, benchmark):
    path = tmp_path / "val.jsonl"
    other = LINE | {"qid": 6, "query": '"Look, a cat!"', "relevant_windows": [[0, 4]]}
    path.write_text(json.dumps(LINE) + "\n\n" + json.dumps(other) + "\n")
    questions = benchmark.load(path, tmp_path, {"seed": 0})
    assert [q.id for q in questions if q.id.startswith("5")] == ["5-1", "5-2"]
    assert not any(gold in q.id for q in questions for gold in ("yes", "no"))
    samples = {q.id: sample_from_json(q.sample) for q in questions}
    assert samples["5-1"].start_s < samples["5-2"].start_s
    text = samples["5-1"].turns[0][0]
    assert "between <start_time> and <end_time>: A dog sits? Answer" in text
    assert '"Look, a cat"? Answer' in samples["6-1"].turns[0][0]
    said = {q.id: "Yes, it does." if q.gold == "yes" else "yes" for q in questions}
    metrics = benchmark.score(questions, said, None).metrics
    assert (metrics["accuracy"], metrics["answer/no"], metrics["answer/yes"]) == (0.5, 0.0, 1.0)
    assert (metrics["strict"], metrics["answered"]) == (0.5, 1.0)


def test_what_begins_with_no_is_no_officially_and_strictly_only_if_it_says_so(tmp_path):
    path = tmp_path / "val.jsonl"
    path.write_text(json.dumps(LINE))
    questions = qvhighlights.load(path, tmp_path, {"seed": 0})
    golds = {q.gold: q.id for q in questions}

    def score(yes, no):
        said = {golds["yes"]: yes, golds["no"]: no}
        metrics = qvhighlights.score(questions, said, None).metrics
        return metrics["accuracy"], metrics["strict"], metrics["answered"]

    assert score("perhaps", " No.") == (0.5, 0.5, 1.0)
    assert score("Answer: Yes", "**No**") == (0.0, 1.0, 1.0)
    assert score("Yesterday", "Not sure") == (1.0, 0.0, 1.0)
    assert score(None, None) == (0.0, 0.0, 0.0)


def test_predictions_with_the_ids_of_earlier_versions_are_read(tmp_path):
    path, said = tmp_path / "val.jsonl", tmp_path / "said.jsonl"
    path.write_text(json.dumps(LINE))
    said.write_text('{"id": "5-no", "prediction": "n"}\n{"id": "5-yes", "prediction": "y"}\n')
    questions = qvhighlights.load(path, tmp_path, {"seed": 0})
    predictions = read_predictions(said, questions)
    assert {predictions[q.id] for q in questions if q.gold == "yes"} == {"y"}
    assert set(predictions) == {"5-1", "5-2"}


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
    with pytest.raises(ValueError, match="set.json, entry 0"):
        qvhighlights.load(path, tmp_path, {"seed": 0})


def test_a_line_without_a_field_is_named(tmp_path):
    path = tmp_path / "val.jsonl"
    path.write_text(json.dumps({k: v for k, v in LINE.items() if k != "duration"}))
    with pytest.raises(ValueError, match="query 5: 'duration' is missing"):
        qvhighlights.load(path, tmp_path, {"seed": 0})


@pytest.mark.parametrize("windows", [[], [[140, 160]]])
def test_a_query_without_a_window_in_the_film_is_left_out_with_a_line(tmp_path, caplog, windows):
    path = tmp_path / "val.jsonl"
    lines = [LINE, LINE | {"qid": 9, "relevant_windows": windows}]
    path.write_text("\ufeff" + "\n".join(map(json.dumps, lines)))
    questions = qvhighlights.load(path, tmp_path, {"seed": 0})
    assert [q.id for q in questions] == ["5-1", "5-2"]
    assert "query 9: left out: it has no relevant window" in caplog.text


def test_windows_end_with_the_film(tmp_path):
    path = tmp_path / "val.jsonl"
    path.write_text(json.dumps(LINE | {"relevant_windows": [[10, 90]]}))
    questions = qvhighlights.load(path, tmp_path, {"seed": 0})
    assert max(sample_from_json(q.sample).end_s for q in questions) <= 20
