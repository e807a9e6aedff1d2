"""The vision tower, computed quickly, and its pre-training on crowded pairs of frames."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers.models.qwen2_vl.modeling_qwen2_vl import (
    Qwen2VisionTransformerPretrainedModel,
    apply_rotary_pos_emb_vision,
)

from drawn_world.teachers.training_state import State
from drawn_world.teachers.video_llm.model import CELLS, MEAN, MERGE, PATCH_PX, PATCHES, STD
from drawn_world.teachers.video_llm.scenes import N_CLASSES, PairLabels, draw_pairs
from strefer.videollm.architecture.precision import mixed_precision

PAIRS_PER_POOL_FILE = 1000
_BATCH_PAIRS = 32
_LR = 1.2e-3
_WARM_UP_STEPS = 60


def to_patches(frames: Tensor) -> Tensor:
    """uint8 [P, 2, S, S, 3] to float32 [P, PATCHES**2, 6 * PATCH_PX**2], as the processor does."""
    x = frames.view(-1, 2, CELLS, MERGE, PATCH_PX, CELLS, MERGE, PATCH_PX, 3)
    x = x.permute(0, 2, 5, 3, 6, 8, 1, 4, 7).reshape(frames.shape[0], PATCHES**2, -1)
    return (x.float() / 255 - MEAN) / STD


def patch_order() -> Tensor:
    """Row-major index of each patch in the order in which the tower sees them, int64."""
    rows = torch.arange(PATCHES**2).view(CELLS, MERGE, CELLS, MERGE)
    return rows.permute(0, 2, 1, 3).reshape(-1)


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
    """Attention [B, heads, L, d] by plain products: on a CPU, several times quicker to train
    than the fused kernel at these sizes."""
    scores = torch.matmul(query * query.shape[-1] ** -0.5, key.transpose(-1, -2))
    scores = scores if mask is None else scores + mask
    return torch.matmul(torch.softmax(scores, -1), value)


def encode(tower: Qwen2VisionTransformerPretrainedModel, patches: Tensor) -> tuple[Tensor, Tensor]:
    """What the tower's own forward computes, with all pairs of frames in one batch.

    Args:
        patches: [P, PATCHES**2, pixels] from `to_patches`.

    Returns:
        States of the patches [P, PATCHES**2, width] and the visual tokens [P, CELLS**2, hidden].
    """
    config, count = tower.config, patches.shape[0]
    order = patch_order().to(patches.device)
    places = torch.stack([order // PATCHES, order % PATCHES], -1)
    states = F.linear(patches, tower.patch_embed.proj.weight.view(config.embed_dim, -1))
    cos, sin = tower.rotary_pos_emb(states, places)
    for block in tower.blocks:
        qkv = block.attn.qkv(block.norm1(states))
        qkv = qkv.view(count, PATCHES**2, 3, config.num_heads, -1)
        query, key, value = qkv.unbind(2)
        query, key = apply_rotary_pos_emb_vision(query, key, cos, sin)
        parts = (part.to(value.dtype).transpose(1, 2) for part in (query, key, value))
        mixed = attend(*parts).transpose(1, 2).reshape(count, PATCHES**2, -1)
        states = states + block.attn.proj(mixed)
        # The same as quick_gelu, of which it is one fused kernel less.
        inner = F.silu(block.mlp.fc1(block.norm2(states)) * 1.702) / 1.702
        states = states + block.mlp.fc2(inner)
    return states, tower.merger(states).view(count, CELLS**2, -1)


class DenseHeads(nn.Module):
    """What a patch and a cell show: for training only, never saved with the model."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.of_patch = nn.Linear(width, sum(N_CLASSES))
        self.of_cell = nn.Linear(hidden, sum(N_CLASSES) + 4)

    def loss(
        self, states: Tensor, tokens: Tensor, labels: "Labels"
    ) -> tuple[Tensor, dict[str, float]]:
        """The loss, and the shares of right nouns, colours, hair and poses in the cells."""
        patch_loss, _ = _class_loss(self.of_patch(states.float()), labels.patches)
        seen = self.of_cell(tokens.float())
        cell_loss, right = _class_loss(seen[..., : sum(N_CLASSES)], labels.cells)
        known = ~labels.motion.isnan()
        way = seen[..., sum(N_CLASSES) :]
        motion_loss = F.smooth_l1_loss(way[known], labels.motion[known], beta=0.1)
        return patch_loss + cell_loss + 3 * motion_loss, right


