"""Masks: COCO run-length codes, overlaps and boxes.

A mask is bool [H, W]. A box is pixels (x0, y0, x1, y1), x1 and y1 outside. Run-length codes are
those of pycocotools with their counts as text, so that they fit into JSON.
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
    """bool [H, W] of a run-length code.

    Raises:
        ValueError: if it is not a run-length code of its size.
    """
    check_runs(runs_of(rle["counts"]), rle["size"])
    return coco.decode(_binary(rle)).astype(bool)


MAX_SIDE_PX = 1 << 15


def check_runs(runs: Sequence[int], size: Sequence[int]) -> None:
    """Refuse what pycocotools would write beyond the end of its memory for.

    Raises:
        ValueError: unless the runs fill a mask of the size exactly.
    """
    sides = list(size) if isinstance(size, list | tuple) else []
    if len(sides) != 2 or not all(type(s) is int and 0 < s <= MAX_SIDE_PX for s in sides):
        raise ValueError(f"a mask's size must be [height, width] in pixels, not {size!r:.60}")
    if not all(type(run) is int and run >= 0 for run in runs):
        raise ValueError("a mask's run is not a whole number of at least 0")
    if sum(runs) != sides[0] * sides[1]:
        raise ValueError(
            f"the runs of a mask have {sum(runs):.6g} pixels, not {sides[0]} x {sides[1]}"
        )


def runs_of(counts: str) -> list[int]:
    """The lengths of the runs in COCO's compressed counts: numbers of 5 bits a character, from
    the third on as differences to the run before the last.

    Raises:
        ValueError: if the text is not such a code.
    """
    if not isinstance(counts, str):
        raise ValueError("a mask's counts must be text")
    runs: list[int] = []
    number = bits = 0
    for character in counts:
        code = ord(character) - 48
        if not 0 <= code < 64 or bits > 30:
            raise ValueError(f"a mask's counts cannot have {character!r} there")
        number |= (code & 0x1F) << bits
        bits += 5
        if code & 0x20:
            continue
        if code & 0x10:
            number -= 1 << bits
        runs.append(number + (runs[-2] if len(runs) > 2 else 0))
        number = bits = 0
    if bits:
        raise ValueError("a mask's counts end within a number")
    return runs


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
    """The smallest box around a code's pixels; all zeros for an empty code."""
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
