"""The region encoder: masks on frames become at most a few tokens a region.

After VideoRefer (Yuan et al. 2024, arXiv 2501.00599): the mask, resized to the feature grid,
averages the frame's features; neighbours in time that are alike are merged; a two-layer GELU
network goes to the LLM's width.
"""

from __future__ import annotations

import torch
from torch import nn

from strefer.videollm.attention import sinusoids

PLACE_VALUES = 6  # centre x and y, width, height, covered share, time; all in [0, 1]
_BANDS = 8  # sinusoidal codes of each value


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
    """Which token of its region each frame goes to: neighbours in time that are alike share one.

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


def place_of(masks: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
    """Where and when each mask is: grid masks [F, S, S], times in [0, 1] [F] → [F, 6]."""
    weights = masks.float() / masks.float().sum(dim=(1, 2), keepdim=True)
    side = masks.shape[-1]
    centres = (torch.arange(side, device=masks.device) + 0.5) / side
    columns, rows = weights.sum(1), weights.sum(2)
    x, y = (columns * centres).sum(-1), (rows * centres).sum(-1)
    spread_x = (columns * (centres - x[:, None]) ** 2).sum(-1).sqrt()
    spread_y = (rows * (centres - y[:, None]) ** 2).sum(-1).sqrt()
    share = masks.float().mean(dim=(1, 2))
    return torch.stack([x, y, spread_x, spread_y, share, times.to(x.dtype)], dim=-1)


class RegionEncoder(nn.Module):
    """Frames' features and masks → region tokens in the LLM's width."""

    def __init__(
        self, feature_width: int, llm_width: int, most_tokens: int, with_position: bool
    ) -> None:
        super().__init__()
        self.most_tokens = most_tokens
        self.project = nn.Sequential(
            nn.Linear(feature_width, llm_width), nn.GELU(), nn.Linear(llm_width, llm_width)
        )
        bands = PLACE_VALUES * 2 * _BANDS
        self.place = nn.Linear(bands, llm_width) if with_position else None

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
        if self.place is not None:
            codes = sinusoids(place_of(masks, times) * 32, 2 * _BANDS, longest=32.0).flatten(1)
            tokens = tokens + self.place(mean_by_group(codes.to(tokens.dtype), groups))
        return tokens
