"""The training data of the demo's detector: frames with boxes, and prompts that ask for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from drawn_world.drawing.render import render
from drawn_world.plan.plan import EntityPlan, plan_film
from drawn_world.vocabulary import GENERALIZED_NOUNS, all_expressions
from strefer.agents.detector.interface import prompt_of
from strefer.masks import box_of_mask

FRAME_PX = 128
CELL_PX = 8
CELLS = FRAME_PX // CELL_PX
MIN_PIXELS = 40  # visible pixels of an entity; with fewer, its box cannot be recognized
_MIN_COVER = 0.2  # share of a cell that an entity must cover to own it
_MAX_NOISE = 3.0  # standard deviation in grey levels: stands for the films' compression
_EXPRESSIONS = all_expressions()


@dataclass(frozen=True)
class Sight:
    """One frame of a film and what is in sight.

    Attributes:
        frame: uint8 RGB [128, 128, 3].
        seen: the entities in sight; their boxes float32 [N, 4], pixels x0, y0, x1, y1.
        owners: uint8 [16, 16], which entity covers a cell: 0 none, else 1 + its place in `seen`.
        cast: all entities of the film.
    """

    frame: np.ndarray
    seen: tuple[EntityPlan, ...]
    boxes: np.ndarray
    owners: np.ndarray
    cast: tuple[EntityPlan, ...]


@dataclass(frozen=True)
class Asked:
    """A prompt and which of a sight's entities answer which of its phrases.

    `phrases` int [M] and `boxes` float32 [M, 4] (centre, width, height as shares of the frame).
    """

    prompt: str
    phrases: np.ndarray
    boxes: np.ndarray


def draw_sights(seeds: Sequence[int], frames_a_film: int, rng: np.random.Generator) -> list[Sight]:
    """Frames of the films of these seeds, each at random times."""
    sights = []
    for seed in seeds:
        plan = plan_film(seed)
        times = np.sort(rng.choice(plan.n_frames, frames_a_film, replace=False))
        frames, masks = render(plan, times)
        sights += [sight_of(f, masks[:, i], plan.entities) for i, f in enumerate(frames)]
    return sights


def sight_of(frame: np.ndarray, masks: np.ndarray, cast: tuple[EntityPlan, ...]) -> Sight:
    """The sight of a frame with its visible masks, bool [N, 128, 128] in the order of the cast."""
    here = [i for i, mask in enumerate(masks) if mask.sum() >= MIN_PIXELS]
    boxes = np.array([box_of_mask(masks[i]) for i in here], np.float32).reshape(-1, 4)
    covers = [np.full((CELLS, CELLS), _MIN_COVER, np.float32)]
    for i in here:
        cover = masks[i].astype(np.float32)
        covers.append(cv2.resize(cover, (CELLS, CELLS), interpolation=cv2.INTER_AREA))
    owners = np.stack(covers).argmax(0).astype(np.uint8)
    return Sight(frame, tuple(cast[i] for i in here), boxes, owners, cast)


def varied(sight: Sight, rng: np.random.Generator) -> Sight:
    """The sight as another film might show it: mirrored at times, with a little noise."""
    noise = rng.standard_normal(sight.frame.shape, np.float32) * rng.uniform(0, _MAX_NOISE)
    frame = np.clip(sight.frame + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        return Sight(frame, sight.seen, sight.boxes, sight.owners, sight.cast)
    boxes = sight.boxes.copy()
    boxes[:, [0, 2]] = FRAME_PX - sight.boxes[:, [2, 0]]
    return Sight(frame[:, ::-1], sight.seen, boxes, sight.owners[:, ::-1], sight.cast)


def nouns_of(cast: Sequence[EntityPlan]) -> list[str]:
    """The generalized nouns of a film in the order in which the demo asks for them."""
    present = {entity.generalized_noun for entity in cast}
    return [noun for noun in GENERALIZED_NOUNS if noun in present]


def ask(sight: Sight, rng: np.random.Generator, expression_share: float) -> Asked:
    """A prompt for a sight: nouns, or (with chance `expression_share`) one expression.

    The nouns are those of the film, at times with others that it has not, or in another order.
    An expression is one of the film's, or at times one that is like it and not there.
    """
    if rng.random() < expression_share:
        wanted = sight.cast[rng.integers(len(sight.cast))].expression
        if rng.random() < 0.3:
            wanted = _like(wanted, rng)
        return asked_for(sight, [wanted], [entity.expression for entity in sight.seen])
    phrases, kind = nouns_of(sight.cast), rng.random()
    if kind < 0.4:
        others = [noun for noun in GENERALIZED_NOUNS if noun not in phrases]
        added = set(rng.permutation(others)[: rng.integers(1, 1 + len(others))].tolist())
        phrases = [noun for noun in GENERALIZED_NOUNS if noun in added or noun in phrases]
    if kind > 0.85:
        phrases = rng.permutation(phrases).tolist()
    return asked_for(sight, phrases, [entity.generalized_noun for entity in sight.seen])


def asked_for(sight: Sight, phrases: Sequence[str], names: Sequence[str]) -> Asked:
    """The prompt of these phrases; `names` are those of the entities in sight."""
    matched = [(phrases.index(name), i) for i, name in enumerate(names) if name in phrases]
    boxes = sight.boxes[[i for _, i in matched]] / FRAME_PX
    centred = np.concatenate([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]], 1)
    return Asked(prompt_of(phrases).text, np.array([p for p, _ in matched], np.int64), centred)


def _like(expression: str, rng: np.random.Generator) -> str:
    """Another expression that differs from this one in a single word."""
    words = expression.split()
    near = [
        other
        for other in _EXPRESSIONS
        if len(other.split()) == len(words)
        and sum(a != b for a, b in zip(words, other.split(), strict=True)) == 1
    ]
    return near[rng.integers(len(near))]
