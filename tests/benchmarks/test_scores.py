import json
import time

import pytest

from helpers.question_files import write_predictions, write_questions
from strefer.benchmarks import score_predictions as scores
from strefer.benchmarks.prediction_files import read_predictions
from strefer.benchmarks.registry import load_questions
from strefer.benchmarks.score_predictions import (
    compare,
    difference_interval,
    gather_scores,
    score_predictions,
)


def rows(points, **about):
    return [{"id": str(i), "points": p, "about": about} for i, p in enumerate(points)]


def score(folder, answers, name="scores.json"):
    files = write_questions(folder, len(answers))
    predictions = write_predictions(folder / "predictions.jsonl", answers)
    output = folder / name
    score_predictions(predictions, "videorefer_q", files, output, 0, None, {})
    return output


def test_a_thousand_predictions_are_scored_within_two_seconds(tmp_path):
    start = time.process_time()
    output = score(tmp_path, ["(A)", "B"] * 500)
    assert time.process_time() - start <= 2.0
    content = json.loads(output.read_text())
    assert content["metrics"]["accuracy"] == 0.5
    assert len(content["rows"]) == 1000


def test_recipes_stand_side_by_side_with_an_interval(tmp_path):
    files = {
        ("base", "videorefer_q"): score(tmp_path, ["B"] * 30 + ["A"] * 10, "base.json"),
        ("strefer", "videorefer_q"): score(tmp_path, ["A"] * 40, "strefer.json"),
    }
    (row,) = compare(files)
    assert row["values"] == {"base": 0.25, "strefer": 1.0}
    assert row["strict"] == {"base": 0.25, "strefer": 1.0}
    (found,) = row["differences"].values()
    assert found.value == 0.75
    assert 0.5 < found.low < 0.75 < found.high < 1.0
    assert (row["paper_base"], row["paper_strefer"]) == (0.665, 0.688)
    assert compare(files) == [row]
    gather_scores(files, tmp_path / "all.json")
    assert json.loads((tmp_path / "all.json").read_text())["base"]["videorefer_q"] == {
        "accuracy": 0.25,
        "type/Basic Questions": 0.25,
        "strict": 0.25,
        "answered": 1.0,
    }


def test_seeds_are_pooled_and_widen_the_interval(tmp_path):
    answers = {"base": "B" * 40, "base@1": "B" * 40, "strefer": "A" * 40, "strefer@1": "B" * 40}
    files = {
        (student, "videorefer_q"): score(tmp_path, list(said), f"{student}.json")
        for student, said in answers.items()
    }
    (row,) = compare(files)
    assert row["values"] == {"base": 0.0, "strefer": 0.5}
    assert row["differences"] == {"strefer": (0.5, 0.0, 1.0)}


def test_every_further_recipe_is_compared_with_the_first(tmp_path):
    answers = {"base": "AB", "g1": "BB", "strefer": "AA"}
    files = {
        (recipe, "videorefer_q"): score(tmp_path, list(said), f"{recipe}.json")
        for recipe, said in answers.items()
    }
    (row,) = compare(files)
    found = {recipe: difference.value for recipe, difference in row["differences"].items()}
    assert found == {"g1": -0.5, "strefer": 0.5}


def test_one_recipe_has_no_difference(tmp_path):
    (row,) = compare({("base", "videorefer_q"): score(tmp_path, ["A", "B"])})
    assert row["differences"] == {}


def test_intervals_of_equal_recipes_hold_zero_and_of_a_sure_gain_do_not():
    same = rows([0.0, 1.0] * 20)
    assert difference_interval([same], [same], None, 0) == (0.0, 0.0)
    assert difference_interval([rows([0.0] * 9)], [rows([1.0] * 9)], None, 0) == (1.0, 1.0)
    low, high = difference_interval([rows([0.0, 1.0] * 20)], [rows([1.0, 0.0] * 20)], None, 0)
    assert low < 0 < high


def test_what_counts_for_nothing_leaves_each_recipes_own_mean():
    first, last = rows([None, 0.0] * 50), rows([1.0, 1.0] * 50)
    assert difference_interval([first], [last], None, 0) == (1.0, 1.0)


