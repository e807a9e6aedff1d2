"""A small supersampled canvas with alpha, on which sprites are drawn in units of their height."""

from collections.abc import Sequence

import cv2
import numpy as np

SUPERSAMPLING = 4
OUTLINE_RGB = (30, 30, 36)

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
        width = 2 * int(round(half_width * size_px)) * SUPERSAMPLING
        height = int(round((above + below) * size_px)) * SUPERSAMPLING
        self.origin = (width / 2, float(int(round(above * size_px)) * SUPERSAMPLING))
        self.rgb = np.zeros((height, width, 3), np.uint8)
        self.alpha = np.zeros((height, width), np.uint8)

    def _px(self, point: Point) -> tuple[int, int]:
        x = self.origin[0] + point[0] * self.scale
        y = self.origin[1] + point[1] * self.scale
        return int(round(x)), int(round(y))

    def poly(self, points: Sequence[Point], rgb: Rgb) -> None:
        corners = np.array([self._px(p) for p in points], np.int32)
        cv2.fillPoly(self.rgb, [corners], rgb)
        cv2.fillPoly(self.alpha, [corners], 255)

    def rect(self, x0: float, y0: float, x1: float, y1: float, rgb: Rgb) -> None:
        self.poly(((x0, y0), (x1, y0), (x1, y1), (x0, y1)), rgb)

    def line(self, start: Point, end: Point, width: float, rgb: Rgb) -> None:
        """A limb: a line with round ends."""
        thickness = max(1, int(round(width * self.scale)))
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
        axes = (int(round(radius_x * self.scale)), int(round(radius_y * self.scale)))
        for layer, value in ((self.rgb, rgb), (self.alpha, 255)):
            cv2.ellipse(layer, self._px(centre), axes, angle, arc[0], arc[1], value, -1)

    def rotate(self, degrees: float, centre: Point) -> None:
        """Turn all that is drawn clockwise about a point."""
        matrix = cv2.getRotationMatrix2D(self._px(centre), -degrees, 1.0)
        size = (self.alpha.shape[1], self.alpha.shape[0])
        self.rgb = cv2.warpAffine(self.rgb, matrix, size, flags=cv2.INTER_NEAREST)
        self.alpha = cv2.warpAffine(self.alpha, matrix, size, flags=cv2.INTER_NEAREST)

    def finish(self, facing: int) -> tuple[np.ndarray, np.ndarray, int, int]:
        """Outline, downsample and crop.

        Returns colour premultiplied with alpha (uint16 [h, w, 3], alpha in 0..256), alpha
        (uint16 [h, w, 1]), and the offset in px of the crop's corner from the feet.
        """
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
        outlined = cv2.dilate(self.alpha, kernel)
        self.rgb[(outlined > 0) & (self.alpha == 0)] = OUTLINE_RGB
        self.rgb[outlined == 0] = 0
        size = (outlined.shape[1] // SUPERSAMPLING, outlined.shape[0] // SUPERSAMPLING)
        rgb = cv2.resize(self.rgb, size, interpolation=cv2.INTER_AREA).astype(np.uint16)
        alpha = cv2.resize(outlined, size, interpolation=cv2.INTER_AREA).astype(np.uint16)
        if facing < 0:
            rgb, alpha = rgb[:, ::-1], alpha[:, ::-1]
        rows, columns = np.flatnonzero(alpha.any(1)), np.flatnonzero(alpha.any(0))
        y0, y1, x0, x1 = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
        # The area filter averaged the colour with the empty black around it: premultiplied already.
        premultiplied = np.ascontiguousarray(rgb[y0:y1, x0:x1]) * np.uint16(256)
        alpha_256 = (alpha[y0:y1, x0:x1, None] * 256 + 127) // 255
        return (
            premultiplied,
            np.ascontiguousarray(alpha_256),
            int(x0) - size[0] // 2,
            int(y0) - int(self.origin[1]) // SUPERSAMPLING,
        )
