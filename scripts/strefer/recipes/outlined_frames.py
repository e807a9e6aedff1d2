"""Frames of a film as pictures with outlined regions, for trainers that take no films."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from strefer.frames import fit_size, read_frames, sample_times
from strefer.recipes.published_format import NUM_FRAMES
from strefer.videollm.data.film_shape import film_shape
from strefer.videollm.qwen_vl.region_drawing import outline

_N_FRAMES, _MOST_PIXELS = 8, 448 * 448
Region = dict[float, np.ndarray]
"""Masks, bool [H, W], by seconds of the film."""


def middle(region: Region) -> float:
    """The time of the middle one of a region's masks."""
    return list(region)[len(region) // 2]


def outlined_frames(film: str, regions: list[Region]) -> tuple[list[float], list[dict[str, Any]]]:
    """The times in seconds of some frames of a film, evenly spaced and one for each region, and the
    frames as JPEG, {"bytes", "path"}, in which regions are outlined where they have a mask."""
    shape = film_shape(film)
    grid = sample_times(shape.duration_s, NUM_FRAMES, shape.fps)
    chosen = {grid[i * (NUM_FRAMES - 1) // (_N_FRAMES - 1)] for i in range(_N_FRAMES)}
    times_s = sorted(chosen | {middle(region) for region in regions})
    frames = read_frames(film, times_s)
    height, width = frames.shape[1:3]
    shown = [
        {
            index: mask[:height, :width]
            for index, time_s in enumerate(times_s)
            for own_s, mask in region.items()
            if abs(own_s - time_s) < 0.5 / shape.fps
        }
        for region in regions
    ]
    size = fit_size((width, height), _MOST_PIXELS)
    pictures = []
    for frame in outline(frames, shown):
        small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
        _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
        pictures.append({"bytes": jpeg.tobytes(), "path": None})
    return times_s, pictures
