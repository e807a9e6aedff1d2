"""Shapes that can mark a region on a frame: a mask, a polygon, a box, a point or a scribble.

    {"segmentation": {"size": [h, w], "counts": …}}      COCO run-length code
    {"segmentation": [[x0, y0, x1, y1, …], …]}           COCO polygons
    {"box": [x0, y0, x1, y1]}   {"point": [x, y]}   {"scribble": [[x, y], …]}

Coordinates are pixels of the film. `{"segmentation": null}`, `{}` and null mark a frame without the
object. A run-length code may have the size of a smaller or larger copy of the film.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from pycocotools import mask as coco

from strefer.masks import check_runs, decode_mask

_ASPECT_TOLERANCE = 0.02  # copies of a film are rounded to even sides
_BRUSH_SHARE = 0.05  # a point's or scribble's width as a share of the frame's shorter side


def mask_of_shape(
    shape: Mapping[str, Any] | None, height_px: int, width_px: int
) -> np.ndarray | None:
    """bool [H, W] of a shape; None if it marks nothing.

    Raises:
        ValueError: for a shape of none of the kinds, one outside the frame, or a mask whose sides
            are in another proportion than the frame's.
    """
    if not shape:
        return None
    if "segmentation" in shape:
        mask = _of_segmentation(shape["segmentation"], height_px, width_px)
    else:
        kind = next((k for k in ("box", "point", "scribble") if k in shape), None)
        if kind is None:
            raise ValueError(
                f"a region has {', '.join(sorted(shape))}, not segmentation, box, point or scribble"
            )
        mask = _drawn(kind, np.asarray(shape[kind], np.float64), height_px, width_px)
        if not mask.any():
            raise ValueError(f"{kind} {shape[kind]} lies outside of {width_px} x {height_px} px")
    return mask if mask is not None and mask.any() else None


def _of_segmentation(code: Any, height_px: int, width_px: int) -> np.ndarray | None:
    if not code:
        return None
    if isinstance(code, list):
        _check_polygons(code, max(height_px, width_px))
        merged = coco.merge(coco.frPyObjects(code, height_px, width_px))
        return coco.decode(merged).astype(bool)
    if not isinstance(code, dict) or {"size", "counts"} - set(code):
        raise ValueError("a segmentation is neither polygons nor a run-length code")
    if not code["counts"]:
        return None
    if isinstance(code["counts"], list):  # uncompressed
        check_runs(code["counts"], code["size"])
        code = coco.frPyObjects(code, *code["size"])
        return _scaled(coco.decode(code).astype(bool), height_px, width_px)
    return _scaled(decode_mask(code), height_px, width_px)


def _scaled(mask: np.ndarray, height_px: int, width_px: int) -> np.ndarray:
    if mask.shape == (height_px, width_px):
        return mask
    found = mask.shape[1] / mask.shape[0]
    if abs(found * height_px / width_px - 1) > _ASPECT_TOLERANCE:
        raise ValueError(
            f"a mask of {mask.shape[1]} x {mask.shape[0]} px on frames of {width_px} x {height_px}"
        )
    scaled = cv2.resize(
        mask.astype(np.uint8), (width_px, height_px), interpolation=cv2.INTER_NEAREST_EXACT
    )
    return scaled.astype(bool)


def _check_polygons(polygons: list[Any], side_px: int) -> None:
    """pycocotools walks along every edge, so a point far away would take forever."""
    for polygon in polygons:
        points = np.asarray(polygon, np.float64)
        if points.ndim != 1 or len(points) < 6 or len(points) % 2:
            raise ValueError("a polygon is a list x0, y0, x1, y1, … of at least three points")
        if not np.isfinite(points).all() or abs(points).max() > 4 * side_px:
            raise ValueError(f"a polygon has a point far outside of the frame ({side_px} px)")


def _drawn(kind: str, values: np.ndarray, height_px: int, width_px: int) -> np.ndarray:
    canvas = np.zeros((height_px, width_px), np.uint8)
    brush = max(round(min(height_px, width_px) * _BRUSH_SHARE), 1)
    if kind == "box":
        x0, y0, x1, y1 = np.clip(np.round(values), 0, [width_px, height_px] * 2).astype(int)
        canvas[y0:y1, x0:x1] = 1
    elif kind == "point":
        x, y = np.round(values).astype(int)
        cv2.circle(canvas, (int(x), int(y)), (brush + 1) // 2, 1, thickness=-1)
    else:
        points = np.round(values).astype(np.int32).reshape(-1, 1, 2)
        cv2.polylines(canvas, [points], isClosed=False, color=1, thickness=brush)
    return canvas.astype(bool)
