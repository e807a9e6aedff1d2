"""The losses of Grounding DINO (arXiv 2303.05499), written for prompts that differ in a batch.

transformers' own loss takes one prompt for all images and gives the first stage no gradient, from
which nothing can be trained from scratch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional as F
from transformers import GroundingDinoForObjectDetection

from drawn_world.teachers.detector.data import Asked
from drawn_world.teachers.detector.model import END_OF_PHRASE

_CLASS_WEIGHT, _L1_WEIGHT, _GIOU_WEIGHT = 3.0, 5.0, 2.0
_CLASS_COST, _L1_COST, _GIOU_COST = 2.0, 5.0, 2.0
_SMALLEST = 1e-6


def phrase_tokens(input_ids: Tensor) -> Tensor:
    """The tokens of each phrase of a tokenized prompt, [L] → float [phrases, L]."""
    rows, begin = [], 1  # behind [CLS]
    for end in (input_ids == END_OF_PHRASE).nonzero()[:, 0].tolist():
        row = torch.zeros(len(input_ids))
        row[begin:end] = 1.0
        rows.append(row)
        begin = end + 1
    return torch.stack(rows)


def detection_loss(
    model: GroundingDinoForObjectDetection, outputs, inputs: dict[str, Tensor], asked: list[Asked]
) -> Tensor:
    """The sum over the first stage and every decoder layer.

    Args:
        outputs: of the model.
        inputs: `input_ids` and `attention_mask` [B, L] of the prompts.
        asked: what each image's prompt asks for.
    """
    length = inputs["input_ids"].shape[1]
    words = inputs["attention_mask"].bool()
    boxes = [torch.from_numpy(a.boxes) for a in asked]
    tokens = [
        phrase_tokens(ids)[torch.from_numpy(a.phrases)]
        for ids, a in zip(inputs["input_ids"], asked, strict=True)
    ]
    total = torch.zeros(())
    for logits, found in _decoder_stages(model, outputs, words):
        pairs = _match(logits[..., :length], found, tokens, boxes)
        total = total + _class_loss(logits[..., :length], words, tokens, pairs)
        total = total + _box_loss(found, boxes, pairs)
    logits = outputs.enc_outputs_class[..., :length]
    found = outputs.enc_outputs_coord_logits.sigmoid()
    pairs = _match(logits, found, tokens, boxes)
    total = total + _class_loss(logits, words, tokens, pairs)
    # Queries begin with the boxes of the cells chosen: every cell inside an object learns its box.
    return total + _box_loss(found, boxes, _with_cells_inside(model, found, boxes, pairs))


def _decoder_stages(model, outputs, words: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Logits and boxes after each decoder layer, as the class computes them."""
    stages = []
    states = outputs.intermediate_hidden_states
    for layer in range(states.shape[1]):
        start = (
            outputs.init_reference_points
            if layer == 0
            else outputs.intermediate_reference_points[:, layer - 1]
        )
        logits = model.class_embed[layer](
            states[:, layer], outputs.encoder_last_hidden_state_text, words
        )
        moved = model.bbox_embed[layer](states[:, layer]) + torch.special.logit(start, eps=1e-5)
        stages.append((logits, moved.sigmoid()))
    return stages


Pairs = list[tuple[Tensor, Tensor]]  # per image: places among the found, places among the wanted


@torch.no_grad()
def _match(
    logits: Tensor, found: Tensor, tokens: Sequence[Tensor], boxes: Sequence[Tensor]
) -> Pairs:
    """One query to each object, at the least cost in all."""
    pairs = []
    for image, (wanted_tokens, wanted) in enumerate(zip(tokens, boxes, strict=True)):
        if not len(wanted):
            pairs.append((torch.zeros(0, dtype=torch.long), torch.zeros(0, dtype=torch.long)))
            continue
        share = wanted_tokens / wanted_tokens.sum(1, keepdim=True)
        # Padding has logits of minus infinity; no phrase has tokens there.
        logit = logits[image].clamp(min=-50.0)
        probability = logit.sigmoid()
        rise = 0.5 * (1 - probability) ** 2 * F.softplus(-logit)
        fall = 0.5 * probability**2 * F.softplus(logit)
        cost = _CLASS_COST * (rise - fall) @ share.T
        cost = cost + _L1_COST * torch.cdist(found[image], wanted, p=1)
        cost = cost - _GIOU_COST * generalized_ious(found[image][:, None], wanted[None])
        queries, objects = linear_sum_assignment(cost.float().numpy())
        pairs.append((torch.from_numpy(queries), torch.from_numpy(np.asarray(objects))))
    return pairs


