"""The temporal encoder: the tokens of all frames become the tokens of the film.

A token turing machine (Ryoo et al. 2022, arXiv 2211.09119) with one small memory for each token
slot of a frame, as in BLIP-3-Video (arXiv 2410.16267).
"""

from __future__ import annotations

import torch
from torch import nn

from strefer.videollm.architecture.attention import Attention, feed_forward, sinusoids


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
    """Writes a memory of `slots` tokens again, as weighted means of the memory's and one new token
    (after Ryoo et al. 2021, arXiv 2106.11297); [B, slots + 1, W] → [B, slots, W].

    The weights also depend on the place of a token (ours). They begin so that a slot keeps what it
    holds and takes up the new token at a rate of its own: with equal weights the first frames
    would be forgotten after five.
    """

    def __init__(self, width: int, slots: int) -> None:
        super().__init__()
        self.places = nn.Parameter(_keeping(slots))
        self.weights = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Linear(width, slots)
        )

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        weights = torch.softmax(self.weights(tokens) + self.places, dim=1)  # over the tokens
        return weights.transpose(1, 2) @ tokens


_KEPT, _LEFT_OUT = 4.0, -4.0


def _keeping(slots: int) -> torch.Tensor:
    """Logits [slots + 1, slots]: slot j keeps itself, and takes the last token by e^−j as much."""
    own = torch.full((slots, slots), _LEFT_OUT).fill_diagonal_(_KEPT)
    return torch.cat([own, _KEPT - torch.arange(slots, dtype=torch.float32)[None]])


class GroupedTokenTuringMachine(nn.Module):
    """One memory of `slots` tokens for each of the `groups` token slots of a frame, all with the
    same weights. Frame after frame, memory and the frame's token are processed together, and a
    token learner writes the memory again. The film's tokens are the memories' means at the end.
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
