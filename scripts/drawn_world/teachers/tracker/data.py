"""Training clips for the demo's tracker, sampled from the demo world as the pipeline samples films.

The pipeline takes 32 frames, evenly spaced, of a film: neighbours lie 0.3 to 1 s apart, and cuts
fall between them. A clip is a run of such samples, forwards or backwards, of each or of every
second or third; sometimes of every tenth, as they lie in a film of minutes.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from drawn_world.drawing.render import render, render_masks
from drawn_world.plan.plan import SPLITS, plan_film
from drawn_world.records import FilmPlan
from drawn_world.teachers.tracker.hints import looks_of

SAMPLES = 32  # frames that the pipeline takes of a film
VISIBLE_PX = 30  # the demo's ground truth calls an entity present from here on
_PROMPT_PX = 60  # a smaller box is too hard a prompt
_POOL_SIZE = 1500
_DRAWS = 16  # candidates of which an eventful clip is the best
_EVENTFUL_SHARE = 0.7
_STEP_SHARES = {1: 0.4, 2: 0.2, 3: 0.2, 10: 0.2}
BOX_JITTER_PX = 1.5


@dataclass(frozen=True)
class ClipBatch:
    """Several clips of T frames with B prompted objects in all.

    Attributes:
        frames: uint8 [clips * T, H, W, 3], clip after clip.
        rows: int64 [T, B], the frame that each object sees at each step.
        boxes: float32 [B, 4] x0, y0, x1, y1 in pixels on the first step.
        masks: bool [T, B, H, W], visible parts.
        objects: int64 [B], the row of each object in `looks`.
        owners: int64 [clips * T, H / 2, W / 2], the row of whoever is seen there, 0 for nobody.
        looks: int64 [1 + entities, 3], noun, colour and hair of every entity of the clips.
    """

    frames: np.ndarray
    rows: np.ndarray
    boxes: np.ndarray
    masks: np.ndarray
    objects: np.ndarray
    owners: np.ndarray
    looks: np.ndarray


@dataclass(frozen=True)
class SampledFilm:
    """A planned film, its sampled frames, and what is visible: pixels [N, 32] an entity."""

    plan: FilmPlan
    frames: tuple[int, ...]
    areas_px: np.ndarray


def sampled_film(seed: int) -> SampledFilm:
    """The film of a seed with 32 evenly spaced frames, first and last included."""
    plan = plan_film(seed)
    frames = tuple(round(i * (plan.n_frames - 1) / (SAMPLES - 1)) for i in range(SAMPLES))
    return SampledFilm(plan, frames, render_masks(plan, frames).sum((2, 3)))


def box_of(mask: np.ndarray) -> tuple[float, float, float, float]:
    """The box around a mask bool [H, W]: x0, y0 of its first pixels, x1, y1 after its last."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


