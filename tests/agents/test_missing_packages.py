"""A package that an adapter needs and that is not there: the error says what to do."""

import re
import sys
from pathlib import Path

import pytest

from strefer.agents.assigner.load import load_assigner
from strefer.agents.chat.load import load_chat
from strefer.agents.detector.load import load_detector
from strefer.agents.embedder import load_embedder
from strefer.agents.tracker.load import load_tracker

TEACHERS = Path(__file__).resolve().parents[2] / "resources" / "teachers"
BY_HAND = " does not have it: install it by hand"
CASES = [
    (
        load_assigner,
        "assigner",
        "rexseek",
        "IDEA-Research/RexSeek-3B",
        "rexseek",
        f"envs/rexseek.yaml{BY_HAND}",
    ),
    (
        load_detector,
        "detector",
        "groundingdino",
        "groundingdino-tiny",
        "groundingdino",
        "envs/groundingdino.yaml has it: add `--sdm conda` to the Snakemake command",
    ),
    (
        load_tracker,
        "tracker",
        "sam2",
        "facebook/sam2.1-hiera-tiny",
        "sam2",
        "envs/vision.yaml has it: add `--sdm conda` to the Snakemake command",
    ),
    (
        *(load_embedder, "embedder", "open_clip", "ViT-B-16-SigLIP/webli", "open_clip"),
        "envs/vision.yaml has it: add `--sdm conda` to the Snakemake command",
    ),
    (
        *(load_chat, "chat model", "vllm", str(TEACHERS / "llm"), "vllm"),
        "envs/vllm.yaml has it: add `--sdm conda` to the Snakemake command",
    ),
]


@pytest.mark.parametrize(("load", "role", "adapter", "model", "package", "way_out"), CASES)
def test_a_missing_package_is_told_with_the_way_out(
    monkeypatch, load, role, adapter, model, package, way_out
):
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    told = f"{role} {model}: the adapter {adapter} cannot import {package} here"
    with pytest.raises(ValueError, match=f"^{re.escape(told)} .*{re.escape(way_out)}"):
        load({"adapter": adapter, "model": model})


def test_an_environment_that_the_agent_names_is_the_one_that_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "vllm", None)
    spec = {"adapter": "vllm", "model": str(TEACHERS / "llm"), "environment": "vllm_0_24"}
    with pytest.raises(ValueError, match=r"envs/vllm_0_24\.yaml has it"):
        load_chat(spec)
