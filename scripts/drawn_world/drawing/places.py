"""The backgrounds: plain places with little texture, in several colourings."""

from functools import lru_cache
from itertools import pairwise

import cv2
import numpy as np

from drawn_world.records import HEIGHT_PX, WIDTH_PX, PlacePlan

# Colour schemes by place: (upper band, ground, furniture), RGB; pale, so that sprites stand out.
_Palette = tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]
PALETTES: dict[str, tuple[_Palette, ...]] = {
    "street": (
        ((182, 216, 242), (158, 158, 164), (206, 164, 144)),
        ((252, 214, 176), (172, 152, 146), (160, 138, 150)),
        ((150, 152, 178), (122, 124, 138), (112, 112, 134)),
    ),
    "lawn": (
        ((190, 224, 246), (172, 208, 140), (126, 172, 104)),
        ((246, 230, 184), (198, 206, 124), (158, 170, 92)),
        ((164, 196, 196), (124, 168, 132), (92, 132, 104)),
    ),
    "room": (
        ((242, 226, 196), (188, 152, 112), (158, 122, 92)),
        ((190, 214, 200), (170, 146, 128), (128, 150, 138)),
        ((222, 190, 204), (150, 128, 136), (168, 122, 142)),
    ),
    "beach": (
        ((150, 208, 228), (240, 222, 168), (92, 168, 196)),
        ((252, 200, 180), (226, 192, 150), (132, 150, 186)),
        ((178, 186, 190), (206, 194, 166), (112, 142, 150)),
    ),
    "snow": (
        ((200, 208, 220), (228, 234, 242), (140, 160, 168)),
        ((156, 172, 206), (200, 210, 232), (112, 126, 160)),
        ((238, 212, 216), (240, 228, 230), (172, 152, 164)),
    ),
}
HORIZON_PX = 54


def shade_towards(rgb: tuple[int, int, int], other: tuple[int, int, int], share: float):
    return tuple(round(a + (b - a) * share) for a, b in zip(rgb, other, strict=True))


@lru_cache(maxsize=512)
def background(place: PlacePlan) -> np.ndarray:
    """The place as uint8 [HEIGHT_PX, WIDTH_PX, 3] RGB; read-only, it is shared."""
    upper, ground, furniture = PALETTES[place.name][place.palette]
    rng = np.random.default_rng(place.seed)
    image = np.empty((HEIGHT_PX, WIDTH_PX, 3), np.uint8)
    image[:HORIZON_PX] = upper
    image[HORIZON_PX:] = ground
    draw = {
        "street": _street,
        "lawn": _lawn,
        "room": _room,
        "beach": _beach,
        "snow": _snow,
    }[place.name]
    draw(image, rng, upper, ground, furniture)
    image.flags.writeable = False
    return image


def _box(image: np.ndarray, x0: int, y0: int, x1: int, y1: int, rgb) -> None:
    cv2.rectangle(image, (x0, y0), (x1, y1), rgb, -1)


def _street(image, rng, upper, ground, furniture) -> None:
    x = int(rng.integers(-20, 0))
    while x < WIDTH_PX:
        width, height = int(rng.integers(26, 42)), int(rng.integers(22, 40))
        wall = shade_towards(furniture, upper, float(rng.uniform(0.1, 0.45)))
        _box(image, x, HORIZON_PX - height, x + width, HORIZON_PX - 1, wall)
        pane = shade_towards(wall, (255, 255, 255), 0.35)
        for wx in range(x + 5, x + width - 6, 10):
            for wy in range(HORIZON_PX - height + 5, HORIZON_PX - 8, 11):
                _box(image, wx, wy, wx + 4, wy + 5, pane)
        x += width + int(rng.integers(2, 10))
    _box(image, 0, HORIZON_PX, WIDTH_PX, HORIZON_PX + 5, shade_towards(ground, (255,) * 3, 0.35))
    for x in range(int(rng.integers(0, 16)), WIDTH_PX, 24):
        _box(image, x, 100, x + 11, 101, shade_towards(ground, (255,) * 3, 0.5))


def _lawn(image, rng, upper, ground, furniture) -> None:
    hill = shade_towards(furniture, upper, 0.5)
    middle = (int(rng.integers(10, 118)), HORIZON_PX)
    cv2.ellipse(image, middle, (60, 18), 0, 180, 360, hill, -1, cv2.LINE_AA)
    for _ in range(int(rng.integers(1, 4))):
        x, size = int(rng.integers(6, 122)), int(rng.integers(9, 15))
        trunk = shade_towards((130, 98, 70), upper, 0.25)
        _box(image, x - 2, HORIZON_PX - size, x + 1, HORIZON_PX + 3, trunk)
        centre = (x, HORIZON_PX - size - 6)
        cv2.circle(image, centre, size, furniture, -1, cv2.LINE_AA)
    blade = shade_towards(ground, furniture, 0.4)
    for _ in range(14):
        x, y = int(rng.integers(0, 128)), int(rng.integers(62, 127))
        cv2.line(image, (x, y), (x + 2, y - 3), blade, 1, cv2.LINE_AA)


