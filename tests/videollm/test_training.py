"""Training: deterministic, resumable, and it learns."""

import json

import pytest
import torch
from safetensors.torch import load_file
from transformers import TrainerCallback

from helpers.tiny_student import OPTIONS, sample_fields, write_recipe
from strefer.videollm.data.dataset import order_of_epochs
from strefer.videollm.data.samples import Sample, iterate_samples
from strefer.videollm.options import TrainingOptions
from strefer.videollm.student import load_student
from strefer.videollm.training import train_checkpoint as training
from strefer.videollm.training.train_checkpoint import train_checkpoint


@pytest.fixture(scope="module")
def options(parts):
    return {**OPTIONS, "vision": parts.vision, "llm": parts.llm}


@pytest.fixture(scope="module")
def recipe(parts, tmp_path_factory):
    return write_recipe(tmp_path_factory.mktemp("recipe") / "base.jsonl", parts.films, 40)


def train(recipe, folder, options, seed=0):
    train_checkpoint(recipe, folder / "out", options, seed, 1, folder / "work")
    return load_file(folder / "out" / "model.safetensors")


class Killed(Exception):
    pass


class KillAt(TrainerCallback):
    def __init__(self, step):
        self.step = step

    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == self.step:
            raise Killed


def test_same_seed_same_weights_and_a_killed_run_goes_on(options, recipe, tmp_path, monkeypatch):
    weights = train(recipe, tmp_path / "whole", options)

    make = training.make_trainer
    with monkeypatch.context() as patch:
        patch.setattr(training, "make_trainer", lambda *given: killed(make, 5, given))
        with pytest.raises(Killed):
            train(recipe, tmp_path / "killed", options)
    resumed = train(recipe, tmp_path / "killed", options)
    assert weights.keys() == resumed.keys()
    assert all(torch.equal(weights[name], resumed[name]) for name in weights)
    about = json.loads((tmp_path / "killed" / "out" / "training.json").read_text())
    assert about["resumed"] is True
    logs = [
        (tmp_path / run / "out" / "training_log.jsonl").read_text() for run in ("whole", "killed")
    ]
    assert logs[0] == logs[1]
    assert [json.loads(line)["step"] for line in logs[0].splitlines()] == list(range(1, 11))
    assert not (tmp_path / "killed" / "work").exists()
    left = {path.name for path in (tmp_path / "whole" / "out").iterdir()}
    assert not any(name.endswith((".bin", ".pt", ".pth")) for name in left)


def test_a_resumed_run_goes_on_counting_what_is_left_out(options, recipe, tmp_path, monkeypatch):
    lines = recipe.read_text().splitlines()
    broken = json.loads(lines[0]) | {"path": str(tmp_path / "missing.mp4")}
    mixed = tmp_path / "mixed.jsonl"
    mixed.write_text("\n".join([json.dumps(broken)] * 4 + lines))
    chosen = {**options, "keep_features_mb": 0, "workers": 0, "save_steps": 1, "most_left_out": 0.5}
    make = training.make_trainer
    for step in (4, 7):
        with monkeypatch.context() as patch:
            patch.setattr(training, "make_trainer", lambda *given, at=step: killed(make, at, given))
            with pytest.raises(Killed):
                train(mixed, tmp_path, chosen)
    train(mixed, tmp_path, chosen)
    about = json.loads((tmp_path / "out" / "training.json").read_text())
    assert about["left_out"] == {"the film is missing": 4}


def killed(make, step, given):
    trainer = make(*given)
    trainer.add_callback(KillAt(step))
    return trainer


def test_another_seed_gives_other_weights_and_resumes_nothing(options, recipe, tmp_path):
    first = train(recipe, tmp_path / "a", {**options, "epochs": 0.2}, seed=0)
    second = train(recipe, tmp_path / "b", {**options, "epochs": 0.2}, seed=1)
    assert not torch.equal(first["to_llm.1.weight"], second["to_llm.1.weight"])


def test_metrics_go_to_tensorboard_beside_the_checkpoint(options, recipe, tmp_path):
    event_accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator"
    )
    train(recipe, tmp_path, {**options, "epochs": 0.2, "report_to": ["tensorboard"]})
    events = event_accumulator.EventAccumulator(str(tmp_path / "out" / "tensorboard")).Reload()
    lines = (tmp_path / "out" / "training_log.jsonl").read_text().splitlines()
    losses = [event.value for event in events.Scalars("train/loss")]
    assert losses == pytest.approx([json.loads(line)["loss"] for line in lines], rel=1e-5)


