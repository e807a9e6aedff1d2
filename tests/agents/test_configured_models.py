"""Every model of every configuration goes through its adapter, as the configuration has it.

The hub's cache holds a tiny random checkpoint of the same classes under the model's own name, so
that nothing of a configuration is changed for the test. Not in reach:

- vLLM stands in an environment of its own. Here a model of the adapter `vllm` is loaded to the edge
  of the engine (configuration, tokenizer or processor, chat template, prompts), and the same
  checkpoint answers through `transformers`; test_configured_engines.py asks the engine.
- RexSeek's package is in no environment of this project: its test ends where it is imported.
"""

import importlib.util
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from helpers import tiny_student
from helpers.configurations import ROOT
from helpers.configured_models import CONFIGURATIONS, build_checkpoint, models_of_hub
from helpers.hub_files import snapshot_of, use_cache
from helpers.tiny_checkpoints import FRAME_PX, build_sam2_package, shrink
from strefer.agents.assigner.load import load_assigner
from strefer.agents.chat import with_vllm as chat_vllm
from strefer.agents.chat.interface import ChatRequest
from strefer.agents.chat.load import load_chat
from strefer.agents.detector.load import load_detector
from strefer.agents.embedder import load_embedder
from strefer.agents.tracker.interface import Prompt
from strefer.agents.tracker.load import load_tracker
from strefer.videollm.building import build_student, read_student
from strefer.workflow.configuration.agents import ChatTransformers, ChatVllm
from strefer.workflow.requirements.facts import specs_of

BOXES = [(4.0, 4.0, 30.0, 40.0), (30.0, 10.0, 60.0, 60.0)]
FRAMES = np.random.default_rng(0).integers(0, 255, (4, FRAME_PX, FRAME_PX, 3), dtype=np.uint8)
OF_VLLM = ChatVllm.model_fields.keys() - ChatTransformers.model_fields.keys()


CASES = [(name, role) for name, config in CONFIGURATIONS.items() for role in specs_of(config)]


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """A cache with all models of all configurations, and those that no checkpoint stands for."""
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        shrink(patch)
        cache = use_cache(patch, tmp_path_factory.mktemp("hub"))
        models = models_of_hub()
        built = {name for name, model in models.items() if build_checkpoint(cache, model)}
        yield SimpleNamespace(cache=cache, without=models.keys() - built)


def test_only_what_no_installed_class_can_hold_has_no_checkpoint(hub):
    assert hub.without == {"IDEA-Research/RexSeek-3B"}


@pytest.mark.parametrize(("name", "role"), CASES, ids=[f"{n}-{r}" for n, r in CASES])
def test_it_goes_through_its_adapter(hub, name, role, monkeypatch):
    config = CONFIGURATIONS[name]
    spec = specs_of(config)[role]
    if role.startswith("training."):
        _begin_a_student(config)
    elif role in ("video_llm", "llm", "judge"):
        _ask(spec, FRAMES if role == "video_llm" else None, monkeypatch)
    else:
        USES[role](spec)


def test_the_papers_tracker_goes_through_its_authors_package_too(hub):
    name = CONFIGURATIONS["paper"]["agents"]["tracker"]["model"]
    build_sam2_package(snapshot_of(hub.cache, name), name)
    _use_tracker({"adapter": "sam2", "model": name})


def _ask(spec, frames, monkeypatch):
    requests = [ChatRequest(f"Who {t}?", frames, 2.0, max_new_tokens=4) for t in ("sits", "runs")]
    if spec["adapter"] == "vllm":
        monkeypatch.setattr(chat_vllm, "_start_engine", lambda *options: None)
        _look_at_prompt(load_chat(spec), requests[0])
        spec = {n: v for n, v in spec.items() if n not in OF_VLLM} | {"adapter": "transformers"}
    replies = load_chat(spec).reply(requests)
    assert [isinstance(reply, str) for reply in replies] == [True, True]


def _look_at_prompt(chat, request):
    prompt = chat._prompt(request, {})
    text = chat.prompts.tokenizer.decode(prompt["prompt_token_ids"])
    assert "Who sits?" in text
    if request.frames is not None:
        [(modality, shown)] = prompt["multi_modal_data"].items()
        assert len(shown) == (len(FRAMES) if modality == "image" else 1)
        token = getattr(chat.prompts.processor, f"{modality}_token")
        assert text.count(token) == len(shown)


def _use_detector(spec):
    for of_frame in load_detector(spec).detect(list(FRAMES), ["person", "dog"], 0.0, 0.0):
        assert of_frame
        assert {found.label for found in of_frame} <= {"person", "dog"}
        assert all(0 <= found.score <= 1 for found in of_frame)


def _use_tracker(spec):
    tracked = load_tracker(spec).track(FRAMES, [Prompt(7, 1, BOXES[0])])
    assert list(tracked) == [7]
    assert [code["size"] for code in tracked[7].values()] == [list(FRAMES.shape[1:3])] * len(FRAMES)


def _use_embedder(spec):
    embedder = load_embedder(spec)
    rows = [embedder.embed_images(FRAMES), embedder.embed_texts(["red ball", "brown dog"])]
    assert [len(row) for row in rows] == [4, 2]
    assert rows[0].shape[1] == rows[1].shape[1]
    np.testing.assert_allclose(np.linalg.norm(np.concatenate(rows), axis=1), 1.0, rtol=1e-3)


def _use_assigner(spec):
    if spec["adapter"] == "rexseek" and importlib.util.find_spec("rexseek") is None:
        with pytest.raises(ValueError, match=r"assigner .*: the adapter rexseek cannot import"):
            load_assigner(spec)
        return
    if spec.get("engine") == "vllm":
        spec = {n: v for n, v in spec.items() if n not in OF_VLLM} | {"engine": "transformers"}
    assigner = load_assigner(spec, ROOT / "config" / "prompts" / "assigner.txt")
    scores = assigner.scores(FRAMES[0], BOXES, ["red ball", "brown dog", "man"])
    assert scores.shape == (3, 2)
    assert ((scores >= 0) & (scores <= 1)).all()


def _begin_a_student(config):
    training = config["training"]
    if training["start_from"]:
        model, tokenizer = read_student(training["start_from"])
    else:
        sizes = training["sizes"] or tiny_student.SIZES
        model, tokenizer = build_student(training["vision"], training["llm"], sizes, seed=0)
    side, width = model.vision.side, model.vision.width
    features = model.vision(torch.from_numpy(FRAMES))
    assert features.shape == (len(FRAMES), side, side, width)
    assert "<0>" in tokenizer.get_vocab()


USES = {
    "detector": _use_detector,
    "tracker": _use_tracker,
    "embedder": _use_embedder,
    "assigner": _use_assigner,
}
