"""Frames of training films with what is known of them: scene texts, cell labels, boxes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from drawn_world.drawing.render import render, scene_index
from drawn_world.plan.plan import FilmPlan, plan_film
from drawn_world.teachers.embedder.model import IMAGE_PX, PATCH_PX
from drawn_world.vocabulary import COLOURS, HAIR, NOUNS, all_expressions, with_article
from strefer.agents.assigner.with_embedder import crop

CELLS = IMAGE_PX // PATCH_PX
NOUN_IDS = {noun: i + 1 for i, noun in enumerate(NOUNS)}  # 0 is the background
COLOUR_IDS = {colour: i for i, colour in enumerate(COLOURS)}
HAIR_IDS = {hair: i + 1 for i, hair in enumerate(HAIR)}  # 0 is none
_MIN_COVER = 0.2  # share of a cell that an entity covers to give it its label
_MIN_PIXELS = 60  # smaller sights of an entity are not used as crops


@dataclass(frozen=True)
class Shot:
    """One frame: uint8 RGB [128, 128, 3], its scene's text and number (unique in the pool), cell
    labels int [3, 8, 8] (noun, colour, hair), and crops: (box, number of the expression)."""

    frame: np.ndarray
    text: str
    scene: int
    film: int
    labels: np.ndarray
    crops: tuple[tuple[tuple[float, ...], int], ...]


EXPRESSIONS = all_expressions()


def scene_text(place: str, expressions: Sequence[str]) -> str:
    """ "a street with a red car and a brown dog" """
    if not expressions:
        return f"a {place}"
    return f"a {place} with " + " and ".join(with_article(e) for e in expressions)


def draw_pool(seeds: Sequence[int], frames_a_film: int, rng: np.random.Generator) -> list[Shot]:
    """Frames of the films of these seeds, each at random times."""
    shots = []
    scenes = itertools.count()
    for film, seed in enumerate(seeds):
        plan = plan_film(seed)
        times = np.sort(rng.choice(plan.n_frames, frames_a_film, replace=False))
        frames, masks = render(plan, times)
        first = next(scenes)
        for _ in plan.scenes[1:]:
            next(scenes)
        for i, time in enumerate(times):
            number = scene_index(plan, int(time))
            shots.append(_shot(plan, frames[i], masks[:, i], number, first + number, film))
    return shots


def _shot(
    plan: FilmPlan, frame: np.ndarray, masks: np.ndarray, number: int, scene: int, film: int
) -> Shot:
    seen = [e for e, mask in zip(plan.entities, masks, strict=True) if mask.sum() >= _MIN_PIXELS]
    text = scene_text(plan.scenes[number].place.name, [e.expression for e in seen])
    cover = [
        cv2.resize(m.astype(np.float32), (CELLS, CELLS), interpolation=cv2.INTER_AREA)
        for m in masks
    ]
    labels = np.zeros((3, CELLS, CELLS), np.int64)
    strongest = np.full((CELLS, CELLS), _MIN_COVER, np.float32)
    crops = []
    for entity, mask, share in zip(plan.entities, masks, cover, strict=True):
        here = share > strongest
        strongest = np.maximum(strongest, share)
        labels[0][here] = NOUN_IDS[entity.noun]
        labels[1][here] = COLOUR_IDS[entity.colour]
        labels[2][here] = HAIR_IDS[entity.hair] if entity.hair else 0
        if mask.sum() >= _MIN_PIXELS:
            rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            box = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
            crops.append((tuple(map(float, box)), EXPRESSIONS.index(entity.expression)))
    return Shot(frame, text, scene, film, labels, tuple(crops))


def jittered_crop(shot: Shot, which: int, rng: np.random.Generator) -> np.ndarray:
    """A crop as the assigner makes it, from a box that is a little off."""
    x0, y0, x1, y1 = shot.crops[which][0]
    off = rng.uniform(-0.1, 0.1, 4) * np.array([x1 - x0, y1 - y0] * 2)
    box = np.array([x0, y0, x1, y1]) + off
    return crop(shot.frame, tuple(box), size_px=IMAGE_PX)
