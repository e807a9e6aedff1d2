"""A small supersampled canvas with alpha, on which sprites are drawn in units of their height."""

from collections.abc import Sequence

import cv2
import numpy as np

SUPERSAMPLING = 4
OUTLINE_GREY = 32
_OUTLINE_KERNEL = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))  # a line of 3/4 px

Rgb = tuple[int, int, int]
Point = tuple[float, float]


def shade(rgb: Rgb, factor: float) -> Rgb:
    """The colour darkened (factor < 1) or lightened towards white (factor > 1)."""
    if factor <= 1:
        return tuple(round(c * factor) for c in rgb)
    return tuple(round(c + (255 - c) * (factor - 1)) for c in rgb)


class Canvas:
    """x right, y down; (0, 0) is the middle of the feet; 1.0 is the sprite's height."""

    def __init__(self, size_px: int, half_width: float, above: float, below: float) -> None:
        self.scale = size_px * SUPERSAMPLING
        self.half_width, self.above, self.below = half_width, above, below
        width = 2 * round(half_width * size_px) * SUPERSAMPLING
        height = round((above + below) * size_px) * SUPERSAMPLING
        self.origin = (width / 2, float(round(above * size_px) * SUPERSAMPLING))
        # Undrawn pixels have the outline's colour, so that a grown alpha shows the outline.
        self.rgb = np.full((height, width, 3), OUTLINE_GREY, np.uint8)
        self.alpha = np.zeros((height, width), np.uint8)

    def _px(self, point: Point) -> tuple[int, int]:
        x = self.origin[0] + point[0] * self.scale
        y = self.origin[1] + point[1] * self.scale
        return round(x), round(y)

    def poly(self, points: Sequence[Point], rgb: Rgb) -> None:
        corners = np.array([self._px(p) for p in points], np.int32)
        cv2.fillPoly(self.rgb, [corners], rgb)
        cv2.fillPoly(self.alpha, [corners], 255)

    def rect(self, x0: float, y0: float, x1: float, y1: float, rgb: Rgb) -> None:
        self.poly(((x0, y0), (x1, y0), (x1, y1), (x0, y1)), rgb)

    def line(self, start: Point, end: Point, width: float, rgb: Rgb) -> None:
        """A limb: a line with round ends."""
        thickness = max(1, round(width * self.scale))
        cv2.line(self.rgb, self._px(start), self._px(end), rgb, thickness)
        cv2.line(self.alpha, self._px(start), self._px(end), 255, thickness)

    def circle(self, centre: Point, radius: float, rgb: Rgb) -> None:
        self.ellipse(centre, radius, radius, rgb)

    def ellipse(
        self,
        centre: Point,
        radius_x: float,
        radius_y: float,
        rgb: Rgb,
        angle: float = 0.0,
        arc: tuple[float, float] = (0.0, 360.0),
    ) -> None:
        """An ellipse, or the sector of it between two angles (degrees, clockwise from +x)."""
        axes = (round(radius_x * self.scale), round(radius_y * self.scale))
        for layer, value in ((self.rgb, rgb), (self.alpha, 255)):
            cv2.ellipse(layer, self._px(centre), axes, angle, arc[0], arc[1], value, -1)

    def rotate(self, degrees: float, centre: Point) -> None:
        """Turn all that is drawn clockwise about a point."""
        matrix = cv2.getRotationMatrix2D(self._px(centre), -degrees, 1.0)
        size = (self.alpha.shape[1], self.alpha.shape[0])
        nearest = cv2.INTER_NEAREST
        self.rgb = cv2.warpAffine(
            self.rgb, matrix, size, flags=nearest, borderValue=(OUTLINE_GREY,) * 3
        )
        self.alpha = cv2.warpAffine(self.alpha, matrix, size, flags=nearest)

    def finish(self, facing: int) -> tuple[np.ndarray, np.ndarray, int, int]:
        """Outline, downsample and crop.

        Returns colour premultiplied with alpha (uint16 [h, w, 3], alpha in 0..256), alpha
        (uint16 [h, w, 1]), and the offset in px of the crop's corner from the feet.
        """
        step = SUPERSAMPLING
        x, y, width, height = cv2.boundingRect(self.alpha)
        x0, y0 = max(x // step - 1, 0), max(y // step - 1, 0)
        x1 = min((x + width) // step + 2, self.alpha.shape[1] // step)
        y1 = min((y + height) // step + 2, self.alpha.shape[0] // step)
        window = (slice(y0 * step, y1 * step), slice(x0 * step, x1 * step))
        outlined = cv2.dilate(self.alpha[window], _OUTLINE_KERNEL)
        shown = cv2.bitwise_and(self.rgb[window], self.rgb[window], mask=outlined)
        size = (x1 - x0, y1 - y0)
        # The area filter averages the colour with the black around it: that premultiplies it.
        rgb = cv2.resize(shown, size, interpolation=cv2.INTER_AREA).astype(np.uint16)
        alpha = cv2.resize(outlined, size, interpolation=cv2.INTER_AREA).astype(np.uint16)
        left = x0 - int(self.origin[0]) // step
        if facing < 0:
            rgb, alpha, left = rgb[:, ::-1], alpha[:, ::-1], -left - size[0]
        return (
            np.ascontiguousarray(rgb * np.uint16(256)),
            np.ascontiguousarray((alpha[:, :, None] * np.uint16(256) + np.uint16(127)) // 255),
            left,
            y0 - int(self.origin[1]) // step,
        )
