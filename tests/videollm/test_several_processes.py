"""Two processes under ZeRO-2 train as one does."""

import json
import os
from pathlib import Path

import pytest
from transformers import TrainerCallback

from helpers.tiny_chat import build_qwen2_5_vl
from helpers.tiny_student import OPTIONS, sample_fields, write_recipe
from strefer.videollm.options import TrainingOptions
from strefer.videollm.training import train_checkpoint as training
from strefer.videollm.training.train_checkpoint import train_checkpoint
from strefer.videollm.zero import zero_stage

ZERO2 = Path(__file__).resolve().parents[2] / "config" / "deepspeed" / "zero2.json"
STEPS = 20


@pytest.fixture
def on_cpu(monkeypatch):
    """DeepSpeed compiles a helper once, into a folder that later runs find."""
    monkeypatch.setenv("DS_ACCELERATOR", "cpu")
    monkeypatch.setenv("DS_BUILD_OPS", "0")
    home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(home / "torch_extensions"))


def test_weights_cannot_be_sharded(tmp_path):
    for stage in (1, 2):
        file = ZERO2.parent / f"zero{stage}.json"
        assert zero_stage(TrainingOptions.of({"deepspeed": str(file)}).deepspeed) == stage
    zero3 = tmp_path / "zero3.json"
    zero3.write_text('{"zero_optimization": {"stage": 3}}')
    with pytest.raises(ValueError, match=r"zero3.json shards the weights .*zero2.json"):
        TrainingOptions.of({"deepspeed": str(zero3)})
    with pytest.raises(ValueError, match="none.json"):
        TrainingOptions.of({"deepspeed": "none.json"})


def test_a_killed_run_goes_on_with_another_number_of_processes(parts, tmp_path, monkeypatch):
    recipe = write_recipe(tmp_path / "recipe.jsonl", parts.films, 40)
    options = {**OPTIONS, "vision": parts.vision, "llm": parts.llm, "learning_rate": 1e-3}
    train_checkpoint(recipe, tmp_path / "one", options, 0, 1, tmp_path / "work_one")
    work = tmp_path / "work"
    with monkeypatch.context() as patch:
        patch.setattr(training, "make_trainer", killed_at(7, training.make_trainer))
        with pytest.raises(KeyboardInterrupt):
            train_checkpoint(recipe, tmp_path / "two", options, 0, 1, work)
    two = {**options, "batch_size": 2, "processes": 2, "most_left_out": 0.5}
    train_checkpoint(recipe, tmp_path / "two", two, 0, 1, work)
    assert json.loads((tmp_path / "two" / "training.json").read_text())["resumed"] is True
    pairs = list(zip(losses(tmp_path / "one"), losses(tmp_path / "two"), strict=True))
    assert max(abs(a - b) for a, b in pairs) < 1e-5


def killed_at(step, make):
    """`make_trainer`, with a trainer that ends at a step."""

    class Kill(TrainerCallback):
        def on_step_end(self, args, state, control, **kwargs):
            if state.global_step == step:
                raise KeyboardInterrupt

    def made(*args):
        trainer = make(*args)
        trainer.add_callback(Kill())
        return trainer

    return made


def losses(folder):
    lines = (folder / "training_log.jsonl").read_text().splitlines()
    return [json.loads(line)["loss"] for line in lines]


def test_two_processes_under_zero_2_give_the_losses_of_one(parts, tmp_path, on_cpu):
    pytest.importorskip("deepspeed")
    recipe = write_recipe(tmp_path / "recipe.jsonl", parts.films, 4 * STEPS)
    options = {**OPTIONS, "vision": parts.vision, "llm": parts.llm, "learning_rate": 1e-3}
    options["save_steps"] = 1000
    train_checkpoint(recipe, tmp_path / "one", options, 0, 1, tmp_path / "work_one")
    two = {**options, "batch_size": 2, "processes": 2, "deepspeed": str(ZERO2)}
    train_checkpoint(recipe, tmp_path / "two", two, 0, 1, tmp_path / "work_two")
    first, second = losses(tmp_path / "one"), losses(tmp_path / "two")
    assert len(first) == len(second) == STEPS
    assert max(abs(a - b) for a, b in zip(first, second, strict=True)) < 1e-5
    assert first[-1] < first[0]


def test_a_qwen_vl_is_trained_by_two_processes_as_by_one(parts, tmp_path):
    path = parts.films[0][0]
    lines = [
        json.dumps(sample_fields(path, f"What is it, {n}?", "A dog." * (n % 5 + 1), []))
        for n in range(24)
    ]
    recipe = tmp_path / "recipe.jsonl"
    recipe.write_text("\n".join(lines))
    options = {**OPTIONS, "model": "qwen_vl", "start_from": build_qwen2_5_vl(tmp_path / "qwen")}
    options |= {"sizes": {"n_frames": 4}, "workers": 0, "learning_rate": 1e-3, "save_steps": 1000}
    train_checkpoint(recipe, tmp_path / "one", options, 0, 1, tmp_path / "work_one")
    two = {**options, "batch_size": 1, "accumulate": 2, "processes": 2}
    train_checkpoint(recipe, tmp_path / "two", two, 0, 1, tmp_path / "work_two")
    pairs = zip(losses(tmp_path / "one"), losses(tmp_path / "two"), strict=True)
    assert max(abs(a - b) for a, b in pairs) < 1e-5
