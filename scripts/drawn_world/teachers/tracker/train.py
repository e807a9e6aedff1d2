"""Training the demo's tracker: a tiny SAM 2 on the demo world, from scratch.

First single frames (a box becomes a mask), then pairs of frames (what memory must match), then ever
longer clips, all through the same steps that the adapter takes. Clips are rich in entities that
leave, return, and stand in front of one another, and in cuts, where only its looks tell an entity.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import Sam2VideoModel

from drawn_world.plan.plan import SPLITS
from drawn_world.teachers.tracker.card import save_tracker
from drawn_world.teachers.tracker.checkpoint import Progress, resume_training, save_training
from drawn_world.teachers.tracker.data import SAMPLES, ClipBatch, ClipSource
from drawn_world.teachers.tracker.hints import LooksHeads
from drawn_world.teachers.tracker.loss import step_loss
from drawn_world.teachers.tracker.measures import measure_tracker
from drawn_world.teachers.tracker.model import (
    IMAGE_PX,
    new_tracker,
    normalised,
    resized_tracker,
    tracker_processor,
)
from strefer.agents.tracker.propagation import encode_frames, unroll
from strefer.agents.tracker.with_transformers import TransformersTracker
from strefer.videollm.architecture.precision import mixed_precision

log = logging.getLogger("strefer")

_LEARNING_RATE = 6e-4
_WEIGHT_DECAY = 1e-3
_MAX_GRADIENT = 0.5
_WARM_UP_STEPS = 100
_IMAGE_HINT_WEIGHT = 0.3
_POINTER_HINT_WEIGHT = 0.2
_SAVE_EVERY_S = 120.0
_LOG_EVERY_STEPS = 25
_CARD_FILMS = 60
# Added to the logit that says whether an object is there. Of 0, −0.5 and −1 it leaves most frames
# rightly empty on 30 films of the split `train`, and costs no more than 0.002 of J.
_PRESENCE_SHIFT = -1.0


class Pupil(torch.nn.Module):
    """The tracker, and the heads that help it while it learns."""

    def __init__(self, model: Sam2VideoModel) -> None:
        super().__init__()
        self.model = model
        self.hints = LooksHeads(model.hidden_dim)

    def see_at(self, image_px: int) -> None:
        """Change the size of the images; the parameters stay the very same tensors."""
        if self.model.image_size != image_px:
            self.model = resized_tracker(self.model, image_px)


@dataclass(frozen=True)
class Phase:
    """What a step looks like until `until`, a share of the budget.

    Attributes:
        image_px: side of the model's input. Most is learned on small images, at a third of the
            cost; the larger ones then sharpen the masks.
        n_clips, n_frames: of a batch.
        rates: the learning rate's factor at the phase's beginning and end, a cosine in between.
    """

    until: float
    image_px: int
    n_clips: int
    n_frames: int
    rates: tuple[float, float] = (1.0, 1.0)


PHASES = (
    Phase(0.05, 128, 12, 1),
    Phase(0.18, 128, 8, 2),
    Phase(0.32, 128, 5, 4, (1.0, 0.7)),
    Phase(0.58, 128, 3, 8, (0.7, 0.1)),
    Phase(0.77, IMAGE_PX, 3, 6, (0.5, 0.4)),
    Phase(1.00, IMAGE_PX, 2, 12, (0.4, 0.02)),
)


def train(
    out_dir: Path, work_dir: Path, minutes: float, seed: int, threads: int, device: str
) -> None:
    """Train, and write the checkpoint with its card to `out_dir`.

    Args:
        out_dir: Hugging Face folder: config, processor, fp16 safetensors, README.md.
        work_dir: holds the state of the training; a stopped run goes on from there.
        minutes: budget of computing, CPU time on a CPU, wall time on a GPU.
        seed: of the weights and of the films.
        threads: of PyTorch.
        device: "cpu" or "cuda".
    """
    torch.set_num_threads(threads)
    pupil = Pupil(new_tracker(seed, PHASES[0].image_px)).to(device)
    optimizer = torch.optim.AdamW(pupil.parameters(), lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY)
    progress = resume_training(work_dir, pupil, optimizer)
    clips = ClipSource(seed + progress.steps, progress.next_film)
    clock = time.process_time if device == "cpu" else time.monotonic
    _run(pupil, optimizer, clips, progress, minutes * 60.0, work_dir, clock)
    pupil.see_at(IMAGE_PX)
    with torch.no_grad():
        pupil.model.mask_decoder.pred_obj_score_head.proj_out.bias += _PRESENCE_SHIFT
    tracker = TransformersTracker(pupil.model, tracker_processor())
    held_out = SPLITS["held_out"][:_CARD_FILMS]
    measures = measure_tracker(tracker, held_out)
    save_tracker(out_dir, pupil.model, measures, progress, seed=seed, n_films=len(held_out))


def _run(
    pupil: Pupil,
    optimizer: torch.optim.Optimizer,
    clips: ClipSource,
    progress: Progress,
    budget_s: float,
    work_dir: Path,
    clock: Callable[[], float],
) -> None:
    """Step until the budget is spent, saving now and then and at the end."""
    spent_before_s, began_s, saved_s = progress.seconds, clock(), clock()
    recent: list[tuple[float, float]] = []
    while progress.seconds < budget_s:
        phase, rate = _at(progress.seconds / budget_s)
        pupil.see_at(phase.image_px)
        warm_up = min(1.0, (progress.steps + 1) / _WARM_UP_STEPS)
        for group in optimizer.param_groups:
            group["lr"] = _LEARNING_RATE * rate * warm_up
        batch = clips.draw(phase.n_clips, phase.n_frames)
        recent.append(train_step(pupil, optimizer, batch))
        progress.steps += 1
        progress.seconds = spent_before_s + clock() - began_s
        progress.next_film = clips.next_film
        if progress.steps % _LOG_EVERY_STEPS == 0:
            loss, overlap = (sum(values) / len(recent) for values in zip(*recent, strict=True))
            log.info(
                "tracker step %d, %.1f min, clips of %d: loss %.3f, J %.3f",
                *(progress.steps, progress.seconds / 60, phase.n_frames, loss, overlap),
            )
            recent = []
        if clock() - saved_s > _SAVE_EVERY_S:
            save_training(work_dir, pupil, optimizer, progress)
            saved_s = clock()
    save_training(work_dir, pupil, optimizer, progress)


def _at(share: float) -> tuple[Phase, float]:
    """The phase after a share of the budget, and the learning rate's factor."""
    began = 0.0
    for phase in PHASES:
        if share < phase.until:
            break
        began = phase.until
    within = (share - began) / (phase.until - began)
    first, last = phase.rates
    return phase, last + (first - last) * 0.5 * (1 + math.cos(math.pi * within))


