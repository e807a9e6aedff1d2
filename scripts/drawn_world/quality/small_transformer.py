"""A small transformer that learns from texts alone whether they are right."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

Text = tuple[str, str]  # what may be right, and what is beside it
_WIDTH, _HEADS, _LAYERS = 48, 4, 2
_EPOCHS, _MOST_STEPS, _BATCH = 8, 400, 32
_LONGEST = 96  # tokens
_PIECES = re.compile(r"<\w+>|\w+|[^\w\s]")
_PAD, _UNKNOWN, _BESIDE = 0, 1, 2


class _Model(nn.Module):
    """Tokens [rows, length] to the log-odds of being right [rows]."""

    def __init__(self, n_tokens: int) -> None:
        super().__init__()
        self.words = nn.Embedding(n_tokens, _WIDTH, padding_idx=_PAD)
        self.places = nn.Parameter(torch.randn(_LONGEST, _WIDTH) * 0.02)
        self.parts = nn.Embedding(2, _WIDTH)  # the text, or what is beside it
        layer = nn.TransformerEncoderLayer(
            _WIDTH, _HEADS, 2 * _WIDTH, dropout=0.1, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, _LAYERS, enable_nested_tensor=False)
        self.head = nn.Linear(_WIDTH, 1)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        there = tokens != _PAD
        after = (tokens == _BESIDE).cumsum(dim=1)
        embedded = self.words(tokens) + self.places[: tokens.shape[1]] + self.parts(after)
        hidden = self.layers(embedded, src_key_padding_mask=~there)
        weights = there.to(hidden.dtype)
        pooled = (hidden * weights[..., None]).sum(1) / weights.sum(1, keepdim=True)
        return self.head(pooled)[:, 0]


def score_by_transformer(
    texts: Sequence[Text], labels: Sequence[bool], asked: Sequence[Text]
) -> np.ndarray:
    """Log-odds of each asked text, after learning from the texts with labels.

    Args:
        texts: to learn from.
        labels: whether each text is right.
        asked: to be scored.
    """
    counts = Counter(piece for text in texts for part in text for piece in _pieces(part))
    known = {piece: n for n, piece in enumerate(sorted(counts), _BESIDE + 1)}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = _Model(len(known) + _BESIDE + 1)
        _train(model, _tokens(texts, known), torch.tensor(labels, dtype=torch.float32))
    model.eval()
    with torch.inference_mode():
        rows = _tokens(asked, known).split(256)
        return torch.cat([model(_cut(part)) for part in rows]).numpy()


def _train(model: _Model, tokens: torch.Tensor, labels: torch.Tensor) -> None:
    n_steps = min(_MOST_STEPS, -(-_EPOCHS * len(tokens) // _BATCH))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=n_steps)
    loss_of = nn.BCEWithLogitsLoss()
    order = torch.cat([torch.randperm(len(tokens)) for _ in range(_EPOCHS)])
    for step in range(n_steps):
        rows = order[step * _BATCH : (step + 1) * _BATCH]
        loss = loss_of(model(_cut(tokens[rows])), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


def _pieces(text: str) -> list[str]:
    return _PIECES.findall(text.lower())


def _tokens(texts: Sequence[Text], known: dict[str, int]) -> torch.Tensor:
    """Tokens of each text and of what is beside it, [rows, length], padded."""
    tokens = torch.full((len(texts), _LONGEST), _PAD)
    for row, (text, other) in enumerate(texts):
        found = [known.get(piece, _UNKNOWN) for piece in _pieces(text)] + [_BESIDE]
        found += [known.get(piece, _UNKNOWN) for piece in _pieces(other)]
        tokens[row, : len(found)] = torch.tensor(found[:_LONGEST])
    return tokens


def _cut(tokens: torch.Tensor) -> torch.Tensor:
    """The rows without the padding that all of them have."""
    return tokens[:, : int((tokens != _PAD).sum(1).max())]