def test_groups_weigh_the_same_however_many_questions_they_have():
    def two_forms(few, many):
        some = [{"id": f"f{i}", "points": few, "about": {"form": "few"}} for i in range(2)]
        return some + [
            {"id": f"m{i}", "points": many, "about": {"form": "many"}} for i in range(98)
        ]

    assert difference_interval([two_forms(0, 0)], [two_forms(100, 0)], "form", 0) == (50.0, 50.0)


def test_other_questions_cannot_be_compared():
    with pytest.raises(ValueError, match="different questions"):
        difference_interval([rows([0.0])], [rows([0.0, 1.0])], None, 0)


def test_a_missing_answer_is_named(tmp_path):
    files = write_questions(tmp_path, 2)
    predictions = write_predictions(tmp_path / "predictions.jsonl", ["A"])
    with pytest.raises(ValueError, match="no answer to question '1'"):
        score_predictions(predictions, "videorefer_q", files, tmp_path / "s.json", 0, None, {})


def said_in(folder, text):
    questions = load_questions("videorefer_q", write_questions(folder, 3), 0)
    path = folder / "predictions.jsonl"
    path.write_text(text, encoding="utf-8")
    return read_predictions(path, questions)


def test_blank_lines_a_mark_of_the_byte_order_and_lists_are_read(tmp_path):
    said = {"0": "A", "1": None}
    lines = '{"id": 0, "prediction": "A"}\n\n{"id": "1", "prediction": null}\n\n'
    assert said_in(tmp_path, "\ufeff" + lines) == said
    listed = ", ".join(filter(None, lines.split("\n")))
    assert said_in(tmp_path, f"[{listed}]") == said


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        ('{"id": 1}', "line 2: must be a JSON object with `id` and `prediction`"),
        ("[1]", "line 2: must be a JSON object"),
        ("{", "line 2: must be a JSON object.*not JSON"),
        ('{"id": 0, "prediction": "B"}', "line 2: question '0' is answered twice"),
        ('{"id": 7, "prediction": "B"}', "line 2: .*no question '7'.*look like '0'"),
        ('{"id": 1, "prediction": ["A"]}', "line 2: `prediction` must be a text, or null"),
        ('{"id": null, "prediction": "A"}', "line 2: must be a JSON object with `id`"),
        (
            '{"doc_id": 1, "filtered_resps": "A"}',
            "line 2: this line of an lmms-eval log does not name",
        ),
        (
            '{"doc_id": 1, "filtered_resps": [1]}',
            "line 2: `filtered_resps` must contain one answer",
        ),
    ],
)
def test_a_wrong_line_of_predictions_is_named(tmp_path, second, reason):
    with pytest.raises(ValueError, match=f"predictions.jsonl, {reason}"):
        said_in(tmp_path, f'{{"id": 0, "prediction": "A"}}\n{second}\n')


def test_missing_files_say_where_to_get_them(tmp_path):
    files = {"annotations": str(tmp_path / "no.json"), "videos": None}
    with pytest.raises(ValueError, match="videomme.annotations.*lmms-lab/Video-MME"):
        load_questions("videomme", files, 0)
    (tmp_path / "no.json").write_text("[]")
    with pytest.raises(ValueError, match="has no questions"):
        load_questions("videomme", files, 0)
    (tmp_path / "no.json").write_text("[1,]")
    with pytest.raises(ValueError, match="no.json: not JSON"):
        load_questions("videomme", files, 0)


def test_the_judge_is_loaded_once_and_only_when_asked(monkeypatch):
    loaded = []

    class Scripted:
        def reply(self, requests):
            return [request.text.upper() for request in requests]

    def load(spec):
        loaded.append(spec)
        return Scripted()

    monkeypatch.setattr(scores, "load_chat", load)
    ask = scores._judge({"adapter": "x"}, 0)
    assert loaded == []
    assert ask(["a"]) + ask(["b"]) == ["A", "B"]
    assert loaded == [{"adapter": "x"}]
