"""Training the demo's embedder, from scratch on the demo world.

Four losses together: crops against all expressions and frames against the batch's scene texts
(both SigLIP's sigmoid loss, arXiv 2303.15343); frames of one scene close and frames of another
scene of the same film apart, which is what the clipper needs; and what is in each patch, so
that the patch features say something to the Video LLM that stands on them.
"""

from __future__ import annotations

import logging
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from drawn_world.plan.plan import SPLITS
from drawn_world.teachers.embedder.card import measure_embedder, write_card
from drawn_world.teachers.embedder.data import (
    COLOUR_IDS,
    EXPRESSIONS,
    HAIR_IDS,
    NOUN_IDS,
    Shot,
    draw_pool,
    jittered_crop,
)
from drawn_world.teachers.embedder.model import (
    model_config,
    new_embedder,
    save_embedder,
    train_tokenizer,
)
from drawn_world.teachers.tracker.checkpoint import Progress, resume_training, save_training
from strefer.agents.embedder import OpenClipEmbedder
from strefer.videollm.architecture.precision import mixed_precision

log = logging.getLogger("strefer")

_FILMS, _FRAMES_A_FILM = 700, 8
_FILMS_A_BATCH, _FRAMES_A_BATCH_FILM = 6, 4
_CROPS = 32
_LEARNING_RATE = 1.5e-3
_WARM_UP_STEPS = 60
_SAVE_EVERY_S = 60.0
_NEAR, _FAR = 0.95, 0.4  # cosines wanted within a scene and across scenes


class _Trained(torch.nn.Module):
    """The model, and the heads that serve its training alone."""

    def __init__(self, model: torch.nn.Module, width: int) -> None:
        super().__init__()
        self.model = model
        self.heads = torch.nn.Linear(width, len(NOUN_IDS) + 1 + len(COLOUR_IDS) + len(HAIR_IDS) + 1)

    def look(self, images: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """uint8 [B, 128, 128, 3] → unit embeddings [B, D], patch features [B, 64, W]."""
        pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1
        tower = self.model.visual
        hidden = tower._embeds(pixels)
        hidden = tower.transformer(hidden)
        pooled, tokens = tower._pool(hidden)
        return F.normalize((pooled @ tower.proj).float(), dim=-1), tokens


def train(
    out_dir: Path, work_dir: Path, minutes: float, seed: int, threads: int, device: str
) -> None:
    """Train, and write the checkpoint with its card to `out_dir`.

    Args:
        out_dir: open_clip folder (weights in half precision) with README.md.
        work_dir: holds the state of the training; a stopped run goes on from there.
        minutes: budget of computing, CPU time.
        seed: of the weights and of the films.
        threads: of PyTorch.
        device: "cpu"; the model is too small to gain from a GPU.
    """
    torch.set_num_threads(threads)
    rng = np.random.default_rng(seed)
    pool = draw_pool(SPLITS["train"][:_FILMS], _FRAMES_A_FILM, rng)
    tokenizer = train_tokenizer(EXPRESSIONS + [shot.text for shot in pool])
    config = model_config(len(tokenizer))
    trained = _Trained(new_embedder(config, seed), config["vision_cfg"]["width"])
    optimizer = torch.optim.AdamW(trained.parameters(), lr=_LEARNING_RATE, weight_decay=0.02)
    progress = resume_training(work_dir, trained, optimizer)
    rng = np.random.default_rng([seed, progress.steps])
    _run(trained, optimizer, pool, tokenizer, progress, minutes * 60, work_dir, rng)
    save_embedder(out_dir, trained.model, config, tokenizer)
    loaded = OpenClipEmbedder({"model": str(out_dir), "max_batch": 64})
    write_card(out_dir, measure_embedder(loaded), progress.steps, progress.seconds / 60, seed)


def _run(trained, optimizer, pool, tokenizer, progress: Progress, budget_s, work_dir, rng) -> None:
    by_film: dict[int, list[Shot]] = {}
    for shot in pool:
        by_film.setdefault(shot.film, []).append(shot)
    expressions = _tokens(tokenizer, EXPRESSIONS)
    films, before, clock = list(by_film.values()), progress.seconds, time.process_time
    begun = saved = clock()
    while progress.seconds < budget_s:
        share = progress.seconds / budget_s
        rate = _LEARNING_RATE * min(1, (progress.steps + 1) / _WARM_UP_STEPS)
        rate *= 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * max(0, share - 0.3) / 0.7))
        for group in optimizer.param_groups:
            group["lr"] = rate
        # Half precision with plain attention took 0.41 s a step, float32 0.65 s.
        with sdpa_kernel(SDPBackend.MATH):
            with mixed_precision("cpu"):
                losses = _step(trained, films, expressions, tokenizer, rng)
            optimizer.zero_grad()
            sum(losses.values()).backward()
        torch.nn.utils.clip_grad_norm_(trained.parameters(), 1.0)
        optimizer.step()
        progress.steps += 1
        progress.seconds = before + clock() - begun
        if progress.steps % 25 == 0:
            shown = " ".join(f"{name} {value.item():.3f}" for name, value in losses.items())
            log.info("step %d, %.1f min: %s", progress.steps, progress.seconds / 60, shown)
        if clock() - saved > _SAVE_EVERY_S:
            save_training(work_dir, trained, optimizer, progress)
            saved = clock()
    save_training(work_dir, trained, optimizer, progress)


