import numpy as np
import pytest
from pycocotools import mask as coco

from helpers.hand_made_masklets import square
from strefer.masks import (
    box_ious,
    box_of_mask,
    box_of_rle,
    decode_mask,
    encode_mask,
    rle_areas,
    rle_iou,
    rle_ious,
)


def test_a_code_is_json_and_pycocotools_reads_it_back():
    mask = np.random.default_rng(0).random((7, 11)) > 0.5
    code = encode_mask(mask)
    assert code["size"] == [7, 11]
    assert isinstance(code["counts"], str)
    assert (decode_mask(code) == mask).all()
    assert (coco.decode({**code, "counts": code["counts"].encode()}) == mask).all()


def test_areas_and_overlaps_of_codes_are_those_of_the_masks():
    masks = [square(0, 0), square(4, 0), square(20, 20)]
    codes = [encode_mask(mask) for mask in masks]
    assert rle_areas(codes).tolist() == [64, 64, 64]
    assert rle_ious(codes[:1], codes)[0].tolist() == pytest.approx([1, 1 / 3, 0])
    assert rle_iou(codes[0], codes[1]) == pytest.approx(1 / 3)
    assert rle_iou(*[encode_mask(np.zeros((4, 4), bool))] * 2) == 0
    assert rle_ious([], codes).shape == (0, 3)


def test_boxes_end_outside_the_mask():
    assert box_of_mask(square(3, 5, 4)) == (3.0, 5.0, 7.0, 9.0)
    assert box_of_rle(encode_mask(square(3, 5, 4))) == (3.0, 5.0, 7.0, 9.0)
    assert box_of_mask(np.zeros((4, 4), bool)) is None


def test_overlaps_of_boxes():
    ious = box_ious([(0, 0, 4, 4)], [(0, 0, 4, 4), (2, 0, 6, 4), (8, 8, 9, 9)])
    assert ious[0].tolist() == pytest.approx([1, 1 / 3, 0])
    assert box_ious([], [(0, 0, 1, 1)]).shape == (0, 1)
