"""Masks: COCO run-length codes, overlaps and boxes.

A mask is bool [H, W]. A box is pixels (x0, y0, x1, y1), x1 and y1 outside. Run-length codes are
those of pycocotools with their counts as text, so that they stand in JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
from pycocotools import mask as coco

from strefer.records import Box, Rle


def encode_mask(mask: np.ndarray) -> Rle:
    """The run-length code of a bool mask [H, W]."""
    code = coco.encode(np.asfortranarray(mask, dtype=np.uint8))
    return {"size": [int(side) for side in code["size"]], "counts": code["counts"].decode("ascii")}


def decode_mask(rle: Rle) -> np.ndarray:
    """bool [H, W] of a run-length code."""
    return coco.decode(_binary(rle)).astype(bool)


def rle_areas(rles: Sequence[Rle]) -> np.ndarray:
    """Pixels of each code, int [N]."""
    return np.asarray(coco.area([_binary(rle) for rle in rles]), np.int64).reshape(len(rles))


def rle_ious(first: Sequence[Rle], second: Sequence[Rle]) -> np.ndarray:
    """Intersection over union of every pair of codes of one size, float [N, M]."""
    if not first or not second:
        return np.zeros((len(first), len(second)))
    not_crowds = [0] * len(second)
    return np.asarray(
        coco.iou([_binary(r) for r in first], [_binary(r) for r in second], not_crowds)
    )


def rle_iou(first: Rle, second: Rle) -> float:
    """Intersection over union of two codes; 0 of two empty ones."""
    return float(rle_ious([first], [second])[0, 0])


def _binary(rle: Rle) -> dict:
    return {"size": list(rle["size"]), "counts": rle["counts"].encode("ascii")}


def box_of_mask(mask: np.ndarray) -> Box | None:
    """The smallest box around a mask's pixels; None for an empty mask."""
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    if not len(columns):
        return None
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def box_of_rle(rle: Rle) -> Box:
    """The smallest box around a code's pixels."""
    x0, y0, width, height = (float(v) for v in coco.toBbox(_binary(rle)))
    return x0, y0, x0 + width, y0 + height


def box_ious(first: Sequence[Box], second: Sequence[Box]) -> np.ndarray:
    """Intersection over union of every pair of boxes, float [N, M]."""
    if not first or not second:
        return np.zeros((len(first), len(second)))
    a = np.asarray(first, np.float64)[:, None]
    b = np.asarray(second, np.float64)[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    inside = np.clip(sides, 0, None).prod(axis=-1)
    areas = (a[..., 2:] - a[..., :2]).prod(axis=-1) + (b[..., 2:] - b[..., :2]).prod(axis=-1)
    return cast(np.ndarray, inside / np.maximum(areas - inside, 1e-9))
