"""Extra lessons for the demo's tracker while it learns; nothing of them is kept in the checkpoint.

Masks alone teach slowly what an entity looks like, and across a cut its looks are all there is to
go by. So linear heads read noun, colour and hair off the image features, cell by cell, and off the
object pointers, and their loss shapes the features that memory then matches.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from drawn_world.records import EntityPlan
from drawn_world.vocabulary import COLOURS, HAIR, NOUNS
from strefer.agents.tracker.propagation import Features

# Index 0 of each attribute: nobody there, or no hair.
_VALUES = (tuple(NOUNS), tuple(COLOURS), tuple(HAIR))
_SIZES = tuple(len(values) + 1 for values in _VALUES)
_EMPTY_WEIGHT = 0.15  # most cells show no entity


def looks_of(entity: EntityPlan) -> tuple[int, int, int]:
    """Noun, colour and hair of an entity as indices from 1; hair 0 where it has none."""
    noun, colour, hair = _VALUES
    has_hair = entity.hair is not None
    return (
        noun.index(entity.noun) + 1,
        colour.index(entity.colour) + 1,
        hair.index(entity.hair) + 1 if has_hair else 0,
    )


class LooksHeads(nn.Module):
    """Linear readers of looks from fine, middle and coarse features and from pointers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        total = sum(_SIZES)
        self.fine = nn.Conv2d(width // 8, total, 1)
        self.middle = nn.Conv2d(width // 4, total, 1)
        self.coarse = nn.Conv2d(width, total, 1)
        self.pointer = nn.Linear(width, total)

    def image_loss(self, features: Features, owners: Tensor, looks: Tensor) -> Tensor:
        """How badly the cells of the three grids tell who is seen in them.

        Args:
            owners: int64 [F, h', w'] rows of `looks`, row 0 for nobody; h' a multiple of 4h.
            looks: int64 [1 + entities, 3].
        """
        shares = [
            functional.one_hot(looks[owners][..., i], size).permute(0, 3, 1, 2).float()
            for i, size in enumerate(_SIZES)
        ]
        loss = owners.new_zeros((), dtype=torch.float32)
        for head, grid in (
            (self.fine, features.fine),
            (self.middle, features.middle),
            (self.coarse, features.coarse),
        ):
            logits = head(grid).float().split(_SIZES, dim=1)
            nobody = functional.adaptive_avg_pool2d(shares[0], grid.shape[2:])[:, 0]
            weight = 1 - nobody + _EMPTY_WEIGHT * nobody
            for logit, share in zip(logits, shares, strict=True):
                target = functional.adaptive_avg_pool2d(share, grid.shape[2:])
                wrong = functional.cross_entropy(logit, target, reduction="none")
                loss = loss + (weight * wrong).sum() / weight.sum()
        return loss

    def pointer_loss(self, pointers: Tensor, looks: Tensor, visible: Tensor) -> Tensor:
        """How badly the pointers [B, C] of visible objects tell the objects' looks [B, 3]."""
        logits = self.pointer(pointers).float().split(_SIZES, dim=1)
        wrong = sum(
            functional.cross_entropy(logit, looks[:, i], reduction="none")
            for i, logit in enumerate(logits)
        )
        return (wrong * visible).sum() / visible.sum().clamp(min=1)