def _step(trained, films, expressions, tokenizer, rng) -> dict[str, torch.Tensor]:
    drawn = [films[i] for i in rng.choice(len(films), _FILMS_A_BATCH, replace=False)]
    shots = [
        s for f in drawn for s in (f[i] for i in rng.choice(len(f), _FRAMES_A_BATCH_FILM, False))
    ]
    choices = [(s, w) for s in (s for f in drawn for s in f) for w in range(len(s.crops))]
    picked = [
        choices[i] for i in rng.choice(len(choices), min(_CROPS, len(choices)), replace=False)
    ]
    images = np.stack([s.frame for s in shots] + [jittered_crop(s, w, rng) for s, w in picked])
    embedded, patches = trained.look(images)
    frames, crops = embedded[: len(shots)], embedded[len(shots) :]
    model = trained.model
    texts = _tokens(tokenizer, [s.text for s in shots])
    written = F.normalize(model.encode_text(torch.cat([expressions, texts])).float(), dim=-1)
    scale, bias = model.logit_scale.exp(), model.logit_bias
    names = torch.tensor([s.crops[w][1] for s, w in picked])
    same_text = torch.tensor([[a.text == b.text for b in shots] for a in shots])
    return {
        "crops": _sigmoid_loss(
            crops @ written[: len(EXPRESSIONS)].T * scale + bias,
            F.one_hot(names, len(EXPRESSIONS)).bool(),
        ),
        "texts": 0.3
        * _sigmoid_loss(frames @ written[len(EXPRESSIONS) :].T * scale + bias, same_text),
        "scenes": 2.0 * _scene_loss(frames, shots),
        "patches": _patch_loss(trained.heads(patches[: len(shots)]).float(), shots),
    }


def _sigmoid_loss(logits: torch.Tensor, same: torch.Tensor) -> torch.Tensor:
    return -F.logsigmoid(torch.where(same, logits, -logits)).sum() / len(logits)


def _scene_loss(frames: torch.Tensor, shots: list[Shot]) -> torch.Tensor:
    cosines = frames @ frames.T
    scene = torch.tensor([s.scene for s in shots])
    film = torch.tensor([s.film for s in shots])
    same = scene[:, None] == scene[None]
    other = (film[:, None] == film[None]) & ~same
    off = ~torch.eye(len(shots), dtype=torch.bool)
    near = F.relu(_NEAR - cosines)[same & off]
    far = F.relu(cosines - _FAR)[other]
    return sum(part.mean() for part in (near, far) if len(part))


def _patch_loss(logits: torch.Tensor, shots: list[Shot]) -> torch.Tensor:
    labels = torch.from_numpy(np.stack([s.labels for s in shots])).flatten(2)  # [B, 3, 64]
    noun, colour, hair = logits.split([len(NOUN_IDS) + 1, len(COLOUR_IDS), len(HAIR_IDS) + 1], -1)
    there = labels[:, 0] > 0
    weight = torch.where(there, 1.0, 0.2)
    per_cell = F.cross_entropy(noun.transpose(1, 2), labels[:, 0], reduction="none")
    loss = (per_cell * weight).sum() / weight.sum()
    if there.any():
        loss = loss + F.cross_entropy(colour[there], labels[:, 1][there])
        loss = loss + F.cross_entropy(hair[there], labels[:, 2][there])
    return loss


def _tokens(tokenizer, texts: list[str]) -> torch.Tensor:
    encoded = tokenizer(
        texts, padding="max_length", truncation=True, max_length=tokenizer.model_max_length
    )
    return torch.tensor(encoded["input_ids"])
