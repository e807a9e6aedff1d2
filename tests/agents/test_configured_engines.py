"""The models that configurations give to vLLM, asked in a real one: a tiny random checkpoint of the
same class stands in the hub's cache under the model's own name.

One processor takes the place of the GPUs that share a model, a short context that of a long one.
"""

import numpy as np
import pytest

from helpers.configured_models import build_checkpoint, models_of_hub
from helpers.vllm_engine import ask_offline, python_of
from strefer.agents.chat.interface import ChatRequest

pytestmark = [pytest.mark.long, pytest.mark.timeout(3000)]
MODELS = {name: m for name, m in models_of_hub().items() if m.spec["adapter"] == "vllm"}
DROPPED = [name for name, m in MODELS.items() if m.facts.vllm_until]
FRAMES = np.random.default_rng(0).integers(0, 255, (4, 64, 64, 3), dtype=np.uint8)
SCHEMA = {"type": "object", "properties": {"there": {"type": "boolean"}}, "required": ["there"]}


@pytest.mark.parametrize("name", MODELS)
def test_vllm_loads_its_class_and_replies(tmp_path, name):
    answers = ask_tiny(tmp_path, MODELS[name], MODELS[name].spec.get("environment") or "vllm")
    assert [len(answer["replies"]) for answer in answers] == [2, 1]
    held = "".join(answers[1]["replies"][0].split())  # the schema allows any white space
    assert held.startswith('{"there":')


@pytest.mark.parametrize("name", DROPPED)
def test_later_versions_lack_a_class_as_check_tells(tmp_path, name):
    until = MODELS[name].facts.vllm_until
    with pytest.raises(AssertionError, match=f"vLLM until v{until}"):
        ask_tiny(tmp_path, MODELS[name], "vllm")


def ask_tiny(folder, model, environment):
    """The answers of a tiny checkpoint of a model's class to two calls."""
    if not python_of(environment).is_file():
        pytest.skip(f"no .venv-{environment}: make it by tests/vllm_cpu/make_environment.sh")
    assert build_checkpoint(folder / "hub", model)
    for older in (folder / "hub").rglob("preprocessor_config.json"):
        older.with_name("processor_config.json").unlink()  # Tarsier comes without this newer one
    frames = FRAMES if "video_llm" in model.roles else None
    texts = ("Who sits?", "Who runs?")
    calls = [[ChatRequest(text, frames, 2.0, max_new_tokens=4) for text in texts]]
    calls.append([ChatRequest("There?", frames, 2.0, schema=SCHEMA, max_new_tokens=40)])
    spec = dict(model.spec) | {"tensor_parallel": None, "environment": environment}
    return ask_offline(folder, spec, calls, HF_HUB_CACHE=str(folder / "hub"))
