"""SAM 2's tracking through time, over batches of objects, on the modules of `Sam2VideoModel`.

The class itself follows one object after another and computes image features again for each pass.
Here all boxes of one starting frame go together, features are computed once for both directions,
and nothing is detached: the demo's tracker is trained through the very steps it is used with.
The procedure is that of SAM 2 (Ravi et al., 2024, arXiv 2408.00714): a memory bank of the prompted
frame, the last `num_maskmem - 1` frames and up to `max_object_pointers_in_encoder` pointers.

Letters in shapes: F frames, B objects, S image size, C width of the features, M of the memories,
h = w = S / 16 the grid of the features.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from transformers import Sam2VideoModel

ABSENT_LOGIT = -1024.0  # what SAM 2 writes into the mask of an object that is not there
CORNER_LABELS = (2, 3)  # a box is two points: its upper left and its lower right corner
NO_POINT_LABEL = -1
POSITION_BASE = 10_000.0


@dataclass(frozen=True)
class Features:
    """Image features of F frames.

    Attributes:
        fine, middle: [F, C/8, 4h, 4w] and [F, C/4, 2h, 2w], what the mask decoder adds in.
        coarse: [F, C, h, w].
        positions: [h*w, 1, C], the sine positions of the coarse grid.
    """

    fine: Tensor
    middle: Tensor
    coarse: Tensor
    positions: Tensor

    def take(self, rows: Tensor) -> Features:
        """The features of the frames `rows` ([B], repeats allowed)."""
        return Features(self.fine[rows], self.middle[rows], self.coarse[rows], self.positions)


@dataclass(frozen=True)
class Step:
    """The outputs of one frame for each of B objects.

    Attributes:
        mask_logits: [B, 4h, 4w] as the decoder drew them, whether or not the object is there.
        object_logits: [B], above 0: the object is there.
        overlap: [B], the decoder's estimate of its mask's IoU.
        pointer: [B, C], what memory keeps of the object's looks if it is there.
    """

    mask_logits: Tensor
    object_logits: Tensor
    overlap: Tensor
    pointer: Tensor

    def gated_logits(self) -> Tensor:
        """[B, 4h, 4w] mask logits, `ABSENT_LOGIT` everywhere for an absent object."""
        there = (self.object_logits > 0)[:, None, None]
        return torch.where(there, self.mask_logits, ABSENT_LOGIT)


@dataclass(frozen=True)
class _Memory:
    """The memory of a tracked frame: spatial memory [h*w, B, M] and pointers [B, C]."""

    spatial: Tensor
    pointer: Tensor


def encode_frames(model: Sam2VideoModel, pixels: Tensor) -> Features:
    """Image features of normalised frames [F, 3, S, S]."""
    output = model.get_image_features(pixels, return_dict=True)
    maps = [
        flat.permute(1, 2, 0).unflatten(2, tuple(size))
        for flat, size in zip(output.fpn_hidden_states, model.backbone_feature_sizes, strict=True)
    ]
    return Features(maps[0], maps[1], maps[2], output.fpn_position_encoding[-1][:, :1])


def join_features(parts: Sequence[Features]) -> Features:
    """One `Features` of several batches of frames, in order."""
    return Features(
        torch.cat([part.fine for part in parts]),
        torch.cat([part.middle for part in parts]),
        torch.cat([part.coarse for part in parts]),
        parts[0].positions,
    )


def unroll(
    model: Sam2VideoModel, features: Features, rows: Tensor, boxes: Tensor, n_frames: int
) -> Iterator[Step]:
    """Follow B objects from their boxes through T frames, one `Step` a frame.

    Args:
        features: of all frames that `rows` names.
        rows: [T, B] integers: the row of `features` that object b sees at step t. Step 0 is the
            prompted frame; for tracking towards the start of a film the rows simply run backwards.
        boxes: [B, 4] x0, y0, x1, y1 in pixels of the model's input (0..S).
        n_frames: frames of the whole film; it scales the age of a pointer (SAM 2's rule).
    """
    first: _Memory | None = None
    recent: list[_Memory] = []
    pointers_kept = min(n_frames, model.config.max_object_pointers_in_encoder)
    for t in range(len(rows)):
        seen = features.take(rows[t])
        if first is None:
            conditioned = seen.coarse + model.no_memory_embedding.view(1, -1, 1, 1)
        else:
            conditioned = _recall(model, seen, first, recent, t, pointers_kept)
        step = _decode(model, seen, conditioned, boxes if t == 0 else None)
        yield step
        if t == len(rows) - 1:
            return
        memory = _remember(model, seen, step, prompted=t == 0)
        if first is None:
            first = memory
        else:
            recent = [*recent, memory][-max(pointers_kept - 1, model.num_maskmem - 1) :]


def _recall(
    model: Sam2VideoModel,
    seen: Features,
    first: _Memory,
    recent: Sequence[_Memory],
    age: int,
    pointers_kept: int,
) -> Tensor:
    """The coarse features [B, C, h, w] after attention to the memories.

    `recent` are the tracked frames, oldest first; the prompted frame `first` is `age` steps ago.
    """
    batch, channels, height, width = seen.coarse.shape
    near = recent[-(model.num_maskmem - 1) :] if model.num_maskmem > 1 else []
    ages = [0, *range(len(near), 0, -1)]
    spatial = [memory.spatial for memory in (first, *near)]
    grid_positions = model.memory_encoder.position_encoding(
        (batch, model.mem_dim, height, width), seen.coarse.device, seen.coarse.dtype
    )
    grid_positions = grid_positions.flatten(2).permute(2, 0, 1)
    # Age 0, the prompted frame, has the last of the temporal encodings (index -1).
    positions = [grid_positions + model.memory_temporal_positional_encoding[a - 1] for a in ages]

    kept = list(reversed(recent))[: pointers_kept - 1]
    offsets = [age, *range(1, len(kept) + 1)]
    pointers, pointer_positions = _pointer_tokens(
        model, [memory.pointer for memory in (first, *kept)], offsets, pointers_kept
    )
    attended = model.memory_attention(
        current_vision_features=seen.coarse.flatten(2).permute(2, 0, 1),
        current_vision_position_embeddings=seen.positions.expand(-1, batch, -1),
        memory=torch.cat([*spatial, pointers]),
        memory_posision_embeddings=torch.cat([*positions, pointer_positions]),
        num_object_pointer_tokens=len(pointers),
    )
    flat = attended.reshape(batch, height * width, channels)
    return flat.transpose(1, 2).unflatten(2, (height, width))


def _pointer_tokens(
    model: Sam2VideoModel, pointers: Sequence[Tensor], ages: Sequence[int], kept: int
) -> tuple[Tensor, Tensor]:
    """Pointers as memory tokens [P * C/M, B, M], and their positions of the same shape."""
    tokens = torch.stack(list(pointers))
    count, batch, channels = tokens.shape
    if model.config.enable_temporal_pos_encoding_for_object_pointers:
        age = torch.tensor(list(ages), device=tokens.device, dtype=torch.float32) / (kept - 1)
        encoded = _sine_positions(age, channels).to(tokens.dtype)
        positions = model.temporal_positional_encoding_projection_layer(encoded)
        positions = positions[:, None].expand(-1, batch, -1)
    else:
        positions = tokens.new_zeros(count, batch, model.mem_dim)
    pieces = channels // model.mem_dim
    tokens = tokens.reshape(count, batch, pieces, model.mem_dim).permute(0, 2, 1, 3)
    return tokens.flatten(0, 1), positions.repeat_interleave(pieces, dim=0)


def _sine_positions(values: Tensor, width: int) -> Tensor:
    """Sine and cosine encoding [N, width] of N numbers ("Attention is all you need", 3.5)."""
    half = width // 2
    index = torch.arange(half, dtype=torch.float32, device=values.device)
    angles = values[:, None] / POSITION_BASE ** (2 * (index // 2) / half)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def _decode(
    model: Sam2VideoModel, seen: Features, conditioned: Tensor, boxes: Tensor | None
) -> Step:
    """Masks from conditioned features [B, C, h, w], prompted by boxes [B, 4] or by memory alone."""
    batch = len(conditioned)
    if boxes is None:  # SAM 2 then decodes with an empty point
        points = conditioned.new_zeros(batch, 1, 1, 2)
        labels = torch.full((batch, 1, 1), NO_POINT_LABEL, device=conditioned.device)
    else:
        points = boxes.view(batch, 1, 2, 2)
        labels = torch.tensor(CORNER_LABELS, device=conditioned.device).expand(batch, 1, 2)
    # Coordinates lose whole pixels in bfloat16, so autocast stops here.
    with torch.autocast(conditioned.device.type, enabled=False):
        sparse, dense = model.prompt_encoder(
            input_points=points.float(), input_labels=labels, input_boxes=None, input_masks=None
        )
        positions = model.get_image_wide_positional_embeddings().expand(batch, -1, -1, -1)
    config = model.config
    several = (
        config.multimask_output_in_sam
        and (boxes is not None or config.multimask_output_for_tracking)
        and config.multimask_min_pt_num
        <= (0 if boxes is None else len(CORNER_LABELS))
        <= config.multimask_max_pt_num
    )
    masks, overlaps, tokens, object_logits = model.mask_decoder(
        image_embeddings=conditioned,
        image_positional_embeddings=positions,
        sparse_prompt_embeddings=sparse,
        dense_prompt_embeddings=dense,
        multimask_output=several,
        high_resolution_features=[seen.fine, seen.middle],
    )
    best = overlaps[:, 0].argmax(dim=-1)
    rows = torch.arange(batch, device=best.device)
    return Step(
        masks[rows, 0, best],
        object_logits[:, 0, 0],
        overlaps[rows, 0, best],
        model.object_pointer_proj(tokens[rows, 0, best]),
    )


def _remember(model: Sam2VideoModel, seen: Features, step: Step, *, prompted: bool) -> _Memory:
    """The memory that a decoded frame leaves."""
    there = (step.object_logits > 0).to(step.pointer.dtype)[:, None]
    pointer = there * step.pointer + (1 - there) * model.no_object_pointer
    logits = functional.interpolate(
        step.gated_logits()[:, None].float(),
        size=(model.image_size, model.image_size),
        mode="bilinear",
        align_corners=False,
    )
    # A prompted mask is taken as certain; a tracked one with its doubts.
    mask = (logits > 0).to(logits.dtype) if prompted else logits.sigmoid()
    mask = mask * model.config.sigmoid_scale_for_mem_enc + model.config.sigmoid_bias_for_mem_enc
    spatial, _ = model.memory_encoder(seen.coarse, mask.to(seen.coarse.dtype))
    if model.occlusion_spatial_embedding_parameter is not None:
        gone = (1 - there)[:, :, None, None]
        spatial = spatial + gone * model.occlusion_spatial_embedding_parameter[..., None, None]
    # bfloat16 is what SAM 2 stores; rounding here keeps its results.
    stored = spatial.to(torch.bfloat16).to(seen.coarse.dtype)
    return _Memory(stored.flatten(2).permute(2, 0, 1), pointer)
