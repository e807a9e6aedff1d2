"""Region similarity J and boundary accuracy F of the DAVIS challenge: our own implementation.

Source of the measures: Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video
Object Segmentation", CVPR 2016, section 5. J is the masks' intersection over union; F is the
harmonic mean of precision and recall of contour pixels, where a contour pixel is found if the other
contour passes within 0.008 of the frame's diagonal. Both are 1 where neither mask has a pixel.
Deviation: the match is by distance to the nearest contour pixel, as in the challenge's own
scoring of F by dilation, not by bipartite matching.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

TOLERANCE = 0.008  # of the frame's diagonal


def region_j(predicted: np.ndarray, truth: np.ndarray) -> float:
    """J of two bool masks [H, W]."""
    union = np.count_nonzero(predicted | truth)
    return np.count_nonzero(predicted & truth) / union if union else 1.0


def boundary_f(predicted: np.ndarray, truth: np.ndarray, tolerance: float = TOLERANCE) -> float:
    """F of two bool masks [H, W]."""
    contours = contour(predicted), contour(truth)
    n_predicted, n_truth = (np.count_nonzero(c) for c in contours)
    if not n_predicted or not n_truth:
        return 1.0 if n_predicted == n_truth else 0.0
    radius = math.ceil(tolerance * math.hypot(*truth.shape))
    near_predicted, near_truth = (_grown(c, radius) for c in contours)
    precision = np.count_nonzero(contours[0] & near_truth) / n_predicted
    recall = np.count_nonzero(contours[1] & near_predicted) / n_truth
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def contour(mask: np.ndarray) -> np.ndarray:
    """bool [H, W]: the pixels that differ from their right, lower or lower right neighbour."""
    padded = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    here = padded[:-1, :-1]
    return (here != padded[:-1, 1:]) | (here != padded[1:, :-1]) | (here != padded[1:, 1:])


def _grown(pixels: np.ndarray, radius: int) -> np.ndarray:
    reach = np.arange(-radius, radius + 1)
    disk = (reach[:, None] ** 2 + reach[None] ** 2 <= radius**2).astype(np.uint8)
    return cv2.dilate(pixels.astype(np.uint8), disk).astype(bool)


def j_and_f(predicted: Sequence[np.ndarray], truth: Sequence[np.ndarray]) -> float:
    """J&F of one object through a film: the mean of mean J and mean F over its frames.

    Args:
        predicted, truth: bool masks [H, W], one a frame, empty where the object is not.

    Raises:
        ValueError: if there are no frames, or the two differ in length.
    """
    if not truth or len(predicted) != len(truth):
        raise ValueError(f"J&F of {len(predicted)} predicted and {len(truth)} true masks")
    pairs = list(zip(predicted, truth, strict=True))
    j = sum(region_j(p, t) for p, t in pairs) / len(pairs)
    return (j + sum(boundary_f(p, t) for p, t in pairs) / len(pairs)) / 2
