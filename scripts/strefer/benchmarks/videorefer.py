"""Shared by VideoRefer-Bench-D and -Q: the masks of the objects that a question is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from strefer.benchmarks.files import ID, LIST, field

Region = dict[str, Any]  # masks by frame number


def shown_regions(entry: Mapping[str, Any], options: Mapping[str, Any], where: str) -> list[Region]:
    """Each object's masks by frame. Frames without a mask (null in the official files) are left
    out, so an object that has none is empty.

    Args:
        options: `single_frame`: only the masks of `frame_idx` are shown.

    Raises:
        ValueError: if the annotation is not a list of objects; names the entry.
    """
    regions = []
    for number, masks in enumerate(field(entry, "annotation", LIST, where)):
        if masks is not None and not isinstance(masks, dict):
            raise ValueError(f"{where}: object {number} must be an object of frames")
        regions.append({frame: shape for frame, shape in (masks or {}).items() if _marks(shape)})
    if not all(frame.strip().isdecimal() for region in regions for frame in region):
        raise ValueError(f"{where}: a frame in `annotation` must be a frame number")
    if options.get("single_frame"):
        only = str(field(entry, "frame_idx", ID, where))
        regions = [{f: s for f, s in region.items() if f == only} for region in regions]
    return regions


def _marks(shape: Any) -> bool:
    return isinstance(shape, dict) and bool(shape.get("segmentation"))


def without_mask(regions: Sequence[Region]) -> str | None:
    """Say why these regions cannot be shown, or return None."""
    if not regions:
        return "it has no object"
    empty = [str(number) for number, region in enumerate(regions) if not region]
    return f"object {', '.join(empty)} has no mask" if empty else None
