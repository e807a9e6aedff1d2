"""Region prompts beyond masks: from a mask also a box, a point and a scribble (`RegionPrompt`).

The point is the pixel deepest inside the mask. The scribble is a stroke along the mask's longest
extent, in at most `SCRIBBLE_POINTS` points, all inside the mask.
"""

from __future__ import annotations

import cv2
import numpy as np

from strefer.masks import box_of_mask
from strefer.records import RegionPrompt

Point = tuple[int, int]
SCRIBBLE_POINTS = 8
# Strokes keep off the ends of an object, as a user's do.
FIRST_SHARE, LAST_SHARE = 0.1, 0.9


def region_prompt(mask: np.ndarray) -> RegionPrompt:
    """The region prompt of a mask, bool [H, W].

    Raises:
        ValueError: for an empty mask: there is nothing to refer to.
    """
    box = box_of_mask(mask)
    if box is None:
        raise ValueError("region prompt of an empty mask; only frames with a mask have one")
    # The frame's edge counts as outside, so that the point of a cut object is not on the edge.
    padded = np.pad(mask.astype(np.uint8), 1)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    return RegionPrompt(box, (int(x), int(y)), _scribble(mask, depth))


def _scribble(mask: np.ndarray, depth: np.ndarray) -> tuple[Point, ...]:
    """Of equal slices across the mask's main axis, the deepest pixel of each."""
    rows, columns = np.nonzero(mask)
    pixels = np.stack([columns, rows], axis=1).astype(np.float64)
    centred = pixels - pixels.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axis = axes[:, -1]
    if axis[np.abs(axis).argmax()] < 0:  # an axis has no direction: take one, for equal results
        axis = -axis
    along = centred @ axis
    low, high = np.quantile(along, [FIRST_SHARE, LAST_SHARE])
    depths = depth[rows, columns]
    points: list[Point] = []
    for target in np.linspace(low, high, SCRIBBLE_POINTS):
        # Within a pixel's diagonal of the cut; the nearest pixel always is among them.
        distance = np.abs(along - target)
        near = np.flatnonzero(distance <= max(distance.min(), 0.75))
        chosen = near[depths[near].argmax()]
        points.append((int(columns[chosen]), int(rows[chosen])))
    return tuple(dict.fromkeys(points))
