"""Crowded pairs of frames with a label for every patch: what the tower is pre-trained on.

A vision tower that starts from nothing learns shapes from answers alone only very slowly. Here
every patch and every cell of two successive frames is told what it shows, and a pair holds two to
three times as many entities as a film's scene.
"""

from dataclasses import dataclass

import numpy as np

from drawn_world.drawing.places import PALETTES, background
from drawn_world.drawing.sprites import PHASES, SIZES_PX, TURNS, Sprite, sprite
from drawn_world.records import PlacePlan
from drawn_world.teachers.video_llm.model import CELLS, PATCHES, SIZE_PX
from drawn_world.vocabulary import COLOURS, HAIR, NOUNS, PERSON_NOUNS, PLACES, colours_of

NOUN_NAMES = tuple(NOUNS)
COLOUR_NAMES = tuple(COLOURS)
HAIR_NAMES = tuple(HAIR)
POSES = ("stand", "walk", "run", "wave", "sit", "jump", "spin")
# Columns of a label: noun, colour and hair count from 1, 0 is none; then the pose.
N_CLASSES = (len(NOUN_NAMES) + 1, len(COLOUR_NAMES) + 1, len(HAIR_NAMES) + 1, len(POSES) + 1)
# How texts name the classes; a pose is named by the verb it shows.
WORDS = (
    NOUN_NAMES,
    COLOUR_NAMES,
    HAIR_NAMES,
    ("stands", "walks", "chases", "waves", "sits", "jumps", "spins"),
)
MIN_SHARE_OF_PATCH = 0.15
MIN_SHARE_OF_CELL = 0.06
_HAS_POSE = {
    "person": POSES,
    "dog": ("stand", "walk", "run", "sit", "jump", "spin"),
    "horse": ("stand", "walk", "jump", "spin"),
    "bird": ("stand", "walk", "spin"),
    "car": ("stand", "walk", "spin"),
    "bus": ("stand", "walk", "spin"),
    "ball": ("stand", "walk", "jump", "spin"),
}


@dataclass(frozen=True)
class Looks:
    """Label columns of one entity in a pair."""

    noun: int
    colour: int
    hair: int
    pose: int

    @classmethod
    def of(cls, noun: str, colour: str, hair: str | None, pose: str) -> "Looks":
        return cls(
            NOUN_NAMES.index(noun) + 1,
            COLOUR_NAMES.index(colour) + 1,
            HAIR_NAMES.index(hair) + 1 if hair else 0,
            POSES.index(pose) + 1,
        )


@dataclass(frozen=True)
class PairLabels:
    """Labels of P pairs of frames.

    `patches` int64 [P, PATCHES**2, 4] and `cells` int64 [P, CELLS**2, 4] in row-major order;
    `motion` float32 [P, CELLS**2, 4]: the cell's entity's way between the two frames (dx, dy) and
    its middle from the cell's middle, in cells; NaN where there is none.
    """

    patches: np.ndarray
    cells: np.ndarray
    motion: np.ndarray


