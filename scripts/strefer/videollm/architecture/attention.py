"""Attention and feed-forward blocks that the resampler and the temporal encoder share."""

from __future__ import annotations

import math

import torch
from torch import nn


class Attention(nn.Module):
    """Multi-head attention from queries to a context, without biases.

    Written with plain matrix products: the sequences are short, and on CPUs the fused kernel's
    backward pass is several times slower on them.
    """

    def __init__(self, width: int, heads: int, head_width: int) -> None:
        super().__init__()
        self.heads, self.head_width = heads, head_width
        self.to_query = nn.Linear(width, heads * head_width, bias=False)
        self.to_key_value = nn.Linear(width, 2 * heads * head_width, bias=False)
        self.to_out = nn.Linear(heads * head_width, width, bias=False)

    def forward(self, queries: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        """queries [B, Q, W], context [B, K, W] → [B, Q, W]."""

        def split(x: torch.Tensor) -> torch.Tensor:  # [B, L, H·d] → [B, H, L, d]
            return x.unflatten(-1, (self.heads, self.head_width)).transpose(1, 2)

        query = split(self.to_query(queries)) * self.head_width**-0.5
        key, value = (split(x) for x in self.to_key_value(context).chunk(2, dim=-1))
        weights = torch.softmax(query @ key.transpose(-1, -2), dim=-1)
        return self.to_out((weights @ value).transpose(1, 2).flatten(-2))


def feed_forward(width: int, factor: int) -> nn.Sequential:
    """LayerNorm and a GELU layer `factor` times as wide, [.., W] → [.., W]."""
    return nn.Sequential(
        nn.LayerNorm(width),
        nn.Linear(width, factor * width, bias=False),
        nn.GELU(),
        nn.Linear(factor * width, width, bias=False),
    )


def sinusoids(positions: torch.Tensor, width: int, longest: float = 10_000.0) -> torch.Tensor:
    """Sinusoidal codes of positions, [..] → [.., width]; `longest` is the slowest period / 2π."""
    half = width // 2
    steps = torch.arange(half, device=positions.device, dtype=torch.float32)
    angles = positions.float()[..., None] * torch.exp(-math.log(longest) * steps / max(half - 1, 1))
    codes = torch.cat([angles.sin(), angles.cos()], dim=-1)
    return nn.functional.pad(codes, (0, width - 2 * half))