def _class_loss(logits: Tensor, words: Tensor, tokens: Sequence[Tensor], pairs: Pairs) -> Tensor:
    """Focal loss of every token of the prompts, over the number of objects."""
    target = torch.zeros_like(logits)
    for image, (queries, objects) in enumerate(pairs):
        target[image, queries] = tokens[image][objects]
    asked = words[:, None].expand_as(logits)
    logit, target = logits[asked].float(), target[asked]
    miss = (torch.sigmoid(logit) - target).abs()
    loss = 0.5 * miss**2 * F.binary_cross_entropy_with_logits(logit, target, reduction="none")
    return _CLASS_WEIGHT * loss.sum() / max(1, sum(len(queries) for queries, _ in pairs))


def _box_loss(found: Tensor, boxes: Sequence[Tensor], pairs: Pairs) -> Tensor:
    got = torch.cat([found[image, queries] for image, (queries, _) in enumerate(pairs)]).float()
    if not len(got):
        return got.sum()
    wanted = torch.cat([boxes[image][objects] for image, (_, objects) in enumerate(pairs)])
    off = (got - wanted).abs().sum(-1).mean()
    return _L1_WEIGHT * off + _GIOU_WEIGHT * (1 - generalized_ious(got, wanted)).mean()


def _with_cells_inside(model, found: Tensor, boxes: Sequence[Tensor], pairs: Pairs) -> Pairs:
    """The pairs, and every cell inside an object's box with the object nearest to it."""
    centres = cell_centres(found.shape[1])
    more = []
    for wanted, (queries, objects) in zip(boxes, pairs, strict=True):
        if not len(wanted):
            more.append((queries, objects))
            continue
        apart = ((centres[:, None] - wanted[None, :, :2]).abs() / wanted[None, :, 2:]).amax(-1)
        distance, nearest = apart.min(1)
        owner = torch.where(distance < 0.5, nearest, -1)
        owner[queries] = objects
        cells = (owner >= 0).nonzero()[:, 0]
        more.append((cells, owner[cells]))
    return more


def cell_centres(count: int) -> Tensor:
    """Centres of all cells of the feature maps, finest first, as shares of the frame, [count, 2].

    Raises:
        ValueError: if the count is not that of three maps, each of half the last one's side.
    """
    side = round((count * 16 / 21) ** 0.5)
    if side % 4 or side * side * 21 // 16 != count:
        raise ValueError(f"{count} cells are not three feature maps of halving sides")
    parts = []
    for cells in (side, side // 2, side // 4):
        at = (torch.arange(cells) + 0.5) / cells
        rows, columns = torch.meshgrid(at, at, indexing="ij")
        parts.append(torch.stack([columns, rows], -1).view(-1, 2))
    return torch.cat(parts)


def generalized_ious(first: Tensor, second: Tensor) -> Tensor:
    """Generalized intersection over union (arXiv 1902.09630) of boxes (centre, size), [..., 4]
    each, broadcast against each other."""
    a0, a1 = first[..., :2] - first[..., 2:] / 2, first[..., :2] + first[..., 2:] / 2
    b0, b1 = second[..., :2] - second[..., 2:] / 2, second[..., :2] + second[..., 2:] / 2
    inside = (torch.minimum(a1, b1) - torch.maximum(a0, b0)).clamp(min=0).prod(-1)
    around = (torch.maximum(a1, b1) - torch.minimum(a0, b0)).prod(-1)
    union = first[..., 2:].prod(-1) + second[..., 2:].prod(-1) - inside
    return inside / (union + _SMALLEST) - (around - union) / (around + _SMALLEST)
