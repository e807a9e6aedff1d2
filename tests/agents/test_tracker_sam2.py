import numpy as np
import pytest
import torch

from strefer.agents.tracker import Prompt, load_tracker
from strefer.agents.tracker_sam2 import Sam2PackageTracker

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
        hydra_overrides_extra=[f"++model.image_size={IMAGE_PX}"],
    )
    return Sam2PackageTracker(predictor)


@pytest.fixture(scope="module")
def frames() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (4, IMAGE_PX, IMAGE_PX, 3), dtype=np.uint8)


def test_both_directions_cover_the_film(tracker, frames):
    tracked = tracker.track(frames, [Prompt(5, 2, BOX), Prompt(3, 2, (60, 60, 100, 120))])
    assert list(tracked) == [5, 3]
    for masks in tracked.values():
        assert list(masks) == [0, 1, 2, 3]
        assert all(m.shape == (IMAGE_PX, IMAGE_PX) and m.dtype == bool for m in masks.values())


def test_a_pass_to_the_start_from_the_first_frame_gives_that_frame(tracker, frames):
    session = tracker.open_session(frames)
    assert list(tracker.propagate(session, 0, [BOX], reverse=True)[0]) == [0]
    assert list(tracker.propagate(session, 0, [BOX], reverse=False)[0]) == [0, 1, 2, 3]


def test_frames_reach_the_package_without_loss(tracker, frames):
    images = tracker.open_session(frames).state["images"]
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    expected = (torch.from_numpy(frames).permute(0, 3, 1, 2) / 255 - mean) / std
    torch.testing.assert_close(images, expected)


def test_unknown_checkpoints_and_types_are_named():
    with pytest.raises(ValueError, match=r"agents\.tracker\.model 'a/folder' is not a checkpoint"):
        load_tracker({"adapter": "sam2", "model": "a/folder"})
    with pytest.raises(ValueError, match=r"agents\.tracker\.dtype is 'float16'"):
        load_tracker({"adapter": "sam2", "model": "m", "dtype": "float16"})
