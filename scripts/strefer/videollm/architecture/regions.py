"""The region encoder: masks on frames become at most a few tokens a region.

After VideoRefer (Yuan et al. 2024, arXiv 2501.00599): the mask, resized to the feature grid,
averages the frame's features; neighbours in time that are alike are merged; a two-layer GELU
network goes to the LLM's width. `Path` is ours: a masklet also says where its object goes.
"""

from __future__ import annotations

import torch
from torch import nn

from strefer.videollm.architecture.attention import sinusoids

_BANDS = 8  # sinusoidal codes of each place
_PLACES, _PLAIN = 9, 5


def pool_masked(features: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """Mean of the features under each mask.

    Args:
        features: [F, S, S, D], the frame of each mask.
        masks: share of each grid cell that the mask covers, [F, S, S], not empty.

    Returns:
        [F, D].
    """
    weights = masks.to(features.dtype).flatten(1)
    weights = weights / weights.sum(dim=1, keepdim=True)
    return (weights[:, None] @ features.flatten(1, 2))[:, 0]


def merge_groups(features: torch.Tensor, regions: torch.Tensor, most: int) -> torch.Tensor:
    """Assign each frame to a token of its region: similar neighbours in time share one.

    A region of n frames keeps its min(n, most) − 1 least similar (cosine) neighbour pairs as
    borders between tokens.

    Args:
        features: pooled features [F, D], regions one after the other, frames in order.
        regions: region of each frame, 0 … R−1, ascending [F].
        most: most tokens of a region.

    Returns:
        Index of the token over all regions, ascending without gaps [F].
    """
    unit = nn.functional.normalize(features.detach().float(), dim=-1)
    alike = (unit[1:] * unit[:-1]).sum(-1)
    starts = torch.ones(len(features), dtype=torch.bool, device=features.device)
    within = regions[1:] == regions[:-1]
    starts[1:] = ~within
    for region in torch.unique(regions[1:][within]).tolist():
        inside = torch.nonzero(within & (regions[1:] == region))[:, 0]
        order = torch.argsort(alike[inside], stable=True)
        starts[inside[order[: most - 1]] + 1] = True
    return starts.long().cumsum(0) - 1


def mean_by_group(values: torch.Tensor, groups: torch.Tensor) -> torch.Tensor:
    """Means of rows that share a group, [F, D] and ascending [F] → [G, D]."""
    n_groups = int(groups[-1]) + 1
    sums = values.new_zeros(n_groups, values.shape[1]).index_add(0, groups, values)
    return sums / torch.bincount(groups, minlength=n_groups).to(values.dtype)[:, None]


def places_of(masks: torch.Tensor) -> torch.Tensor:
    """Centre (x, y), spread (x, y) and covered share of masks [F, S, S] → [F, 5], in [0, 1]."""
    masks = masks.float()
    weights = masks / masks.sum(dim=(1, 2), keepdim=True)
    centres = (torch.arange(masks.shape[-1], device=masks.device) + 0.5) / masks.shape[-1]
    found = []
    for along in (weights.sum(1), weights.sum(2)):
        centre = (along * centres).sum(-1)
        spread = (along * (centres - centre[:, None]) ** 2).sum(-1).sqrt()
        found.append((centre, spread))
    (x, wide), (y, high) = found
    return torch.stack([x, y, wide, high, masks.mean(dim=(1, 2))], dim=-1)


class Path(nn.Module):
    """Encode where, when and how a token's masks move, [F, …] → [G, llm width]."""

    def __init__(self, llm_width: int) -> None:
        super().__init__()
        inputs = _PLACES * 2 * _BANDS + _PLAIN
        self.layers = nn.Sequential(
            nn.Linear(inputs, llm_width), nn.GELU(), nn.Linear(llm_width, llm_width)
        )

    def forward(
        self, masks: torch.Tensor, times: torch.Tensor, groups: torch.Tensor
    ) -> torch.Tensor:
        """masks [F, S, S], times as shares of the film [F], token of each frame [F]."""
        places = places_of(masks)
        centres = places[:, :2]
        first = torch.cat([groups.new_ones(1), groups[1:] - groups[:-1]]).bool()
        last = torch.cat([first[1:], first.new_ones(1)])
        mean = mean_by_group(places, groups)
        shake = mean_by_group((centres - mean[groups, :2]) ** 2, groups).sqrt()
        steps = torch.cat([centres.new_zeros(1, 2), centres[1:] - centres[:-1]])
        steps = mean_by_group(steps * ~first[:, None], groups)
        span = torch.stack([times[first], times[last]], dim=-1)
        coded = torch.cat([mean, centres[first], span], dim=-1)
        codes = sinusoids(coded * 32, 2 * _BANDS, longest=32.0).flatten(1)
        plain = torch.cat([shake, steps, centres[last, :1] - centres[first, :1]], dim=-1) * 8
        return self.layers(torch.cat([codes, plain], dim=-1))


class RegionEncoder(nn.Module):
    """Frames' features and masks → region tokens in the LLM's width."""

    def __init__(
        self, feature_width: int, llm_width: int, most_tokens: int, with_path: bool
    ) -> None:
        super().__init__()
        self.most_tokens = most_tokens
        self.project = nn.Sequential(
            nn.Linear(feature_width, llm_width), nn.GELU(), nn.Linear(llm_width, llm_width)
        )
        self.path = Path(llm_width) if with_path else None

    def forward(
        self,
        features: torch.Tensor,
        masks: torch.Tensor,
        regions: torch.Tensor,
        times: torch.Tensor,
    ) -> torch.Tensor:
        """Tokens of all regions one after the other, min(frames, most_tokens) each.

        Args:
            features: features of each mask's frame [F, S, S, D].
            masks: [F, S, S].
            regions: region of each mask, ascending [F].
            times: time of each mask's frame as a share of the film [F].

        Returns:
            [tokens, llm width].
        """
        pooled = pool_masked(features, masks)
        groups = merge_groups(pooled, regions, self.most_tokens)
        tokens = self.project(mean_by_group(pooled, groups))
        return tokens if self.path is None else tokens + self.path(masks, times, groups)
