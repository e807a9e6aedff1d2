"""A student's jobs over all benchmarks: what has not changed is neither asked nor judged again."""

import json
import shutil

import pytest

from drawn_world.questions.draw_benchmarks import draw_benchmarks
from helpers.shards import ScriptedChat
from strefer.benchmarks import predict_answers as predictions
from strefer.benchmarks import score_predictions as scores
from strefer.benchmarks.registry import BENCHMARKS, load_questions

FILES = {
    "videorefer_d": "videorefer_d.json",
    "videorefer_q": "videorefer_q.json",
    "qvhighlights": "qvhighlights.jsonl",
    "tempcompass": "tempcompass",
    "videomme": "videomme.json",
}
JUDGE = {"adapter": "scripted", "model": "m"}
PROMPTS = {r: f"config/prompts/{r}.txt" for r in ("judge_description", "judge_choice")}


class CountingStudent:
    """Answers with the question's own text, and keeps how many questions each call had."""

    def __init__(self):
        self.asked = 0

    def answer(self, samples, length):
        self.asked += len(samples)
        return [sample.turns[0][0] for sample in samples]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """The two jobs of a student on the drawn benchmarks; gives what was asked and judged."""
    world = tmp_path / "world"
    draw_benchmarks(world, 1, 0)
    checkpoint = tmp_path / "checkpoint"
    checkpoint.mkdir()
    (checkpoint / "model.safetensors").write_bytes(b"weights")
    prompts = {}
    for role, path in PROMPTS.items():
        prompts[role] = tmp_path / f"{role}.txt"
        shutil.copy(path, prompts[role])

    def run(names=tuple(FILES)):
        student, judge, loads = CountingStudent(), ScriptedChat(lambda request: "A"), []
        monkeypatch.setattr(predictions, "_load", lambda *given: loads.append(given) or student)
        monkeypatch.setattr(scores, "load_chat", lambda spec: loads.append(spec) or judge)
        files = {
            name: {"annotations": str(world / FILES[name]), "videos": str(world / "videos")}
            for name in names
        }
        said = {name: tmp_path / "predictions" / f"{name}.jsonl" for name in names}
        made = {name: tmp_path / "scores" / f"{name}.json" for name in names}
        for path in (*said.values(), *made.values()):
            path.unlink(missing_ok=True)  # as Snakemake does
        predictions.predict_benchmarks(
            checkpoint, files, said, tmp_path / "store" / "p", code="1", seed=0
        )
        scores.score_benchmarks(said, files, made, tmp_path / "store" / "s", "1", 0, JUDGE, prompts)
        n_judged = sum(len(call) for call in judge.calls)
        content = {path: path.read_bytes() for path in (*said.values(), *made.values())}
        return student.asked, n_judged, len(loads), content

    run.world, run.checkpoint, run.prompts = world, checkpoint, prompts
    return run


def questions_of(run, name):
    files = {"annotations": str(run.world / FILES[name]), "videos": str(run.world / "videos")}
    return load_questions(name, files, 0)


def test_each_model_is_loaded_once_and_then_not_at_all(run):
    asked, judged, loads, content = run()
    assert asked == sum(len(questions_of(run, name)) for name in FILES)
    assert judged > 0
    assert loads == 2
    assert run() == (0, 0, 0, content)


def test_a_change_of_one_benchmarks_file_asks_that_benchmark_alone(run):
    run()
    path = run.world / FILES["videorefer_q"]
    entries = json.loads(path.read_text())
    path.write_text(json.dumps(entries[1:]))
    asked, judged, loads, _ = run()
    assert (asked, judged, loads) == (len(entries) - 1, 0, 1)


def test_a_further_benchmark_leaves_the_others_as_they_are(run):
    run(("videorefer_q", "videomme"))
    asked, judged, _, _ = run(("videorefer_q", "videomme", "qvhighlights"))
    assert (asked, judged) == (len(questions_of(run, "qvhighlights")), 0)


def test_a_film_that_changes_asks_about_that_film(run):
    *_, before = run(("videorefer_q",))
    film = questions_of(run, "videorefer_q")[0].sample["path"]
    with open(film, "ab") as file:
        file.write(b"free")
    asked, _, _, after = run(("videorefer_q",))
    assert asked > 0
    assert after == before


def test_another_checkpoint_asks_everything_and_judges_only_other_answers(run):
    _, judged, _, content = run()
    (run.checkpoint / "model.safetensors").write_bytes(b"other weights")
    asked, again, _, after = run()
    assert asked > 0
    assert again == 0  # it gives the same answers
    assert after == content
    assert judged > 0


def test_a_prompt_of_the_judge_concerns_its_benchmark_alone(run):
    run()
    run.prompts["judge_choice"].write_text(run.prompts["judge_choice"].read_text() + " Now.")
    asked, judged, _, _ = run()
    assert asked == 0
    assert 0 < judged <= len(questions_of(run, "tempcompass"))
    assert BENCHMARKS["tempcompass"].judge_prompt == "judge_choice"
