import importlib

import pytest
import yaml

from helpers.configurations import ROOT, read_configuration
from helpers.live_bytes import LiveBytes
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
    side_px = FACTS[name].image_px
    with torch.inference_mode(), LiveBytes() as live:
        model.eval().encode_image(torch.zeros(1, 3, side_px, side_px, device="meta"))
    assert FACTS[name].frame_mb == round(live.most / 1e6, 1)


HIERA_LARGE = {
    "model_type": "sam2_hiera_det_model",
    "hidden_size": 144,
    "num_attention_heads": 2,
    "blocks_per_stage": [2, 6, 36, 4],
    "embed_dim_per_stage": [144, 288, 576, 1152],
    "num_attention_heads_per_stage": [2, 4, 8, 16],
    "global_attention_blocks": [23, 33, 43],
    "window_size_per_stage": [8, 4, 16, 8],
    "window_positional_embedding_background_size": [7, 7],
}


@pytest.mark.parametrize(
    ("name", "vision"),
    [
        ("facebook/sam2.1-hiera-tiny", {}),
        (
            "facebook/sam2.1-hiera-large",
            {"backbone_config": HIERA_LARGE, "backbone_channel_list": [1152, 576, 288, 144]},
        ),
    ],
)
def test_parameters_and_activations_of_a_tracker_are_those_of_the_architecture(name, vision):
    import torch
    from transformers import Sam2VideoConfig, Sam2VideoModel, Sam2VisionConfig

    with torch.device("meta"):
        config = Sam2VideoConfig(vision_config=Sam2VisionConfig(**vision))
        model = Sam2VideoModel(config).eval()
    count = sum(parameter.numel() for parameter in model.parameters())
    assert FACTS[name].parameters == round(count / 1e9, 3)
    side_px = FACTS[name].image_px
    with torch.inference_mode(), LiveBytes() as live:
        model.vision_encoder(torch.zeros(1, 3, side_px, side_px, device="meta"))
    assert FACTS[name].frame_mb == round(live.most / 1e6)


def test_activations_of_a_token_are_those_of_the_layers():
    import torch
    from transformers import Qwen3VLTextConfig, Qwen3VLVisionConfig
    from transformers.models.qwen3_vl import modeling_qwen3_vl as classes

    def most(layer, width, shape, **also):
        layer = layer.to(torch.bfloat16).eval()
        tokens = torch.zeros(*shape, width, device="meta", dtype=torch.bfloat16)
        with torch.inference_mode(), LiveBytes() as live:
            layer(tokens, **also)
        return live.most / 1e3 / 1000

    text = Qwen3VLTextConfig(
        hidden_size=2560,
        intermediate_size=9728,
        num_attention_heads=32,
        num_key_value_heads=8,
        head_dim=128,
    )
    vision = Qwen3VLVisionConfig(hidden_size=1024, intermediate_size=4096, num_heads=16)
    text._attn_implementation = vision._attn_implementation = "sdpa"
    with torch.device("meta"):
        decoder = classes.Qwen3VLTextDecoderLayer(text, 0)
        encoder = classes.Qwen3VLVisionBlock(vision)
        turns = (torch.zeros(1, 1000, 128, dtype=torch.bfloat16),) * 2
        places = (torch.zeros(1000, 64),) * 2
    limits = torch.tensor([0, 1000], dtype=torch.int32)
    of_text = most(decoder, 2560, (1, 1000), position_embeddings=turns)
    of_patch = most(encoder, 1024, (1000,), position_embeddings=places, cu_seqlens=limits)
    assert of_text == pytest.approx((6 * 9728 + 4 * 2560) / 1e3, rel=0.01)
    per_token = FACTS["Qwen/Qwen3-VL-4B-Instruct"].token_kb
    assert per_token == pytest.approx(max(of_text, 4 * of_patch), rel=0.01)


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
