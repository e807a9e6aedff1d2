"""The models that configurations give to vLLM, asked in a real one: a tiny random checkpoint of the
same class stands in the hub's cache under the model's own name.

One processor takes the place of the GPUs that share a model, a short context that of a long one.
"""

import numpy as np
import pytest

from configured_models import build_checkpoint, models_of_hub
from strefer.agents.chat import ChatRequest
from vllm_engine import MISSING, PYTHON, ask_offline

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(3000),
    pytest.mark.skipif(not PYTHON.is_file(), reason=MISSING),
]
MODELS = {name: m for name, m in models_of_hub().items() if m.spec["adapter"] == "vllm"}
FRAMES = np.random.default_rng(0).integers(0, 255, (4, 64, 64, 3), dtype=np.uint8)
SCHEMA = {"type": "object", "properties": {"there": {"type": "boolean"}}, "required": ["there"]}


@pytest.mark.parametrize("name", MODELS)
def test_vllm_loads_its_class_and_replies(tmp_path, name):
    model = MODELS[name]
    assert build_checkpoint(tmp_path / "hub", model)
    for older in (tmp_path / "hub").rglob("preprocessor_config.json"):
        older.with_name("processor_config.json").unlink()  # Tarsier comes without this newer one
    frames = FRAMES if "video_llm" in model.roles else None
    texts = ("Who sits?", "Who runs?")
    calls = [[ChatRequest(text, frames, 2.0, max_new_tokens=4) for text in texts]]
    calls.append([ChatRequest("There?", frames, 2.0, schema=SCHEMA, max_new_tokens=40)])
    spec = dict(model.spec) | {"tensor_parallel": None}
    cache = {"HF_HUB_CACHE": str(tmp_path / "hub")}
    if model.facts.vllm_until:  # check tells so before any job runs
        with pytest.raises(AssertionError, match=f"vLLM until v{model.facts.vllm_until}"):
            ask_offline(tmp_path, spec, calls, **cache)
        return
    answers = ask_offline(tmp_path, spec, calls, **cache)
    assert [len(answer["replies"]) for answer in answers] == [2, 1]
    assert answers[1]["replies"][0].replace(" ", "").startswith('{"there":')
