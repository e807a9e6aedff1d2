"""The memory of a GPU in training, by what takes it."""

import json

import pytest

from helpers.configurations import ROOT, read_configuration
from strefer.workflow.requirements.facts import Facts, NamedModel
from strefer.workflow.requirements.training_memory import NEW_PARTS, training_memory

ZERO = str(ROOT / "config" / "deepspeed" / "zero{}.json")


def model(role, billions, shape=None, folder=None):
    spec = {"adapter": "transformers", "model": "a/b", "dtype": "bfloat16"}
    facts = Facts(parameters=billions, shape=shape)
    return NamedModel("a/b", (f"training.{role}",), spec, facts, folder)


def memory(models, **options):
    defaults = read_configuration("config")["training"] | {"gradient_checkpointing": True}
    return training_memory(defaults | {"bf16": True, "deepspeed": None} | options, models)


@pytest.mark.parametrize(("stage", "total_gb"), [(1, 31.4), (2, 16.6)])
def test_it_is_what_the_paper_on_zero_says(stage, total_gb):
    """Of a model of 7.5 billion parameters on 64 GPUs, figure 1 of arXiv 1910.02054."""
    llm = model("llm", 7.5 - NEW_PARTS)
    found = memory([llm], deepspeed=ZERO.format(stage), processes=64)
    assert found.total == pytest.approx(total_gb, abs=0.05)
    assert found.activations is None
    assert "activations unknown" in str(found)


def test_one_gpu_has_all_and_several_have_gradients_twice():
    models = [model("vision", 0.4), model("llm", 4 - NEW_PARTS, (32, 3072))]
    alone, two = (memory(models, processes=n, batch_size=8) for n in (1, 2))
    assert alone.weights == pytest.approx(0.8 + 16)
    assert (alone.gradients, alone.optimizer) == pytest.approx((16, 32))
    assert two.gradients == pytest.approx(32)
    # 8 rows of 128 + 1792 tokens; the inputs of 32 layers, and one layer.
    assert alone.activations == pytest.approx(8 * 1920 * 3072 * (32 * 4 + 80) / 1e9)
    assert memory(models, processes=1, batch_size=2).activations == alone.activations / 4
    assert memory(models, processes=1, gradient_checkpointing=False).activations is None


def test_of_a_qwen_vl_lora_alone_is_trained(tmp_path):
    config = {"text_config": {"num_hidden_layers": 36, "hidden_size": 2560}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "model.safetensors").write_bytes(b"")
    qwen = model("start_from", 4.44, (36, 2560))
    found = memory([qwen], model="qwen_vl", start_from="a/b", processes=1, lora_rank=16)
    assert found.weights == pytest.approx(4.44 * 2 + found.gradients)
    assert found.gradients == pytest.approx(4 * 16 * 22 * 36 * 2560 / 1e9)
    local = model("start_from", None, None, folder=tmp_path)
    assert memory([local], model="qwen_vl", processes=1).activations == found.activations


def test_an_unknown_size_is_unknown():
    assert memory([model("llm", None)]) is None
