import importlib

import pytest
import yaml

from helpers.configurations import ROOT, read_configuration
from strefer.workflow.requirements.facts import BYTES, load_facts, named_models

FACTS = load_facts(ROOT / "config" / "models.yaml")
CONFIGURATIONS = ("config", "paper", "modern", "small")


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_model_of_a_configuration_has_facts_or_is_a_folder(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    for model in named_models(read_configuration(name), FACTS):
        assert model.facts is not None or model.folder.is_dir(), model.name


def test_every_fact_is_about_a_model_of_a_configuration():
    configurations = [read_configuration(name) for name in CONFIGURATIONS]
    named = {model.name for config in configurations for model in named_models(config, FACTS)}
    named |= {spec["model"] for config in configurations for spec in config["agents"].values()}
    assert set(FACTS) <= named


@pytest.mark.parametrize("name", [name for name, facts in FACTS.items() if facts.class_])
def test_its_class_exists(name):
    modules = ("transformers", "open_clip", "sam2.sam2_video_predictor")
    found = [m for m in modules if hasattr(importlib.import_module(m), FACTS[name].class_)]
    assert found


@pytest.mark.parametrize("name", [name for name, facts in FACTS.items() if facts.hub])
def test_the_hubs_name_is_the_one_that_open_clip_knows(name):
    import open_clip

    known = open_clip.pretrained.get_pretrained_cfg(*name.split("/"))["hf_hub"]
    assert known.rstrip("/") == FACTS[name].hub


@pytest.mark.parametrize("name", [n for n, f in FACTS.items() if f.class_ == "CustomTextCLIP"])
def test_parameters_and_tokens_are_those_of_the_architecture(name):
    import open_clip
    import torch

    described = open_clip.get_model_config(name.split("/")[0])
    parts = {part: described[part] for part in ("embed_dim", "vision_cfg", "text_cfg")}
    with torch.device("meta"):
        model = open_clip.CustomTextCLIP(**parts)
    count = sum(parameter.numel() for parameter in model.parameters())
    assert FACTS[name].parameters == round(count / 1e9, 3)
    assert FACTS[name].frame_tokens == model.visual.trunk.patch_embed.num_patches


def test_sizes_follow_from_parameters():
    llm = FACTS["Qwen/Qwen2.5-32B-Instruct"]
    assert llm.download_gb == llm.gb_in("bfloat16") == 32.8 * 2
    assert llm.gb_in("float32") == 32.8 * 4
    assert FACTS["IDEA-Research/RexSeek-3B"].gb_in("bfloat16") is None
    assert all(facts.published in (None, *BYTES) for facts in FACTS.values())


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"parameter": 3}, "org/model has no field 'parameter'; did you mean 'parameters'?"),
        ({"published": "int4"}, "`published` is not one of float32"),
    ],
)
def test_a_mistake_in_the_table_is_named(tmp_path, told, message):
    file = tmp_path / "models.yaml"
    file.write_text(yaml.safe_dump({"org/model": told}))
    with pytest.raises(ValueError, match=message):
        load_facts(file)