def label_pair(masks: np.ndarray, looks: list[Looks]) -> tuple[np.ndarray, ...]:
    """Labels of one pair from visible masks bool [N, 2, S, S]; see PairLabels for the three."""
    table = np.array([[0] * 4] + [[o.noun, o.colour, o.hair, o.pose] for o in looks], np.int64)
    motion = np.full((CELLS**2, 4), np.nan, np.float32)
    if not looks:
        return np.zeros((PATCHES**2, 4), np.int64), np.zeros((CELLS**2, 4), np.int64), motion
    side = SIZE_PX // PATCHES
    per_frame = masks.reshape(len(looks), 2, PATCHES, side, PATCHES, side).mean((3, 5))
    shares = per_frame.mean(1)
    merge = PATCHES // CELLS
    in_cells = shares.reshape(-1, CELLS, merge, CELLS, merge).mean((2, 4)).reshape(len(looks), -1)
    of_patch = _owner(shares.reshape(len(looks), -1), MIN_SHARE_OF_PATCH)
    of_cell = _owner(in_cells, MIN_SHARE_OF_CELL)
    middles = _middles(per_frame)
    for cell in np.flatnonzero(of_cell):
        first, second = middles[of_cell[cell] - 1]
        here = np.array([cell % CELLS + 0.5, cell // CELLS + 0.5])
        motion[cell] = [*(second - first), *((first + second) / 2 - here)]
    return table[of_patch], table[of_cell], motion


def _owner(shares: np.ndarray, least: float) -> np.ndarray:
    """For each place 1 + the entity that covers most of it, or 0; shares [N, places]."""
    best = shares.argmax(0)
    return np.where(shares.max(0) > least, best + 1, 0)


def _middles(per_frame: np.ndarray) -> np.ndarray:
    """Middles [N, 2 frames, (x, y)] in cells from shares [N, 2, PATCHES, PATCHES]; NaN if empty."""
    at = (np.arange(PATCHES) + 0.5) * CELLS / PATCHES
    weight = per_frame.sum((2, 3))
    with np.errstate(invalid="ignore", divide="ignore"):
        x = (per_frame.sum(2) * at).sum(-1) / weight
        y = (per_frame.sum(3) * at).sum(-1) / weight
    return np.stack([x, y], -1)


def draw_pairs(rng: np.random.Generator, count: int) -> tuple[np.ndarray, PairLabels]:
    """Frames uint8 [count, 2, S, S, 3] and their labels."""
    frames = np.empty((count, 2, SIZE_PX, SIZE_PX, 3), np.uint8)
    labels = []
    for i in range(count):
        frames[i], masks, looks = _crowded_pair(rng)
        if rng.random() < 0.12:  # a cut or a fade between the two scenes
            other, other_masks, other_looks = _crowded_pair(rng)
            share = rng.uniform(0.2, 0.8) if rng.random() < 0.5 else 1.0
            blend = np.array([0.0 if share == 1.0 else share, share])[:, None, None, None]
            frames[i] = frames[i] * (1 - blend) + other * blend
            masks = masks & (blend[None, ..., 0] < 0.5)
            masks = np.concatenate([masks, other_masks & (blend[None, ..., 0] >= 0.5)])
            looks = looks + other_looks
        labels.append(label_pair(masks, looks))
    return frames, PairLabels(*(np.stack(part) for part in zip(*labels, strict=True)))


def _crowded_pair(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, list[Looks]]:
    place = str(rng.choice(PLACES))
    plan = PlacePlan(place, int(rng.integers(len(PALETTES[place]))), int(rng.integers(32)))
    frames = np.repeat(background(plan)[None], 2, 0)
    masks = np.zeros((0, 2, SIZE_PX, SIZE_PX), bool)
    looks: list[Looks] = []
    for _ in range(int(rng.integers(4, 10))):
        drawn, look = _draw_entity(rng)
        x, feet = float(rng.uniform(4, SIZE_PX - 4)), float(rng.uniform(28, SIZE_PX))
        places = [(x + dx, feet + dy, image) for dx, dy, image in drawn]
        shape = np.stack([_silhouette(*where) for where in places])
        hidden = (masks & shape).any((2, 3)).any() and (
            (masks & shape).sum((1, 2, 3)) > 0.2 * masks.sum((1, 2, 3))
        ).any()
        if shape.sum() < 160 or hidden:
            continue
        for frame, where in zip(frames, places, strict=True):
            _paste(frame, *where)
        masks = np.concatenate([masks & ~shape, shape[None]])
        looks.append(look)
    return frames, masks, looks


def _draw_entity(
    rng: np.random.Generator,
) -> tuple[list[tuple[float, float, Sprite]], Looks]:
    """A random entity's sprites in two successive sampled frames, each with its way (dx, dy)."""
    noun = str(rng.choice(NOUN_NAMES))
    colour = str(rng.choice(colours_of(noun)))
    hair = str(rng.choice(HAIR_NAMES)) if noun in PERSON_NOUNS else None
    size_px = int(rng.choice(SIZES_PX[noun]))
    pose = str(rng.choice(_HAS_POSE[NOUNS[noun]]))
    facing = int(rng.choice((-1, 1)))
    cycle = TURNS if pose == "spin" or noun == "ball" else PHASES
    phases = rng.integers(0, cycle, 2)
    if pose == "spin" and phases[0] == phases[1]:
        phases[1] = (phases[1] + 1) % cycle
    if pose not in ("walk", "run", "wave", "spin"):
        phases[:] = 0
    dx = facing * rng.uniform(3, 22) if pose in ("walk", "run") else 0.0
    lifts = rng.uniform(0, 18, 2) if pose == "jump" else np.zeros(2)
    images = [sprite(noun, colour, hair, size_px, pose, int(p), facing) for p in phases]
    ways = [(-dx / 2, -lifts[0]), (dx / 2, -lifts[1])]
    drawn = [(*way, image) for way, image in zip(ways, images, strict=True)]
    return drawn, Looks.of(noun, colour, hair, pose)


def _windows(x: float, feet: float, image: Sprite) -> tuple[tuple, tuple] | None:
    left, top = round(x) + image.left_px, round(feet) + image.top_px
    height, width = image.mask.shape
    x0, y0, x1, y1 = (
        max(left, 0),
        max(top, 0),
        min(left + width, SIZE_PX),
        min(top + height, SIZE_PX),
    )
    if x0 >= x1 or y0 >= y1:
        return None
    return (slice(y0, y1), slice(x0, x1)), (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))


def _silhouette(x: float, feet: float, image: Sprite) -> np.ndarray:
    mask = np.zeros((SIZE_PX, SIZE_PX), bool)
    if (windows := _windows(x, feet, image)) is not None:
        mask[windows[0]] = image.mask[windows[1]]
    return mask


def _paste(frame: np.ndarray, x: float, feet: float, image: Sprite) -> None:
    if (windows := _windows(x, feet, image)) is not None:
        onto, source = windows
        patch = frame[onto].astype(np.uint16) * (np.uint16(256) - image.alpha[source])
        frame[onto] = (patch + image.colour[source]) >> 8
