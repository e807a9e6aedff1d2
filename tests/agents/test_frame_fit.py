import gc

import numpy as np
import pytest

from strefer.agents.chat.frame_fit import MAX_PIXELS, MAX_PROMPT_PIXELS, FrameFit
from strefer.agents.chat.interface import ChatRequest


def gradient(height, width):
    """A frame whose red grows from left to right and whose green from top to bottom."""
    frame = np.zeros((height, width, 3), np.uint8)
    frame[..., 0] = np.linspace(0, 255, width).astype(np.uint8)
    frame[..., 1] = np.linspace(0, 255, height).astype(np.uint8)[:, None]
    return frame


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (3840, 2160), (1080, 1920)])
@pytest.mark.parametrize("n_frames", [1, 8, 32, 64])
def test_no_frame_and_no_prompt_is_larger_than_allowed(size, n_frames):
    width, height = FrameFit().size(*size, n_frames)
    assert width * height <= MAX_PIXELS
    assert n_frames * width * height <= MAX_PROMPT_PIXELS
    assert width / height == pytest.approx(size[0] / size[1], rel=0.01)
    assert n_frames * width * height > 0.97 * min(n_frames * MAX_PIXELS, MAX_PROMPT_PIXELS)


def test_small_frames_are_untouched():
    frame = gradient(96, 160)
    frames = np.stack([frame] * 3)
    requests = [ChatRequest("a", frames), ChatRequest("b", frames), ChatRequest("c")]
    assert [r.frames for r in FrameFit().requests(requests)] == [frames, frames, None]
    assert FrameFit().scaled(frame, 16) is frame


def test_requests_about_the_same_frames_share_the_scaled_ones():
    frames = np.stack([gradient(1080, 1920)] * 2)
    first, second = FrameFit().requests([ChatRequest("a", frames), ChatRequest("b", frames)])
    assert first.frames is second.frames
    assert first.frames.shape == (2, 581, 1034, 3)
    del first, second
    gc.collect()


def test_a_squashed_frame_holds_all_of_a_wide_one():
    """As Tarsier's authors do: CLIP's processor would cut off 44% of the width."""
    squashed = FrameFit(max_pixels=336**2, fit="squash").scaled(gradient(1080, 1920), 8)
    assert squashed.shape == (336, 336, 3)
    assert squashed[:, 0, 0].max() <= 2
    assert squashed[:, -1, 0].min() >= 253


def test_a_padded_frame_has_bars_and_a_cropped_one_lacks_the_sides():
    padded = FrameFit(max_pixels=400**2, fit="pad").scaled(gradient(360, 640), 1)
    assert padded.shape == (400, 400, 3)
    assert padded[:80].max() == 0
    assert padded[200, -1, 0] >= 253
    cropped = FrameFit(max_pixels=10**6, fit="crop").scaled(gradient(360, 640), 1)
    assert cropped.shape == (360, 360, 3)
    assert cropped[:, 0, 0].min() > 50
    assert cropped[:, -1, 0].max() < 205


@pytest.mark.parametrize("fit", ["none", "squash", "pad", "crop"])
def test_what_was_scaled_once_stays_as_it_is(fit):
    own = FrameFit(max_pixels=50_000, fit=fit)
    once = own.scaled(gradient(360, 640), 4)
    assert own.scaled(once, 4) is once


def test_an_unknown_fit_is_refused():
    with pytest.raises(ValueError, match="`fit` is 'stretch', not one of none, squash, pad, crop"):
        FrameFit.of({"fit": "stretch"})
