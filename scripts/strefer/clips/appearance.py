"""Pack a film's appearance by segment into its record, and write that record's line."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

from strefer.records import Appearance, Clips, to_json


def line_of(clips: Clips) -> dict[str, Any]:
    """The record in its written form: without cut probabilities if there are none."""
    fields = to_json(clips)
    if not clips.cut_probabilities:
        del fields["cut_probabilities"]
    return fields


def nearest_frames(times_s: np.ndarray, start_s: float, end_s: float) -> np.ndarray:
    """Indices of the frames [N] inside a segment; if there are none, the nearest one's."""
    inside = np.flatnonzero((times_s >= start_s - 1e-5) & (times_s < end_s - 1e-5))
    return inside if len(inside) else np.array([np.abs(times_s - start_s).argmin()])


def packed(means: Sequence[np.ndarray]) -> str:
    """Vectors float [D] as `Appearance.segments`: base64 of int8 [S, D]. Directions stay, up to
    0.0001 of cosine distance; lengths do not."""
    rows = np.stack(means)
    scaled = rows * (127 / np.abs(rows).max(axis=1, keepdims=True).clip(1e-12))
    return base64.b64encode(scaled.round().astype(np.int8).tobytes()).decode()


def unpacked(appearance: Appearance, n_segments: int) -> np.ndarray:
    """float32 [S, D] of unit length."""
    raw = np.frombuffer(base64.b64decode(appearance.segments), np.int8)
    rows = raw.reshape(n_segments, -1).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True).clip(1e-12)
