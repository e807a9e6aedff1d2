"""The loss of the demo's tracker: masks, presence, and the estimate of the mask's overlap."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from drawn_world.teachers.tracker.data import VISIBLE_PX
from strefer.agents.tracker.propagation import Step

_PIXEL_WEIGHT = 10.0  # cross-entropy is a mean over all pixels, of which an object has 5%
_DICE_WEIGHT = 1.0
_PRESENCE_WEIGHT = 1.0
_ABSENT_WEIGHT = 2.0  # of a presence, rarer than the others: a quarter of the frames
_OVERLAP_WEIGHT = 0.2
_MAX_LOGIT = 30.0


def step_loss(step: Step, masks: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Loss of one step over B objects.

    Args:
        masks: float [B, H, W], 1 where the object is visible.

    Returns:
        The loss; J of each object [B]; and 1 for each visible object, else 0 [B].
    """
    areas = masks.flatten(1).sum(1)
    visible = (areas >= VISIBLE_PX).float()
    n_visible = visible.sum().clamp(min=1)
    logits = functional.interpolate(
        step.mask_logits[:, None].float(), masks.shape[1:], mode="bilinear", align_corners=False
    )
    logits = logits[:, 0].clamp(-_MAX_LOGIT, _MAX_LOGIT)
    pixel = functional.binary_cross_entropy_with_logits(logits, masks, reduction="none")
    shares = logits.sigmoid().flatten(1)
    truth = masks.flatten(1)
    dice = 1 - (2 * (shares * truth).sum(1) + 1) / (shares.sum(1) + truth.sum(1) + 1)
    drawn = (_PIXEL_WEIGHT * pixel.flatten(1).mean(1) + _DICE_WEIGHT * dice) * visible

    # A sliver of an object is neither there nor gone.
    certain = (areas >= VISIBLE_PX).float() + _ABSENT_WEIGHT * (areas == 0).float()
    presence = functional.binary_cross_entropy_with_logits(
        step.object_logits.float(), visible, reduction="none"
    )
    with torch.no_grad():
        over = logits.flatten(1) > 0
        both = (over & (truth > 0.5)).sum(1)
        overlap = both / (over | (truth > 0.5)).sum(1).clamp(min=1)
    estimate = (step.overlap.float() - overlap).square() * visible

    loss = (
        drawn.sum() / n_visible
        + _PRESENCE_WEIGHT * (presence * certain).sum() / certain.sum().clamp(min=1)
        + _OVERLAP_WEIGHT * estimate.sum() / n_visible
    )
    return loss, overlap, visible
