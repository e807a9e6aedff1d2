"""What a vision model of a configuration sees and says, at its published settings.

The class and the processor are the real ones, with the published sizes of frames; only the widths
are tiny and the weights random. A frame of 1920 x 1080 goes through the adapter.
"""

import math

import numpy as np
import pytest
import torch
import transformers

from drawn_world.teachers.tracker.model import new_tracker
from helpers import tiny_detector
from helpers.configured_models import FACTS
from helpers.hub_files import snapshot_of, use_cache
from helpers.tiny_checkpoints import build_open_clip, small_siglip
from strefer.agents.detector.load import load_detector
from strefer.agents.embedder import load_embedder
from strefer.agents.tracker.with_transformers import TransformersTracker
from strefer.masks import box_of_rle

WIDTH_PX, HEIGHT_PX = 1920, 1080
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def of_class(class_):
    return sorted(name for name, facts in FACTS.items() if facts.class_ == class_)


@pytest.fixture(scope="module")
def frame():
    """Its left and right tenth have colours of their own: what is cropped would be missing."""
    pixels = np.full((HEIGHT_PX, WIDTH_PX, 3), GREEN, np.uint8)
    pixels[:, : WIDTH_PX // 10] = RED
    pixels[:, -WIDTH_PX // 10 :] = BLUE
    return pixels


def assert_shows_all(pixels, mean, std):
    """A model's input [3, H, W] shows the colours of both edges where they were."""
    width = pixels.shape[2]
    shown = pixels.cpu().numpy() * np.reshape(std, (3, 1, 1)) + np.reshape(mean, (3, 1, 1))
    middle = shown[:, shown.shape[1] // 2]
    for colour, share in ((RED, 0.05), (GREEN, 0.15), (GREEN, 0.85), (BLUE, 0.95)):
        assert np.abs(middle[:, int(width * share)] - np.array(colour) / 255).max() < 0.05


DETECTORS = {
    "GroundingDinoForObjectDetection": tiny_detector.build_swin_detector,
    "MMGroundingDinoForObjectDetection": tiny_detector.build_mm_detector,
}


@pytest.mark.parametrize("name", [name for class_ in DETECTORS for name in of_class(class_)])
def test_a_detector_sees_the_whole_frame_and_answers_in_its_pixels(tmp_path, frame, name):
    facts, processor = FACTS[name], transformers.GroundingDinoImageProcessor()
    folder = DETECTORS[facts.class_](tmp_path, image_processor=processor)
    detector = load_detector({"adapter": "transformers", "model": str(folder), "device": "cpu"})
    seen = {}
    detector.model.register_forward_hook(
        lambda module, args, kwargs, output: seen.update(kwargs, output=output), with_kwargs=True
    )
    [found] = detector.detect([frame], ["person", "dog"], 0.0, 0.0)

    assert facts.fit == "keep"
    height, width = seen["pixel_values"].shape[2:]
    scale = min(facts.image_px / HEIGHT_PX, facts.longest_px / WIDTH_PX)
    assert (height, width) == (round(HEIGHT_PX * scale), round(WIDTH_PX * scale)) == (750, 1333)
    assert seen["pixel_mask"].all()
    assert_shows_all(seen["pixel_values"][0], processor.image_mean, processor.image_std)

    x, y, w, h = seen["output"].pred_boxes[0].T
    probabilities = seen["output"].logits[0].sigmoid().max(dim=1).values
    corners = torch.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], dim=1)
    corners = corners * torch.tensor([WIDTH_PX, HEIGHT_PX] * 2)
    limits = torch.tensor([WIDTH_PX, HEIGHT_PX] * 2)
    best = int(probabilities.argmax())
    assert found[0].box == pytest.approx(corners[best].clamp(min=0).minimum(limits).tolist())
    assert found[0].score == pytest.approx(probabilities[best].item())
    assert all(0 <= d.score <= 1 for d in found)
    assert {d.label for d in found} <= {"person", "dog"}


def test_a_tracker_sees_the_whole_frame_and_draws_in_its_pixels(frame):
    facts, *others = (FACTS[name] for name in of_class("Sam2VideoModel"))
    assert {(other.image_px, other.fit) for other in others} == {(facts.image_px, facts.fit)}
    model = new_tracker(3, facts.image_px).eval()
    published = transformers.Sam2VideoConfig()
    for option in ("num_maskmem", "max_object_pointers_in_encoder", "image_size"):
        assert getattr(model.config, option) == getattr(published, option)
    processor = transformers.Sam2VideoProcessor(
        image_processor=transformers.Sam2ImageProcessor(),
        video_processor=transformers.Sam2VideoVideoProcessor(),
    )
    tracker = TransformersTracker(model, processor)
    seen = {"pixels": [], "points": []}
    model.vision_encoder.register_forward_pre_hook(
        lambda module, args, kwargs: seen["pixels"].append([*args, *kwargs.values()][0]),
        with_kwargs=True,
    )
    model.prompt_encoder.register_forward_pre_hook(
        lambda module, args, kwargs: seen["points"].append(kwargs["input_points"]),
        with_kwargs=True,
    )
    box = (480.0, 270.0, 960.0, 540.0)
    session = tracker.open_session(np.stack([frame, frame]))
    [masks] = tracker.propagate(session, 0, [box], reverse=False)

    assert facts.fit == "squash"
    [pixels] = seen["pixels"]
    assert pixels.shape == (2, 3, facts.image_px, facts.image_px)
    video = processor.video_processor
    assert_shows_all(pixels[0], video.image_mean, video.image_std)
    quarter = facts.image_px / 4  # a quarter of the film's width and height is one of the square's
    assert seen["points"][0].flatten().tolist() == [quarter, quarter, 2 * quarter, 2 * quarter]
    assert sorted(masks) == [0, 1]
    assert all(code["size"] == [HEIGHT_PX, WIDTH_PX] for code in masks.values())
    assert box_of_rle(masks[0])[2] <= WIDTH_PX


@pytest.mark.parametrize("name", of_class("CustomTextCLIP"))
def test_an_embedder_sees_the_whole_frame_and_its_middle_is_one_half(
    tmp_path, monkeypatch, frame, name
):
    import open_clip.factory

    facts, architecture = FACTS[name], name.split("/")[0]
    described = open_clip.factory._MODEL_CONFIGS[architecture]
    assert described["vision_cfg"]["image_size"] == facts.image_px
    small = small_siglip(described, facts.image_px)
    monkeypatch.setitem(open_clip.factory._MODEL_CONFIGS, architecture, small)
    cache = use_cache(monkeypatch, tmp_path)
    scale, bias = facts.logit_scale or 100.0, facts.logit_bias or -15.0
    build_open_clip(
        snapshot_of(cache, facts.hub), name, logit_scale=math.log(scale), logit_bias=bias
    )
    embedder = load_embedder({"adapter": "open_clip", "model": name, "device": "cpu"})
    seen = []
    embedder.model.visual.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    [image] = embedder.embed_images(frame[None])

    assert facts.fit == "squash"
    assert embedder.image_px == facts.image_px
    assert embedder.best_size((WIDTH_PX, HEIGHT_PX)) == (facts.image_px, facts.image_px)
    [pixels] = seen
    assert pixels.shape[1:] == (3, facts.image_px, facts.image_px)
    assert_shows_all(pixels[0], [0.5] * 3, [0.5] * 3)

    assert embedder.scale == pytest.approx(scale, rel=1e-5)
    assert embedder.bias == bias
    across = np.roll(image, 1) - (np.roll(image, 1) @ image) * image
    across /= np.linalg.norm(across)
    middle = -bias / scale
    texts = [middle * image + math.sqrt(1 - middle**2) * across, image, -image]
    judged = embedder.match(np.array(texts, np.float32), image[None])[:, 0]
    assert judged == pytest.approx([0.5, 1.0, 0.0], abs=1e-3)
