"""The detector's warm-up: what is in each cell, taught to the backbone directly.

Detection from scratch learns colours long before shapes. Naming the cells' entities for a few
minutes first teaches the backbone shapes, and the detector then starts from there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import GroundingDinoForObjectDetection

from drawn_world.teachers.detector.data import CELLS, FRAME_PX, Sight
from drawn_world.teachers.detector.loss import cell_centres
from drawn_world.vocabulary import COLOURS, HAIR, NOUNS

_NOUN_IDS = {noun: i + 1 for i, noun in enumerate(NOUNS)}  # 0 is the background
_COLOUR_IDS = {colour: i for i, colour in enumerate(COLOURS)}
_HAIR_IDS = {hair: i + 1 for i, hair in enumerate(HAIR)}  # 0 is none
_PARTS = (len(NOUNS) + 1, len(COLOURS), len(HAIR) + 1, 4)
_BACKGROUND_WEIGHT = 0.2
_BOX_WEIGHT = 5.0
_FINE_CELLS = CELLS**2 + (CELLS // 2) ** 2  # cells of stride 32 hold several entities


class CellHeads(nn.Module):
    """Noun, colour, hair and box of a cell; of use in training alone."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, sum(_PARTS))

    def forward(self, states: Tensor) -> tuple[Tensor, ...]:
        return self.linear(states).split(_PARTS, -1)


def cell_states(model: GroundingDinoForObjectDetection, pixels: Tensor) -> Tensor:
    """Backbone and projection: pixels [B, 3, 128, 128] → [B, cells of strides 8 and 16, width]."""
    mask = torch.ones(len(pixels), FRAME_PX, FRAME_PX, dtype=torch.long)
    features, _ = model.model.backbone(pixels, mask)
    levels = zip(model.model.input_proj_vision[:2], features[:2], strict=True)
    return torch.cat([p(f).flatten(2).transpose(1, 2) for p, (f, _) in levels], 1)


def warm_up_loss(heads: CellHeads, states: Tensor, sights: Sequence[Sight]) -> tuple[Tensor, float]:
    """The loss, and the share of the entities' cells whose noun is right."""
    noun, colour, hair, box = heads(states)
    labels, boxes = (torch.from_numpy(a) for a in _labels(sights))
    there = labels[..., 0] > 0
    weight = torch.where(there, 1.0, _BACKGROUND_WEIGHT)
    each = F.cross_entropy(noun.transpose(1, 2), labels[..., 0], reduction="none")
    loss = (each * weight).sum() / weight.sum()
    if not there.any():
        return loss, 1.0
    loss = loss + F.cross_entropy(colour[there], labels[..., 1][there])
    loss = loss + F.cross_entropy(hair[there], labels[..., 2][there])
    centres = cell_centres(_FINE_CELLS + (CELLS // 4) ** 2)[:_FINE_CELLS].expand(len(sights), -1, 2)
    move, size = box[there].split(2, -1)
    got = torch.cat([centres[there] + 0.1 * move, torch.sigmoid(size - 1.5)], -1)
    loss = loss + _BOX_WEIGHT * (got - boxes[there]).abs().sum(-1).mean()
    right = (noun[there].argmax(-1) == labels[..., 0][there]).float().mean()
    return loss, right.item()


def _labels(sights: Sequence[Sight]) -> tuple[np.ndarray, np.ndarray]:
    """Labels int [B, cells, 3] (noun, colour, hair) and boxes float32 [B, cells, 4]."""
    labels, boxes = [], []
    for sight in sights:
        # A coarse cell has the entity of its upper left fine cell, or of another if that has none.
        fours = sight.owners.reshape(CELLS // 2, 2, CELLS // 2, 2).transpose(0, 2, 1, 3)
        fours = fours.reshape(-1, 4)
        coarse = np.where(fours[:, 0] > 0, fours[:, 0], fours.max(1))
        owners = np.concatenate([sight.owners.reshape(-1), coarse])
        rows = [(0, 0, 0)] + [
            (_NOUN_IDS[e.noun], _COLOUR_IDS[e.colour], _HAIR_IDS.get(e.hair, 0)) for e in sight.seen
        ]
        labels.append(np.array(rows, np.int64)[owners])
        shares = sight.boxes / FRAME_PX
        middle, size = (shares[:, :2] + shares[:, 2:]) / 2, shares[:, 2:] - shares[:, :2]
        padded = np.concatenate([np.zeros((1, 4), np.float32), np.hstack([middle, size])])
        boxes.append(padded[owners].astype(np.float32))
    return np.stack(labels), np.stack(boxes)
