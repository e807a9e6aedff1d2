"""Attackers on QVHighlights' yes/no sets that see no film: times alone, or text and times.

PYTHONPATH=scripts:tests python tests/attackers.py ANNOTATIONS   prints what they reach
"""

import sys
from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from strefer.benchmarks.files import read_json
from strefer.benchmarks.windows import by_query, by_swap


def times_of(asked):
    """[N, 7]: start, end, length and duration in seconds, middle as a share, touched edges."""
    rows = []
    for line, (start, end), _ in asked:
        duration = line["duration"]
        touched = [float(start == 0), float(end >= duration)]
        rows.append([start, end, end - start, duration, (start + end) / 2 / duration, *touched])
    return np.array(rows)


def truth_of(asked):
    return np.array([gold == "yes" for *_, gold in asked])


def touches_edge(asked):
    """Accuracy of "yes" where the window begins or ends with the film."""
    times = times_of(asked)
    return float(np.mean(times[:, 5:].any(1) == truth_of(asked)))


def groups_of(asked):
    """Folds hold whole groups: questions that share a film, and the four that share two windows and
    follow each other in a set of swaps (one answer gives away the three others)."""
    parent = {}

    def find(film):
        while parent.setdefault(film, film) != film:
            film = parent[film]
        return film

    for i in range(0, len(asked), 4):
        first, *others = dict.fromkeys(line["vid"] for line, _, _ in asked[i : i + 4])
        for other in others:
            parent[find(other)] = find(first)
    roots = [find(line["vid"]) for line, _, _ in asked]
    return np.unique(roots, return_inverse=True)[1]


def from_times(asked):
    """Accuracy of boosted trees on times, cross-validated over films."""
    model = HistGradientBoostingClassifier(max_depth=4, max_iter=100, random_state=0)
    folds = GroupKFold(5)
    said = cross_val_predict(
        model, times_of(asked), truth_of(asked), groups=groups_of(asked), cv=folds
    )
    return float(np.mean(said == truth_of(asked)))


def from_text_and_times(asked):
    """Accuracy of a linear model on words, times, and words at early, middle and late times."""
    texts = []
    for (line, _, _), (_, _, length, duration, middle, *_rest) in zip(
        asked, times_of(asked), strict=True
    ):
        part = int(min(middle * 4, 3))
        size = int(min(length / duration * 4, 3))
        words = line["query"].lower().split()
        marked = [f"{word}_{kind}" for word in words for kind in (f"at{part}", f"of{size}")]
        texts.append(" ".join([*words, *marked, f"at{part}", f"of{size}", f"at{part}of{size}"]))
    model = make_pipeline(
        TfidfVectorizer(token_pattern=r"\S+", min_df=2, sublinear_tf=True),
        LogisticRegression(max_iter=300, C=1.0),
    )
    folds = GroupKFold(5)
    said = cross_val_predict(model, texts, truth_of(asked), groups=groups_of(asked), cv=folds)
    return float(np.mean(said == truth_of(asked)))


if __name__ == "__main__":
    lines = read_json(Path(sys.argv[1]))
    for pick in (by_query, by_swap):
        for seed in (0, 1, 2):
            asked = pick(lines, seed)
            reached = [f(asked) for f in (touches_edge, from_times, from_text_and_times)]
            shown = ", ".join(f"{share:.1%}" for share in reached)
            print(
                f"{pick.__name__}, seed {seed}, {len(asked)} questions: edge, times, text: {shown}"
            )