def test_a_started_run_of_other_options_is_not_resumed(options, recipe, tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    (work / "fingerprint.txt").write_text("of another run")
    (work / "checkpoint-3").mkdir()
    train_checkpoint(recipe, tmp_path / "out", {**options, "epochs": 0.2}, 0, 1, work)
    assert json.loads((tmp_path / "out" / "training.json").read_text())["resumed"] is False


def test_it_learns_what_only_the_region_tells(options, parts, tmp_path):
    path, regions = parts.films[0]
    answers = ("Yes.", "No.", "It walks to the left.")
    lines = [
        json.dumps(sample_fields(path, "What does the <region> do?", answer, [region]))
        for region, answer in zip(regions, answers, strict=False)
    ]
    (tmp_path / "recipe.jsonl").write_text("\n".join(lines * 8))
    chosen = {**options, "epochs": 12, "save_steps": 1000, "sampled_regions": "all"}
    train(tmp_path / "recipe.jsonl", tmp_path, chosen)
    student = load_student(tmp_path / "out")
    samples = list(iterate_samples(tmp_path / "recipe.jsonl"))[: len(lines)]
    assert student.answer(samples, 8) == list(answers[: len(lines)])
    assert student.answer(samples[::-1], 8) == list(answers[: len(lines)])[::-1]


def test_bad_input_names_file_line_and_option(options, recipe, tmp_path):
    bad = tmp_path / "bad.jsonl"
    bad.write_text(recipe.read_text().splitlines()[0] + '\n{"conversations": []}\n')
    with pytest.raises(ValueError, match=r"bad\.jsonl, line 2: conversations"):
        train(bad, tmp_path, options)
    with pytest.raises(ValueError, match="unknown option 'learning_speed'"):
        train(recipe, tmp_path, {**options, "learning_speed": 1})
    with pytest.raises(ValueError, match="unknown size 'depth'"):
        train(recipe, tmp_path, {**options, "sizes": {"depth": 1}})
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(ValueError, match="no sample"):
        train(tmp_path / "empty.jsonl", tmp_path, options)
    with pytest.raises(ValueError, match="not a checkpoint"):
        load_student(tmp_path)


def test_a_text_only_training_answers_without_its_films(options, recipe, tmp_path):
    chosen = {**options, "epochs": 0.2, "text_only": True}
    train_checkpoint(recipe, tmp_path / "out", chosen, 0, 1, tmp_path / "work")
    student = load_student(tmp_path / "out")
    asked = next(iterate_samples(recipe))
    assert student.processor.encode(asked, None).view is None
    assert len(student.answer([asked], 4)) == 1
    with pytest.raises(ValueError, match="text_only"):
        TrainingOptions.of({"model": "qwen_vl", "text_only": True})


def test_a_film_that_cannot_be_read_costs_its_samples_only(options, recipe, tmp_path, caplog):
    lines = recipe.read_text().splitlines()
    broken = json.loads(lines[0]) | {"path": str(tmp_path / "missing.mp4")}
    mixed = tmp_path / "mixed.jsonl"
    mixed.write_text("\n".join([json.dumps(broken), *lines[1:12]]))
    train(mixed, tmp_path, options)
    left_out = json.loads((tmp_path / "out" / "training.json").read_text())["left_out"]
    assert left_out == {"the film is missing": 1}
    assert "missing.mp4" in caplog.text
    # Without features that are read ahead, it is replaced in its turn.
    train(mixed, tmp_path, {**options, "keep_features_mb": 0, "workers": 1})
    left_out = json.loads((tmp_path / "out" / "training.json").read_text())["left_out"]
    assert left_out == {"the film is missing": 1}
    log = (tmp_path / "out" / "training_log.jsonl").read_text().splitlines()
    assert json.loads(log[-1])["left_out/the film is missing"] == 1


def test_order_covers_every_epoch_and_keeps_films_together():
    samples = [Sample(turns=(("q" * (i % 7), "a"),), path=f"film_{i % 5}.mp4") for i in range(100)]
    order = order_of_epochs(samples, epochs=2.5, batch_size=8, per_film=4, seed=0)
    assert len(order) == 250
    assert sorted(order[:100]) == sorted(order[100:200]) == list(range(100))
    assert order[:100] != order[100:200]
    assert order == order_of_epochs(samples, 2.5, 8, 4, seed=0)
    films = [len({samples[i].path for i in order[k : k + 8]}) for k in range(0, 96, 8)]
    assert sum(films) / len(films) <= 3
