"""Plain versions of the kernels that `Sam3VideoModel` gets from the package `kernels` by download.

The class leaves these steps out where the package is missing: two queries that found one object
would then be two objects, and masks would keep their specks.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor


def generic_nms(
    ious: Tensor, scores: Tensor, iou_threshold: float, use_iou_matrix: bool = True
) -> Tensor:
    """The detections [K] that are kept: from the surest on, each one unless it overlaps a kept one
    by more than the threshold.

    Args:
        ious: [N, N] of the detections' masks.
        scores: [N].
    """
    kept: list[int] = []
    overlaps = ious.float().cpu().numpy() > iou_threshold
    for i in scores.argsort(descending=True, stable=True).tolist():
        if not overlaps[i, kept].any():
            kept.append(i)
    return torch.tensor(kept, dtype=torch.long, device=scores.device)


def cc_2d(masks: Tensor, get_counts: bool = True) -> tuple[Tensor, Tensor]:
    """Of masks uint8 [N, 1, H, W], each pixel's connected part and its number of pixels, int32
    [N, 1, H, W] both; 0 where the mask is empty."""
    labels, counts = (np.zeros(masks.shape, np.int32) for _ in range(2))
    for i, mask in enumerate(masks[:, 0].cpu().numpy()):
        _, labels[i, 0], stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        counts[i, 0] = stats[labels[i, 0], cv2.CC_STAT_AREA] * (mask > 0)
    return torch.from_numpy(labels).to(masks.device), torch.from_numpy(counts).to(masks.device)
