"""The tower of a Qwen2-VL as the student's eyes."""

import random

import numpy as np
import pytest
import torch
from transformers import AutoModelForImageTextToText, AutoProcessor

from helpers.tiny_student import SIZES, sample_fields
from strefer.videollm.architecture.vision import VisionEncoder, load_vision_weights, vision_spec
from strefer.videollm.architecture.vision_qwen import place_codes
from strefer.videollm.building import build_student, settings_of
from strefer.videollm.data.processor import Processor
from strefer.videollm.data.samples import sample_from_json

TEACHER = "resources/teachers/video_llm"


@pytest.fixture(scope="module")
def encoder():
    encoder = VisionEncoder(vision_spec(TEACHER))
    load_vision_weights(encoder, TEACHER)
    return encoder


def test_features_are_those_that_the_models_own_code_computes(encoder):
    frames = torch.from_numpy(
        np.random.default_rng(0).integers(0, 256, (4, 128, 128, 3), dtype=np.uint8)
    )
    model = AutoModelForImageTextToText.from_pretrained(TEACHER, dtype=torch.float32)
    seen = AutoProcessor.from_pretrained(TEACHER).video_processor(
        videos=[frames.permute(0, 3, 1, 2)], return_tensors="pt"
    )
    visual = model.model.visual
    with torch.no_grad():
        states = visual(
            seen["pixel_values_videos"], grid_thw=seen["video_grid_thw"]
        ).last_hidden_state
        states = visual.merger.ln_q(states)
    grid = states.view(2, 4, 4, 2, 2, -1).transpose(2, 3).flatten(1, 2).flatten(2, 3)
    features = encoder(frames)
    assert features.shape == (4, encoder.side, encoder.side, encoder.width)
    assert torch.allclose(features[0::2], grid + place_codes(8, encoder.width), atol=1e-4)
    assert torch.equal(features[0::2], features[1::2])  # two neighbours are seen as one


def test_every_place_has_a_code_of_its_own():
    codes = place_codes(8, 192).flatten(0, 1)
    distances = torch.cdist(codes, codes) + 100 * torch.eye(64)
    assert codes.shape == (64, 192)
    assert distances.min() > 0.5


def test_a_frame_left_over_is_seen_twice(encoder):
    frames = torch.randint(0, 256, (3, 128, 128, 3), dtype=torch.uint8)
    alone = encoder(frames[[2, 2]])[0]
    assert torch.allclose(encoder(frames)[2], alone, atol=1e-4)


def test_frames_that_only_masks_lie_on_come_in_pairs_too(parts):
    model, tokenizer = build_student(TEACHER, parts.llm, SIZES, seed=0)
    processor = Processor(tokenizer, settings_of(model))
    path, regions = parts.films[0]
    shape = next(iter(regions[0].values()))
    fields = sample_fields(path, "What does the <region> do?", "Yes.", [{"1": shape}])
    encoded = processor.encode(sample_from_json(fields | {"frame_keys": "raw"}), random.Random(0))
    assert len(encoded.other_view.times_s) == 2
    assert len(set(encoded.other_view.times_s)) == 1
    assert model.config.video_tokens == SIZES["latents"]
