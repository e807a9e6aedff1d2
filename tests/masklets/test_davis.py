import numpy as np
import pytest

from drawn_world.quality.davis import boundary_f, contour, j_and_f, region_j
from helpers.hand_made_masklets import SIDE, square

EMPTY = np.zeros((SIDE, SIDE), bool)


def test_the_same_mask_scores_one():
    assert j_and_f([square(4, 4)], [square(4, 4)]) == 1.0


def test_both_empty_score_one_and_one_empty_scores_nothing():
    assert j_and_f([EMPTY], [EMPTY]) == 1.0
    assert j_and_f([EMPTY], [square(4, 4)]) == 0.0
    assert j_and_f([square(4, 4)], [EMPTY]) == 0.0


def test_region_is_the_overlap():
    assert region_j(square(0, 0, 8), square(4, 0, 8)) == pytest.approx(32 / 96)


def test_boundary_forgives_the_tolerance_and_no_more():
    # 0.008 of the diagonal of 32 x 32 is 0.36: one pixel.
    assert boundary_f(square(5, 4), square(4, 4)) == 1.0
    assert boundary_f(square(12, 12), square(4, 4)) < 0.2
    assert 0.3 < boundary_f(square(7, 4), square(4, 4)) < 1.0


def test_the_contour_is_one_pixel_wide():
    assert contour(square(4, 4, 8)).sum() == 32
    assert not contour(np.ones((SIDE, SIDE), bool)).any()


def test_the_mean_is_over_frames():
    assert j_and_f([square(4, 4), EMPTY], [square(4, 4), square(4, 4)]) == 0.5


def test_different_lengths_are_an_error():
    with pytest.raises(ValueError, match="1 predicted and 0 true"):
        j_and_f([EMPTY], [])
