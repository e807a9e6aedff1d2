"""Sprites: every entity in every pose, drawn once with smooth edges and kept."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from drawn_world.drawing.canvas import Canvas
from drawn_world.drawing.people import draw_person
from drawn_world.drawing.things import (
    draw_ball,
    draw_bird,
    draw_bus,
    draw_car,
    draw_dog,
    draw_horse,
)
from drawn_world.vocabulary import COLOURS, HAIR, PERSON_NOUNS

PHASES = 8  # places in the cycle of limbs, wheels and wings
TURNS = 12  # places in a whole turn

# Heights to choose from, in px, and the width as a share of the height.
SIZES_PX: dict[str, tuple[int, ...]] = {
    "man": (50, 54, 58),
    "woman": (46, 50, 54),
    "child": (30, 33, 36),
    "dog": (25, 27, 29),
    "horse": (42, 45, 48),
    "bird": (24, 26, 28),
    "car": (24, 26, 28),
    "bus": (36, 38, 40),
    "ball": (24, 26, 28),
}
WIDTH_SHARE: dict[str, float] = {
    "man": 0.62,
    "woman": 0.6,
    "child": 0.74,
    "dog": 1.66,
    "horse": 1.24,
    "bird": 1.66,
    "car": 1.78,
    "bus": 1.64,
    "ball": 0.98,
}


@dataclass(frozen=True)
class Sprite:
    """`colour` uint16 [h, w, 3] premultiplied, `alpha` uint16 [h, w, 1] in 0..256, `mask` bool
    [h, w]; `left_px`, `top_px` lead from the feet to the sprite's corner."""

    colour: np.ndarray
    alpha: np.ndarray
    mask: np.ndarray
    left_px: int
    top_px: int


def _canvas_of(noun: str, size_px: int) -> Canvas:
    if noun in PERSON_NOUNS:
        return Canvas(size_px, half_width=0.75, above=1.25, below=0.3)
    if noun == "ball":
        return Canvas(size_px, half_width=0.6, above=1.1, below=0.1)
    return Canvas(size_px, half_width=1.1, above=1.6, below=0.6)


@lru_cache(maxsize=12_288)
def sprite(
    noun: str, colour: str, hair: str | None, size_px: int, pose: str, phase: int, facing: int
) -> Sprite:
    """The sprite of a look in a pose.

    `pose`: stand, walk, run, wave, sit, jump or spin; `phase`: 0..TURNS-1 for spin and for the
    ball, else 0..PHASES-1; `facing`: 1 right, -1 left.
    """
    canvas = _canvas_of(noun, size_px)
    rgb = COLOURS[colour]
    swing = math.sin(2 * math.pi * phase / PHASES)
    turn_degrees = 180 * phase / PHASES if pose == "walk" else 0.0
    drawn_pose = "stand" if pose == "spin" else pose
    if noun in PERSON_NOUNS:
        draw_person(canvas, noun, rgb, HAIR[hair], drawn_pose, swing)
    elif noun == "dog":
        draw_dog(canvas, rgb, drawn_pose, swing)
    elif noun == "horse":
        draw_horse(canvas, rgb, drawn_pose, swing)
    elif noun == "bird":
        draw_bird(canvas, rgb, drawn_pose, swing)
    elif noun == "car":
        draw_car(canvas, rgb, turn_degrees)
    elif noun == "bus":
        draw_bus(canvas, rgb, turn_degrees)
    else:
        draw_ball(canvas, rgb, -90 + 360 * phase / TURNS)
    if pose == "spin" and noun != "ball":
        canvas.rotate(360 * phase / TURNS, (0, -0.5))
    premultiplied, alpha, left_px, top_px = canvas.finish(facing)
    return Sprite(premultiplied, alpha, alpha[:, :, 0] >= 128, left_px, top_px)
