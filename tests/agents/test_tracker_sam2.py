import numpy as np
import pytest
import torch
from transformers import Sam2VideoConfig, Sam2VideoModel

from drawn_world.teachers.tracker.model import tracker_processor
from helpers.drawn_masks import propagate, track
from helpers.sam2_weights import converted
from strefer.agents.tracker.interface import Prompt
from strefer.agents.tracker.load import load_tracker
from strefer.agents.tracker.with_sam2 import Sam2PackageTracker
from strefer.agents.tracker.with_transformers import TransformersTracker

build_sam = pytest.importorskip("sam2.build_sam", reason="needs the sam2 package")

IMAGE_PX = 128
BOX = (10.0, 20.0, 50.0, 60.0)


@pytest.fixture(scope="module")
def tracker() -> Sam2PackageTracker:
    """The package's smallest architecture at 128 px, untrained."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    predictor = build_sam.build_sam2_video_predictor(
        "configs/sam2.1/sam2.1_hiera_t.yaml",
        device="cpu",
        # Filling holes needs a part that is compiled for CUDA.
        hydra_overrides_extra=[f"++model.image_size={IMAGE_PX}", "++model.fill_hole_area=0"],
    )
    return Sam2PackageTracker(predictor)


@pytest.fixture(scope="module")
def frames() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (4, IMAGE_PX, IMAGE_PX, 3), dtype=np.uint8)


def test_both_directions_cover_the_film(tracker, frames):
    tracked = track(tracker, frames, [Prompt(5, 2, BOX), Prompt(3, 2, (60, 60, 100, 120))])
    assert list(tracked) == [5, 3]
    for masks in tracked.values():
        assert list(masks) == [0, 1, 2, 3]
        assert all(m.shape == (IMAGE_PX, IMAGE_PX) and m.dtype == bool for m in masks.values())


def test_a_pass_to_the_start_from_the_first_frame_gives_that_frame(tracker, frames):
    session = tracker.open_session(frames)
    assert list(propagate(tracker, session, 0, [BOX], reverse=True)[0]) == [0]
    assert list(propagate(tracker, session, 0, [BOX], reverse=False)[0]) == [0, 1, 2, 3]


@pytest.mark.parametrize("reverse", [False, True])
def test_a_doubtful_mask_is_left_empty_but_for_the_starting_frames(tracker, frames, reverse):
    session = tracker.open_session(frames)
    [drawn] = propagate(tracker, session, 1, [BOX], reverse)
    [certain] = propagate(tracker, session, 1, [BOX], reverse, min_certainty=1.0)
    assert all(mask.any() for mask in drawn.values())
    assert [frame for frame, mask in certain.items() if mask.any()] == [1]
    assert (certain[1] == drawn[1]).all()


def test_frames_reach_the_package_without_loss(tracker, frames):
    images = tracker.open_session(frames).state["images"]
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    expected = (torch.from_numpy(frames).permute(0, 3, 1, 2) / 255 - mean) / std
    torch.testing.assert_close(images, expected)


@pytest.mark.parametrize(("start_frame", "reverse"), [(1, False), (3, True)])
def test_the_same_weights_give_the_same_masks_through_transformers(
    tracker, frames, start_frame, reverse
):
    twin = TransformersTracker(_of_transformers(tracker), tracker_processor(IMAGE_PX))
    boxes = [BOX, (60.0, 60.0, 100.0, 120.0)]
    of_package, of_twin = (
        propagate(one, one.open_session(frames), start_frame, boxes, reverse)
        for one in (tracker, twin)
    )
    for masks, twins in zip(of_package, of_twin, strict=True):
        assert list(masks) == list(twins)
        for frame, mask in masks.items():
            assert 0 < mask.mean() < 1  # a full or an empty mask would prove little
            assert np.mean(mask != twins[frame]) < 0.001  # float32 may tip a pixel


def _of_transformers(tracker):
    config = Sam2VideoConfig(
        image_size=IMAGE_PX,
        memory_attention_rope_feat_sizes=[IMAGE_PX // 16] * 2,
        prompt_encoder_config={"image_size": IMAGE_PX},
    )
    config.vision_config.backbone_config.image_size = [IMAGE_PX] * 2
    config.vision_config.backbone_feature_sizes = [[IMAGE_PX // s] * 2 for s in (4, 8, 16)]
    model = Sam2VideoModel(config)
    model.load_state_dict(converted(tracker.predictor.state_dict()))
    return model


def test_unknown_checkpoints_and_types_are_named():
    with pytest.raises(ValueError, match=r"agents\.tracker\.model 'a/folder' is not a checkpoint"):
        load_tracker({"adapter": "sam2", "model": "a/folder"})
    with pytest.raises(ValueError, match=r"agents\.tracker\.dtype is 'float16'"):
        load_tracker({"adapter": "sam2", "model": "m", "dtype": "float16"})
