"""Temporal encoders: the tokens of all frames become the tokens of the film.

`GroupedTokenTuringMachine` is the paper's: a token turing machine (Ryoo et al. 2022, arXiv
2211.09119) with one small memory for each token slot of a frame, as in BLIP-3-Video (arXiv
2410.16267). `FrameTokens` keeps every frame's tokens: many more of them, for small models that
cannot learn the recurrence from little data (ours).
"""

from __future__ import annotations

import torch
from torch import nn

from strefer.videollm.attention import Attention, feed_forward, sinusoids


class ProcessingLayer(nn.Module):
    """Self-attention and a feed-forward layer, pre-norm, residual; [B, L, W] → [B, L, W]."""

    def __init__(self, width: int, heads: int, factor: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.attention = Attention(width, heads, width // heads)
        self.feed_forward = feed_forward(width, factor)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        normed = self.norm(tokens)
        tokens = tokens + self.attention(normed, normed)
        return tokens + self.feed_forward(tokens)


class TokenLearner(nn.Module):
    """Summarizes tokens into `slots` weighted means (Ryoo et al. 2021, arXiv 2106.11297);
    [B, L, W] → [B, slots, W]."""

    def __init__(self, width: int, slots: int) -> None:
        super().__init__()
        self.weights = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Linear(width, slots)
        )

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        weights = torch.softmax(self.weights(tokens), dim=1)  # over the tokens
        return weights.transpose(1, 2) @ tokens


class GroupedTokenTuringMachine(nn.Module):
    """One memory of `slots` tokens for each of the `groups` token slots of a frame, all with the
    same weights. Frame after frame, memory and the frame's token are processed together, and a
    token learner writes the memory anew. The film's tokens are the memories' means at the end.
    """

    def __init__(
        self, groups: int, width: int, slots: int, depth: int, heads: int, factor: int
    ) -> None:
        super().__init__()
        self.memory = nn.Parameter(torch.randn(groups, slots, width) * 0.02)
        self.layers = nn.ModuleList(ProcessingLayer(width, heads, factor) for _ in range(depth))
        self.write = TokenLearner(width, slots)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """tokens [V, T, G, W] → [V, G, W]."""
        n_films, n_frames, groups, width = tokens.shape
        frames = torch.arange(n_frames, device=tokens.device)
        tokens = tokens + sinusoids(frames, width).to(tokens.dtype)[:, None]
        memory = self.memory.to(tokens.dtype).repeat(n_films, 1, 1)  # [V·G, slots, W]
        by_frame = tokens.transpose(0, 1).reshape(n_frames, n_films * groups, 1, width)
        for token in by_frame.unbind(0):
            seen = torch.cat([memory, token], dim=1)
            for layer in self.layers:
                seen = layer(seen)
            memory = self.write(seen)
        return memory.mean(dim=1).view(n_films, groups, width)


class FrameTokens(nn.Module):
    """Every frame's tokens with the frame's position, [V, T, G, W] → [V, T·G, W]."""

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        frames = torch.arange(tokens.shape[1], device=tokens.device)
        positions = sinusoids(frames, tokens.shape[-1]).to(tokens.dtype)
        return (tokens + positions[:, None]).flatten(1, 2)
