"""Find which expression a track follows, frame by frame: if that changes, the track has drifted."""

from __future__ import annotations

import numpy as np

DOUBT = 1e-3  # a share of all verdicts that may be mere error: it bounds what one frame can say


def log_odds(probability: np.ndarray | float) -> np.ndarray:
    """Probabilities as log-odds, the unit in which verdicts on several frames add up.

    Sums need it: a model that is sure of the right one at 0.3 and of the wrong one at 0.0002 makes
    nearly the same difference as one with 0.99 and 0.1, but probabilities hide that. `DOUBT` keeps
    one frame within ±7, so that an odd crop does not outweigh a course.
    """
    return np.log((np.asarray(probability) + DOUBT) / (1 - np.asarray(probability) + DOUBT))


def followed_expressions(
    fits: np.ndarray, own: int | None, margin: float, switch_cost: float, min_score: float
) -> np.ndarray:
    """The likeliest course of a track through the expressions (Viterbi's algorithm).

    The course's worth is the sum over frames of the log-odds that the crop shows the expression,
    less `switch_cost` for each change, so that a single odd crop (half hidden, in a fade) changes
    nothing, while a run of frames on another entity does.

    Args:
        fits: float [E, T], how probable each expression is for the track's crop on each frame.
        own: the expression that the track was assigned; it is favoured by `margin` a frame.
        margin, switch_cost: in log-odds.
        min_score: the probability of "none of them".

    Returns:
        int [T]: the expression by position, -1 for none.
    """
    n_expressions, n_frames = fits.shape
    worth = log_odds(np.vstack([fits, np.full((1, n_frames), min_score)]))
    if own is not None:
        worth[own] += margin
    best = np.zeros_like(worth)
    came_from = np.zeros(worth.shape, np.int64)
    best[:, 0] = worth[:, 0]
    states = np.arange(n_expressions + 1)
    for t in range(1, n_frames):
        leader = int(best[:, t - 1].argmax())
        moves = best[leader, t - 1] - switch_cost > best[:, t - 1]
        came_from[:, t] = np.where(moves, leader, states)
        best[:, t] = worth[:, t] + best[came_from[:, t], t - 1]
    course = np.zeros(n_frames, np.int64)
    course[-1] = best[:, -1].argmax()
    for t in range(n_frames - 1, 0, -1):
        course[t - 1] = came_from[course[t], t]
    return np.where(course == n_expressions, -1, course)
