"""Two processes under ZeRO-2 train as one does."""

import json
import os
from pathlib import Path

import pytest

from helpers.tiny_student import OPTIONS, write_recipe
from strefer.videollm.training.train_checkpoint import train_checkpoint

ZERO2 = Path(__file__).resolve().parents[2] / "config" / "deepspeed" / "zero2.json"
STEPS = 20


@pytest.fixture
def on_cpu(monkeypatch):
    """DeepSpeed compiles a helper once, into a folder that later runs find."""
    monkeypatch.setenv("DS_ACCELERATOR", "cpu")
    monkeypatch.setenv("DS_BUILD_OPS", "0")
    home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(home / "torch_extensions"))


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
