"""Semantic segments of a shot: hierarchical clustering of embeddings along time."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence

import numpy as np


def boundaries_within(
    times_s: np.ndarray,
    embeddings: np.ndarray,
    start_s: float,
    end_s: float,
    distance_threshold: float,
    min_segment_s: float,
) -> list[float]:
    """Find the frames at which a shot's content changes.

    Args:
        times_s: float64 [N], times of the embedded frames, ascending, within the shot.
        embeddings: float32 [N, D] of unit length.
        start_s, end_s: the shot.
        distance_threshold: average cosine distance from which neighbouring clusters stay apart.
        min_segment_s: no segment is shorter, unless the shot is.

    Returns:
        Ascending times strictly inside the shot, each halfway between two embedded frames.
    """
    if len(times_s) < 2:
        return []
    # A boundary before frame i; the first of a shot's frames has none.
    before = np.round((times_s[:-1] + times_s[1:]) / 2, 6)
    first = cluster_neighbours(embeddings, distance_threshold)
    edges = [start_s, *(float(before[i - 1]) for i in first if i > 0), end_s]
    sums = np.add.reduceat(embeddings.astype(np.float64), first, axis=0)
    counts = np.diff([*first, len(times_s)])
    means = sums / counts[:, None]
    return _merge_short(edges, list(means), list(counts), min_segment_s)


# Neighbours that are further apart than nine of ten count as a change, not as the same.
_SAME_SHARE = 0.9
LEAST_NOISE = 1e-3  # a still picture's: below it distances are rounding


def noise_of(
    times_s: np.ndarray, embeddings: np.ndarray, cuts_s: Sequence[float], shifted: float
) -> float:
    """The cosine distance that an embedder puts between frames of this film that show the same.

    It is the sum of what moves within a scene (the mean over neighbours of one shot, without the
    furthest) and of what the embedder makes of a small shift of the frame (which a film from a
    tripod does not show). An embedder whose cosines are all near 1 has a small one.

    Args:
        times_s, embeddings: of the embedded frames, [N] and [N, D] of unit length.
        cuts_s: times of hard cuts, ascending.
        shifted: mean cosine distance between two views of one frame.
    """
    distances = 1 - np.sum(embeddings[1:] * embeddings[:-1], axis=1, dtype=np.float64)
    shot = np.searchsorted(np.asarray(cuts_s, np.float64) - 1e-5, times_s, side="right")
    inside = np.sort(distances[shot[1:] == shot[:-1]])
    same = inside[: math.ceil(_SAME_SHARE * len(inside))]
    return max(shifted + float(same.mean() if len(same) else 0.0), LEAST_NOISE)


def cluster_neighbours(embeddings: np.ndarray, distance_threshold: float) -> list[int]:
    """Agglomerative clustering with average linkage in which only neighbours merge.

    Of unit vectors, the average cosine distance between two clusters is 1 minus the product of
    their means, so that a merge costs O(D) and the whole O(N (D + log N)), with no N × N matrix.
    (scikit-learn's `AgglomerativeClustering` on a chain averages over the edges of the chain only,
    which is single linkage here: it never sees a gradual change.)

    Args:
        embeddings: float [N, D] of unit length, N ≥ 1.
        distance_threshold: clusters at least this far apart are not merged.

    Returns:
        The clusters' first indices, ascending; the first is 0.
    """
    count = len(embeddings)
    sums = embeddings.astype(np.float64)
    sizes = np.ones(count)
    following = [*range(1, count), -1]
    preceding = [-1, *range(count - 1)]
    version = [0] * count  # a heap's entry of an older version is out of date
    heap: list[tuple[float, int, int, int, int]] = []

    def propose(left: int, right: int) -> None:
        distance = 1 - float(sums[left] @ sums[right]) / (sizes[left] * sizes[right])
        if distance < distance_threshold:
            heapq.heappush(heap, (distance, left, right, version[left], version[right]))

    for left in range(count - 1):
        propose(left, left + 1)
    alive = [True] * count
    while heap:
        _, left, right, left_version, right_version = heapq.heappop(heap)
        if not (alive[left] and alive[right]):
            continue
        if (version[left], version[right]) != (left_version, right_version):
            continue
        sums[left] += sums[right]
        sizes[left] += sizes[right]
        alive[right] = False
        version[left] += 1
        following[left] = following[right]
        if following[left] >= 0:
            preceding[following[left]] = left
            propose(left, following[left])
        if preceding[left] >= 0:
            propose(preceding[left], left)
    return [i for i in range(count) if alive[i]]


def _merge_short(
    edges: list[float], means: list[np.ndarray], counts: list[int], min_segment_s: float
) -> list[float]:
    """Merge each segment that is too short, shortest first, with the neighbour it resembles."""
    while len(means) > 1:
        lengths = np.diff(edges)
        short = int(lengths.argmin())
        if lengths[short] >= min_segment_s - 1e-6:
            break
        neighbours = [i for i in (short - 1, short + 1) if 0 <= i < len(means)]
        nearest = min(neighbours, key=lambda i: _distance(means[i], means[short]))
        left, right = sorted((short, nearest))
        total = counts[left] + counts[right]
        means[left] = (means[left] * counts[left] + means[right] * counts[right]) / total
        counts[left] = total
        del means[right], counts[right], edges[right]
    return edges[1:-1]


def _distance(first: np.ndarray, second: np.ndarray) -> float:
    return 1 - float(first @ second)


def without_short_ends(
    cuts_s: Sequence[float], duration_s: float, min_segment_s: float
) -> list[float]:
    """The cuts, without those that would leave a shot shorter than allowed; the later of two
    goes, and at the end of a film the last."""
    kept: list[float] = []
    for cut_s in cuts_s:
        far_enough = cut_s - (kept[-1] if kept else 0.0) >= min_segment_s - 1e-6
        if far_enough and duration_s - cut_s >= min_segment_s - 1e-6:
            kept.append(cut_s)
    return kept
