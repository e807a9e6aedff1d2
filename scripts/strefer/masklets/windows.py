"""Long films: sampled in windows that overlap, so that no film is too long.

A film of at most `window_s` is one window of `frames` evenly spaced frames, as in the paper. A
longer one is sampled evenly too, at least as densely as a film of `window_s`, and tracked in
windows of `frames` frames each, of which neighbours share those of about `overlap_s`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from strefer.films.apart import iterate_frames_apart
from strefer.frames import sample_times


def plan_times(duration_s: float, fps: float, frames: int, window_s: float) -> list[float]:
    """The times of a film's sampled frames, first and last frame included."""
    if duration_s <= window_s:
        return sample_times(duration_s, frames, fps)
    step_s = window_s / (frames - 1)
    return sample_times(duration_s, math.ceil(duration_s / step_s) + 1, fps)


def plan_windows(count: int, frames: int, window_s: float, overlap_s: float) -> list[range]:
    """Windows over `count` sampled frames, as ranges of their indices.

    The last window is moved back so that it is as long as the others.
    """
    if count <= frames:
        return [range(count)]
    shared = min(max(round(overlap_s / window_s * (frames - 1)), 1), frames - 1)
    starts = list(range(0, count - frames, frames - shared))
    return [range(start, start + frames) for start in [*starts, count - frames]]


def read_windows(
    path: str | Path, times_s: Sequence[float], windows: Sequence[range]
) -> Iterator[np.ndarray]:
    """The frames of each window, uint8 [T, H, W, 3]. The film is decoded once and no more than one
    window is held."""
    decoded = iterate_frames_apart(path, times_s)
    held: list[np.ndarray] = []
    first = 0
    for window in windows:
        held = held[window.start - first :]
        first = window.start
        while len(held) < len(window):
            held.append(next(decoded))
        yield np.stack(held)
