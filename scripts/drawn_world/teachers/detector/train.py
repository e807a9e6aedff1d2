"""Training the demo's detector: a tiny Grounding DINO on the demo world, from scratch.

First the backbone alone learns what is in each cell, then the whole learns to find what a
prompt asks for: the film's generalized nouns, at times one referring expression.
"""

from __future__ import annotations

import logging
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from drawn_world.plan.plan import SPLITS
from drawn_world.teachers.detector.card import measure_detector, write_card
from drawn_world.teachers.detector.data import Sight, ask, draw_sights, varied
from drawn_world.teachers.detector.loss import detection_loss
from drawn_world.teachers.detector.model import detector_processor, new_detector, save_detector
from drawn_world.teachers.detector.warm_up import CellHeads, cell_states, warm_up_loss
from drawn_world.teachers.tracker.checkpoint import Progress, resume_training, save_training
from strefer.agents.detector.load import load_detector

log = logging.getLogger("strefer")

_FILMS, _FRAMES_A_FILM = 2000, 4
_BATCH = 16
_WARM_UP_SHARE = 0.25  # of the budget
_WARM_UP_RATE, _RATE = 2e-3, 6e-4
_RATE_OF_PART = {"backbone": 0.5, "sampling_offsets": 0.2}  # of `_RATE`; all else 1
_RISING_STEPS = 60
_EXPRESSION_SHARE = 0.25
_SAVE_EVERY_S, _LOG_EVERY_STEPS = 60.0, 50
_CARD_FILMS = 100


class _Trained(nn.Module):
    """The model with the heads of its warm-up."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.model = new_detector(seed)
        self.heads = CellHeads(self.model.config.d_model)


def train(
    out_dir: Path, work_dir: Path, minutes: float, seed: int, threads: int, device: str
) -> None:
    """Train, and write the checkpoint with its card to `out_dir`.

    Args:
        out_dir: Hugging Face folder: config, processor, fp16 safetensors, README.md.
        work_dir: holds the state of the training; a stopped run goes on from there.
        minutes: budget of computing, CPU time.
        seed: of the weights and of the films.
        threads: of PyTorch.
        device: "cpu"; the model is too small to gain from a GPU.
    """
    if device != "cpu":
        raise ValueError(f"teacher detector: device is {device!r}; it is trained on 'cpu'")
    torch.set_num_threads(threads)
    trained = _Trained(seed)
    optimizer = _new_optimizer(trained)
    progress = resume_training(work_dir, trained, optimizer)
    sights = draw_sights(SPLITS["train"][:_FILMS], _FRAMES_A_FILM, np.random.default_rng(seed))
    _run(trained, optimizer, sights, progress, minutes * 60.0, work_dir, seed)
    save_detector(out_dir, trained.model)
    # As the pipeline loads it: what is measured is the folder, rounded to half precision.
    loaded = load_detector({"adapter": "transformers", "model": str(out_dir), "device": "cpu"})
    measures = measure_detector(loaded, SPLITS["held_out"][:_CARD_FILMS])
    write_card(out_dir, measures, progress, seed, _CARD_FILMS, trained.model.num_parameters())


def _new_optimizer(trained: _Trained) -> torch.optim.Optimizer:
    groups: dict[str, list[nn.Parameter]] = {}
    for name, parameter in trained.named_parameters():
        if parameter.requires_grad:
            kind = next((k for k in _RATE_OF_PART if k in name), "rest")
            groups.setdefault(kind, []).append(parameter)
    return torch.optim.AdamW(
        [{"params": p, "part": _RATE_OF_PART.get(k, 1.0)} for k, p in groups.items()],
        lr=_RATE,
        weight_decay=1e-4,
    )


def _run(
    trained: _Trained,
    optimizer: torch.optim.Optimizer,
    sights: list[Sight],
    progress: Progress,
    budget_s: float,
    work_dir: Path,
    seed: int,
) -> None:
    """Step until the budget is spent, saving now and then and at the end."""
    rng = np.random.default_rng([seed, progress.steps])
    tokenizer = detector_processor().tokenizer
    spent_before_s, began_s, saved_s = progress.seconds, time.process_time(), time.process_time()
    trained.train()
    recent: list[tuple[float, float]] = []
    while progress.seconds < budget_s:
        share = progress.seconds / budget_s
        _set_rates(optimizer, share, progress.steps)
        drawn = [varied(sights[i], rng) for i in rng.choice(len(sights), _BATCH, replace=False)]
        warm = share < _WARM_UP_SHARE
        loss, right = _warm_loss(trained, drawn) if warm else _loss(trained, drawn, tokenizer, rng)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(trained.parameters(), 2.0)
        optimizer.step()
        progress.steps += 1
        progress.seconds = spent_before_s + time.process_time() - began_s
        recent.append((loss.item(), right))
        if progress.steps % _LOG_EVERY_STEPS == 0:
            loss_mean, right_mean = np.mean(recent, 0)
            log.info(
                "detector step %d, %.1f min: loss %.3f%s",
                *(progress.steps, progress.seconds / 60, loss_mean),
                f", cells right {right_mean:.3f}" if warm else "",
            )
            recent = []
        if time.process_time() - saved_s > _SAVE_EVERY_S:
            save_training(work_dir, trained, optimizer, progress)
            saved_s = time.process_time()
    save_training(work_dir, trained, optimizer, progress)


def _set_rates(optimizer: torch.optim.Optimizer, share: float, steps: int) -> None:
    """Each phase rises over some steps and falls as a cosine (the second from 30% of it on)."""
    if share < _WARM_UP_SHARE:
        done = share / _WARM_UP_SHARE
        rate = _WARM_UP_RATE * min(1.0, (steps + 1) / _RISING_STEPS) * max(0.05, 1 - done**2)
    else:
        done = (share - _WARM_UP_SHARE) / (1 - _WARM_UP_SHARE)
        fallen = max(0.0, (done - 0.3) / 0.7)
        rate = _RATE * min(1.0, done * 20 + 0.05) * max(0.02, (1 + math.cos(math.pi * fallen)) / 2)
    for group in optimizer.param_groups:
        group["lr"] = rate * (group["part"] if share >= _WARM_UP_SHARE else 1.0)


def _pixels(sights: list[Sight]) -> Tensor:
    """As the processor makes them: float32 [B, 3, 128, 128]."""
    frames = torch.from_numpy(np.stack([sight.frame for sight in sights])).float() / 255
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return ((frames - mean) / std).permute(0, 3, 1, 2).contiguous()


def _warm_loss(trained: _Trained, sights: list[Sight]) -> tuple[Tensor, float]:
    return warm_up_loss(trained.heads, cell_states(trained.model, _pixels(sights)), sights)


def _loss(
    trained: _Trained, sights: list[Sight], tokenizer, rng: np.random.Generator
) -> tuple[Tensor, float]:
    asked = [ask(sight, rng, _EXPRESSION_SHARE) for sight in sights]
    inputs = tokenizer([a.prompt for a in asked], padding=True, return_tensors="pt")
    outputs = trained.model(pixel_values=_pixels(sights), **inputs)
    return detection_loss(trained.model, outputs, inputs, asked), math.nan