class ClipSource:
    """An endless, seeded stream of clips from the split `train`.

    Planning a film costs more than drawing a clip of it, so films are kept and used again, at
    other times and in the other direction.
    """

    def __init__(self, seed: int, next_film: int | None = None) -> None:
        """`next_film` is where an earlier run left the split; without it, the seed says where."""
        self.random = random.Random(seed)
        first = self.random.randrange(len(SPLITS["train"]) // 2)
        self.next_film = first if next_film is None else next_film
        self.pool: list[SampledFilm] = []

    def _film(self) -> SampledFilm:
        fresh = sampled_film(SPLITS["train"].start + self.next_film)
        self.next_film += 1
        if len(self.pool) < _POOL_SIZE:
            self.pool.append(fresh)
        else:
            self.pool[self.random.randrange(_POOL_SIZE)] = fresh
        return fresh

    def draw(self, n_clips: int, n_frames: int) -> ClipBatch:
        """`n_clips` clips of `n_frames` frames; one of them comes from a new film."""
        films = [self._film()]
        films += [self.random.choice(self.pool) for _ in range(n_clips - 1)]
        return join_clips([self._clip(film, n_frames) for film in films])

    def _clip(self, film: SampledFilm, n_frames: int) -> ClipBatch:
        draws = []
        while not draws:
            tried = (self._samples(n_frames) for _ in range(_DRAWS))
            draws = [s for s in tried if (film.areas_px[:, s[0]] >= _PROMPT_PX).any()]
        if self.random.random() < _EVENTFUL_SHARE:
            samples = max(draws, key=lambda samples: _eventfulness(film, samples))
        else:
            samples = draws[0]
        prompted = np.flatnonzero(film.areas_px[:, samples[0]] >= _PROMPT_PX)
        frames, masks = render(film.plan, [film.frames[s] for s in samples])
        owners = np.zeros((n_frames, *_halved(masks[0]).shape[1:]), np.int64)
        for entity, mask in enumerate(masks, start=1):
            owners[_halved(mask)] = entity
        masks = masks[prompted].transpose(1, 0, 2, 3)
        boxes = [self._jittered(box_of(mask), mask.shape) for mask in masks[0]]
        rows = np.repeat(np.arange(n_frames)[:, None], len(prompted), axis=1)
        looks = np.asarray([(0, 0, 0), *map(looks_of, film.plan.entities)], np.int64)
        return ClipBatch(
            frames, rows, np.asarray(boxes, np.float32), masks, prompted + 1, owners, looks
        )

    def _samples(self, n_frames: int) -> list[int]:
        """Which of the 32 samples a clip shows, the prompted one first."""
        step = self.random.choices(list(_STEP_SHARES), weights=list(_STEP_SHARES.values()))[0]
        step = min(step, (SAMPLES - 1) // max(n_frames - 1, 1))
        first = self.random.randrange(SAMPLES - step * (n_frames - 1))
        samples = [first + step * i for i in range(n_frames)]
        return samples if self.random.random() < 0.5 else samples[::-1]

    def _jittered(self, box: Sequence[float], shape: tuple[int, int]) -> list[float]:
        """A box as a detector would give it, a pixel or two off, inside the frame."""
        height, width = shape
        limits = (width, height, width, height)
        moved = [side + self.random.gauss(0, BOX_JITTER_PX) for side in box]
        return [
            min(max(side, 0.0), float(limit)) for side, limit in zip(moved, limits, strict=True)
        ]


def _halved(masks: np.ndarray) -> np.ndarray:
    """Every second row and column of [..., H, W]."""
    return masks[..., 1::2, 1::2]


def _eventfulness(film: SampledFilm, samples: Sequence[int]) -> float:
    """How often entities prompted on the first sample vanish or come back, and how long they stay
    away.
    """
    areas = film.areas_px[:, list(samples)]
    visible = areas[areas[:, 0] >= _PROMPT_PX] >= VISIBLE_PX
    return float((visible[:, 1:] != visible[:, :-1]).sum() + 0.5 * (~visible).sum())


def join_clips(clips: Sequence[ClipBatch]) -> ClipBatch:
    """One batch of several clips of the same number of frames."""
    n_frames = len(clips[0].rows)
    entities = [len(clip.looks) - 1 for clip in clips]
    firsts = [sum(entities[:i]) for i in range(len(clips))]
    objects = [clip.objects + first for clip, first in zip(clips, firsts, strict=True)]
    owners = [
        np.where(clip.owners > 0, clip.owners + first, 0)
        for clip, first in zip(clips, firsts, strict=True)
    ]
    return ClipBatch(
        frames=np.concatenate([clip.frames for clip in clips]),
        rows=np.concatenate([clip.rows + n_frames * i for i, clip in enumerate(clips)], axis=1),
        boxes=np.concatenate([clip.boxes for clip in clips]),
        masks=np.concatenate([clip.masks for clip in clips], axis=1),
        objects=np.concatenate(objects),
        owners=np.concatenate(owners),
        looks=np.concatenate([clips[0].looks[:1], *(clip.looks[1:] for clip in clips)]),
    )