def _room(image, rng, upper, ground, furniture) -> None:
    white = (255, 255, 255)
    _box(image, 0, HORIZON_PX, WIDTH_PX, HORIZON_PX + 2, shade_towards(upper, white, 0.5))
    for y in range(HORIZON_PX + 14, HEIGHT_PX, 16):
        cv2.line(image, (0, y), (WIDTH_PX, y), shade_towards(ground, furniture, 0.35), 1)
    x = int(rng.integers(6, 40))
    _box(image, x, 8, x + 30, 38, shade_towards(furniture, white, 0.6))
    _box(image, x + 2, 10, x + 28, 36, shade_towards((196, 222, 240), upper, 0.2))
    cv2.line(image, (x + 15, 10), (x + 15, 36), shade_towards(furniture, white, 0.6), 2)
    x = int(rng.integers(64, 92))
    sofa = shade_towards(furniture, upper, 0.3)
    _box(image, x, HORIZON_PX - 16, x + 34, HORIZON_PX + 2, sofa)
    _box(image, x - 4, HORIZON_PX - 8, x + 38, HORIZON_PX + 4, shade_towards(sofa, (0, 0, 0), 0.12))


def _beach(image, rng, upper, ground, furniture) -> None:
    sea = shade_towards(furniture, upper, 0.2)
    _box(image, 0, HORIZON_PX - 20, WIDTH_PX, HORIZON_PX, sea)
    for _ in range(8):
        x, y = int(rng.integers(0, 120)), int(rng.integers(HORIZON_PX - 17, HORIZON_PX - 2))
        cv2.line(image, (x, y), (x + 9, y), shade_towards(sea, (255, 255, 255), 0.4), 1)
    centre = (int(rng.integers(14, 114)), 14)
    cv2.circle(image, centre, 8, shade_towards(upper, (255, 246, 190), 0.7), -1, cv2.LINE_AA)
    grain = shade_towards(ground, (120, 96, 60), 0.2)
    for _ in range(24):
        x, y = int(rng.integers(0, 128)), int(rng.integers(58, 127))
        _box(image, x, y, x + 1, y, grain)


def _snow(image, rng, upper, ground, furniture) -> None:
    for _ in range(2):
        x, height = int(rng.integers(0, 128)), int(rng.integers(20, 38))
        peak = shade_towards(furniture, upper, float(rng.uniform(0.3, 0.6)))
        corners = ((x - 44, HORIZON_PX), (x, HORIZON_PX - height), (x + 44, HORIZON_PX))
        cv2.fillPoly(image, [np.array(corners, np.int32)], peak, cv2.LINE_AA)
    for _ in range(int(rng.integers(2, 5))):
        x, tall = int(rng.integers(4, 124)), int(rng.integers(14, 24))
        for step in range(3):
            y = HORIZON_PX + 2 - step * tall // 4
            corners = ((x - 8 + step, y), (x, y - tall // 2), (x + 8 - step, y))
            cv2.fillPoly(image, [np.array(corners, np.int32)], furniture, cv2.LINE_AA)
    drift = shade_towards(ground, furniture, 0.14)
    for _ in range(7):
        x, y = int(rng.integers(0, 110)), int(rng.integers(64, 126))
        cv2.line(image, (x, y), (x + 16, y), drift, 1, cv2.LINE_AA)


def _hsv(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(image, cv2.COLOR_RGB2HSV).astype(np.int16)


@lru_cache(maxsize=512)
def change_between(first: tuple[str, int], second: tuple[str, int], n_steps: int = 1) -> float:
    """Mean HSV difference per pixel and channel between two colourings, each (place, palette).

    The measure of content-based cut detectors. With `n_steps` the second dissolves into view over
    as many frames, and the answer is the greatest difference between neighbouring frames.
    """
    ends = [background(PlacePlan(*key, seed=0))[::4, ::4] for key in (first, second)]
    mixed = [
        _hsv(cv2.addWeighted(ends[0], 1 - i / n_steps, ends[1], i / n_steps, 0))
        for i in range(n_steps + 1)
    ]
    return max(float(np.abs(a - b).mean()) for a, b in pairwise(mixed))
