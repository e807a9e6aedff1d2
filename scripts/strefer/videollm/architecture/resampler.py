"""The perceiver resampler: a fixed number of tokens from the patch features of one frame.

After Flamingo (Alayrac et al. 2022, arXiv 2204.14198), in the sizes of BLIP-3: learned latents
attend to the frame's features and to themselves.
"""

from __future__ import annotations

import torch
from torch import nn

from strefer.videollm.architecture.attention import Attention, feed_forward


class ResamplerLayer(nn.Module):
    """Latents attend to features and latents, then a feed-forward layer; both residual."""

    def __init__(self, width: int, heads: int, head_width: int, factor: int) -> None:
        super().__init__()
        self.norm_features = nn.LayerNorm(width)
        self.norm_latents = nn.LayerNorm(width)
        self.attention = Attention(width, heads, head_width)
        self.feed_forward = feed_forward(width, factor)

    def forward(self, latents: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        """latents [B, L, W], features [B, P, W] → [B, L, W]."""
        normed = self.norm_latents(latents)
        context = torch.cat([self.norm_features(features), normed], dim=1)
        latents = latents + self.attention(normed, context)
        return latents + self.feed_forward(latents)


class PerceiverResampler(nn.Module):
    """Patch features of frames [F, P, D] → tokens [F, L, W]."""

    def __init__(
        self,
        feature_width: int,
        latents: int,
        width: int,
        depth: int,
        heads: int,
        head_width: int,
        factor: int,
    ) -> None:
        super().__init__()
        same = feature_width == width
        self.project = nn.Identity() if same else nn.Linear(feature_width, width)
        self.latents = nn.Parameter(torch.randn(latents, width) * 0.02)
        self.layers = nn.ModuleList(
            ResamplerLayer(width, heads, head_width, factor) for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """features [F, P, D] → [F, L, W]."""
        features = self.project(features)
        latents = self.latents.to(features.dtype).expand(len(features), -1, -1)
        for layer in self.layers:
            latents = layer(latents, features)
        return self.norm(latents)
