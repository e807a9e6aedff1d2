import numpy as np
import pytest

from helpers.hand_made_masklets import square
from strefer.masklets.region_prompts import region_prompt


def test_the_point_is_deep_inside_and_the_stroke_stays_in_the_mask():
    mask = np.zeros((40, 60), bool)
    mask[10:20, 5:55] = True  # a bar with a knob
    mask[5:25, 40:55] = True
    prompt = region_prompt(mask)
    assert prompt.box == (5.0, 5.0, 55.0, 25.0)
    x, y = prompt.point
    assert 45 <= x <= 50
    assert 10 <= y <= 20
    assert all(mask[y, x] for x, y in prompt.scribble)
    assert prompt.scribble[-1][0] - prompt.scribble[0][0] > 30


def test_a_stroke_through_a_bent_mask_stays_inside():
    mask = np.zeros((60, 60), bool)
    mask[5:55, 5:12] = True
    mask[48:55, 5:55] = True
    assert all(mask[y, x] for x, y in region_prompt(mask).scribble)


def test_one_pixel_will_do():
    mask = np.zeros((9, 9), bool)
    mask[3, 4] = True
    prompt = region_prompt(mask)
    assert prompt.point == (4, 3)
    assert prompt.scribble == ((4, 3),)


def test_equal_masks_have_equal_prompts():
    assert region_prompt(square(3, 3)) == region_prompt(square(3, 3).copy())


def test_an_empty_mask_has_no_prompt():
    with pytest.raises(ValueError, match="empty mask"):
        region_prompt(np.zeros((4, 4), bool))