def train_step(
    pupil: Pupil, optimizer: torch.optim.Optimizer, batch: ClipBatch
) -> tuple[float, float]:
    """One step on one batch: its loss, and J over visible objects."""
    model, hints = pupil.model, pupil.hints
    device = model.device
    rows, boxes, objects, owners, looks = (
        torch.from_numpy(values).to(device)
        for values in (batch.rows, batch.boxes, batch.objects, batch.owners, batch.looks)
    )
    masks = torch.from_numpy(batch.masks).to(device, torch.float32)
    scale = model.image_size / batch.frames.shape[1]
    tracked, overlap, n_visible = torch.zeros((), device=device), 0.0, 0.0
    with mixed_precision(device.type):
        pixels = normalised(batch.frames, model.image_size).to(device)
        features = encode_frames(model, pixels)
        hinted = _IMAGE_HINT_WEIGHT * hints.image_loss(features, owners, looks)
        steps = unroll(model, features, rows, boxes * scale, SAMPLES)
        for t, step in enumerate(steps):
            loss, overlaps, visible = step_loss(step, masks[t])
            said = hints.pointer_loss(step.pointer, looks[objects], visible)
            tracked = tracked + (loss + _POINTER_HINT_WEIGHT * said) / len(rows)
            overlap += float((overlaps * visible).sum())
            n_visible += float(visible.sum())
    optimizer.zero_grad(set_to_none=True)
    total = tracked + hinted
    total.backward()
    torch.nn.utils.clip_grad_norm_(pupil.parameters(), _MAX_GRADIENT)
    optimizer.step()
    return float(total.detach()), overlap / max(n_visible, 1.0)