@dataclass(frozen=True)
class Labels:
    """PairLabels as tensors, patches in the tower's order."""

    patches: Tensor
    cells: Tensor
    motion: Tensor

    @classmethod
    def of(cls, labels: PairLabels, device: str) -> "Labels":
        patches = torch.from_numpy(labels.patches)[:, patch_order()]
        parts = (patches, torch.from_numpy(labels.cells), torch.from_numpy(labels.motion))
        return cls(*(part.to(device) for part in parts))


def _class_loss(logits: Tensor, labels: Tensor) -> tuple[Tensor, dict[str, float]]:
    total, right, first = torch.zeros((), device=logits.device), {}, 0
    shown = labels[..., 0] > 0
    for column, name in enumerate(("noun", "colour", "hair", "pose")):
        part = logits[..., first : first + N_CLASSES[column]]
        first += N_CLASSES[column]
        target = labels[..., column]
        loss = F.cross_entropy(part.flatten(0, -2), target.flatten(), reduction="none")
        weight = torch.where(shown, 1.0, 0.25).flatten()
        judged = shown
        if name == "hair":  # only persons have some
            judged = target > 0
            weight = judged.float().flatten() + 0.05
        total = total + (loss * weight).sum() / weight.sum()
        right[name] = (part.argmax(-1) == target)[judged].float().mean().item()
    return total, right


def mirror(frames: np.ndarray, labels: PairLabels, chosen: np.ndarray) -> None:
    """Turn the chosen pairs (bool [P]) left to right, in place."""
    frames[chosen] = frames[chosen, :, :, ::-1]
    for part, side in ((labels.patches, PATCHES), (labels.cells, CELLS), (labels.motion, CELLS)):
        grid = part[chosen].reshape(-1, side, side, part.shape[-1])[:, :, ::-1]
        part[chosen] = grid.reshape(-1, side**2, part.shape[-1])
    labels.motion[chosen] *= np.array([-1, 1, -1, 1], np.float32)


def draw_pool(folder: Path, pairs: int, seed: int) -> tuple[np.ndarray, PairLabels]:
    """Crowded pairs, drawn once and kept in files of the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for number in range(-(-pairs // PAIRS_PER_POOL_FILE)):
        path = folder / f"pairs_{number:03d}.npz"
        if not path.exists():
            rng = np.random.default_rng([seed, 1, number])
            frames, labels = draw_pairs(rng, PAIRS_PER_POOL_FILE)
            partial = path.with_suffix(".partial.npz")
            np.savez(partial, frames=frames, **vars(labels))
            partial.rename(path)
        with np.load(path, allow_pickle=False) as kept:
            parts.append([kept[name] for name in ("frames", "patches", "cells", "motion")])
    frames, *labels = (np.concatenate(part) for part in zip(*parts, strict=True))
    return frames, PairLabels(*labels)


def pretrain(
    tower: Qwen2VisionTransformerPretrainedModel,
    heads: DenseHeads,
    pool: tuple[np.ndarray, PairLabels],
    state: State,
    minutes: float,
    seed: int,
    device: str,
    log: Callable[[str], None],
) -> None:
    """Train tower and heads for this many minutes in all, going on from `state`."""
    frames, labels = pool
    parameters = [*tower.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=_LR, betas=(0.9, 0.98), weight_decay=0.02)
    state.restore(optimizer)
    while (share := state.minutes / minutes) < 1:
        started = time.process_time()
        rng = np.random.default_rng([seed, 2, state.step])
        chosen = rng.choice(len(frames), _BATCH_PAIRS, replace=False)
        batch = frames[chosen]
        truth = PairLabels(labels.patches[chosen], labels.cells[chosen], labels.motion[chosen])
        mirror(batch, truth, rng.random(_BATCH_PAIRS) < 0.5)
        lr = _LR * min(1, (state.step + 1) / _WARM_UP_STEPS)
        lr *= 0.04 + 0.96 * 0.5 * (1 + math.cos(math.pi * max(0.0, share - 0.4) / 0.6))
        for group in optimizer.param_groups:
            group["lr"] = lr
        patches = to_patches(torch.from_numpy(batch).to(device))
        with mixed_precision(device):
            states, tokens = encode(tower, patches)
        loss, right = heads.loss(states, tokens, Labels.of(truth, device))
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        state.count(started, {"loss": loss.item(), **right})
        if state.step % 25 == 0:
            log(f"tower {state.line()} lr {lr:.1e}")
        state.save_when_due(optimizer)
    state.save(optimizer)
