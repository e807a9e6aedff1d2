"""From a tracker's logits to masks, alike for every engine."""

from __future__ import annotations

import numpy as np
import torch


def masks_of(logits: torch.Tensor, min_certainty: float = 0.0) -> np.ndarray:
    """bool [B, H, W] from mask logits [B, H, W] at the size of the frame.

    A mask whose pixels are on average less probable than `min_certainty` is left empty: where an
    object has gone, a tracker often draws something, but with doubts. Memory keeps what it drew.
    """
    inside = logits > 0
    if min_certainty > 0:
        total = (logits.float().sigmoid() * inside).sum((1, 2))
        inside &= (total >= min_certainty * inside.sum((1, 2)))[:, None, None]
    return inside.cpu().numpy()
