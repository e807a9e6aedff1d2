"""The region encoder: pooling, merging, positions."""

import pytest
import torch

from strefer.videollm.architecture.regions import (
    RegionEncoder,
    mean_by_group,
    merge_groups,
    places_of,
    pool_masked,
)


def test_pooling_is_the_mean_under_the_mask():
    features = torch.arange(8.0).view(1, 2, 2, 2)
    mask = torch.tensor([[[1.0, 0.0], [0.5, 0.0]]])
    expected = (features[0, 0, 0] * 1.0 + features[0, 1, 0] * 0.5) / 1.5
    assert torch.allclose(pool_masked(features, mask)[0], expected)


def test_neighbours_that_are_alike_are_merged():
    a, b, c = torch.eye(3)
    features = torch.stack([a, a, b, b, b, c, a, a])
    groups = merge_groups(features, torch.zeros(8, dtype=torch.long), most=4)
    assert groups.tolist() == [0, 0, 1, 1, 1, 2, 3, 3]
    assert torch.allclose(mean_by_group(features, groups), torch.stack([a, b, c, a]))


@pytest.mark.parametrize("n_frames", [1, 3, 4, 5, 32])
def test_a_region_has_at_most_four_tokens(n_frames):
    torch.manual_seed(0)
    regions = torch.cat([torch.zeros(n_frames), torch.ones(2)]).long()
    groups = merge_groups(torch.randn(n_frames + 2, 8), regions, most=4)
    assert int(groups[-1]) + 1 == min(n_frames, 4) + 2
    assert (groups[1:] - groups[:-1]).clamp(0, 1).equal(groups[1:] - groups[:-1])


def test_equal_frames_still_give_four_tokens():
    groups = merge_groups(torch.ones(6, 4), torch.zeros(6, dtype=torch.long), most=4)
    assert int(groups[-1]) + 1 == 4


def test_a_path_tells_where_a_region_goes():
    torch.manual_seed(0)
    features = torch.ones(8, 4, 4, 8)
    masks = torch.zeros(8, 4, 4)
    for step in range(4):  # one to the right, one to the left; the same places in all
        masks[step, 1, step] = masks[4 + step, 1, 3 - step] = 1
    regions = torch.arange(8) // 4
    times = torch.linspace(0, 1, 4).repeat(2)
    plain = RegionEncoder(8, 16, 1, with_path=False)(features, masks, regions, times)
    placed = RegionEncoder(8, 16, 1, with_path=True)(features, masks, regions, times)
    assert torch.allclose(plain[0], plain[1])
    assert (placed[0] - placed[1]).abs().max() > 0.01


def test_places_of_masks():
    mask = torch.zeros(1, 4, 4)
    mask[0, 2, 1:3] = 1
    x, y, wide, high, share = places_of(mask)[0].tolist()
    assert (x, y, share) == pytest.approx((0.5, 0.625, 2 / 16))
    assert (wide, high) == pytest.approx((0.125, 0.0))
