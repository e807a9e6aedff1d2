"""Attackers that see the text alone: does the wording of the pairs give the answer away?

Two of them, a bag of words and a small transformer, learn from the pairs of four fifths of the
films and guess those of the rest; the better one's accuracy is the figure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from drawn_world.quality.films import MeasuredFilm
from drawn_world.quality.small_transformer import Text, score_by_transformer

FOLDS = 5


@dataclass(frozen=True)
class Riddle:
    """One question as an attacker sees it.

    Attributes:
        film: the number of its film.
        texts: to be scored each: the question of a yes/no pair, or each option with the question,
            beside the other options.
        right: 1 for yes and 0 for no, or the place of the right option.
    """

    film: int
    texts: tuple[Text, ...]
    right: int

    @property
    def labels(self) -> list[bool]:
        """For each text, whether it is right."""
        if len(self.texts) == 1:
            return [bool(self.right)]
        return [place == self.right for place in range(len(self.texts))]

    def guessed(self, scores: np.ndarray) -> bool:
        """True if scores of the texts, [texts], positive for "right", guess the answer."""
        if len(self.texts) == 1:
            return bool(scores[0] > 0) == bool(self.right)
        return int(scores.argmax()) == self.right


def text_only_yes_no(films: Sequence[MeasuredFilm]) -> float | None:
    """Accuracy of the better attacker on yes/no questions; None with too few films."""
    riddles = [
        Riddle(number, ((pair.question, ""),), int(pair.answer.lower().startswith("yes")))
        for number, pair in _kept(films, "yes_no")
    ]
    return _best_accuracy(riddles)


def text_only_choice(films: Sequence[MeasuredFilm]) -> float | None:
    """The same for choices of four: the option that looks most like a right one is taken."""
    riddles = []
    for number, pair in _kept(films, "choice"):
        texts = tuple(
            (
                f"{option} | {pair.question}",
                " | ".join(other for other in pair.options if other != option),
            )
            for option in pair.options
        )
        letter = re.sub(r"[^A-D]", "", pair.answer)[:1] or "A"
        riddles.append(Riddle(number, texts, ord(letter) - ord("A")))
    return _best_accuracy([riddle for riddle in riddles if len(riddle.texts) == 4])


def _kept(films: Sequence[MeasuredFilm], form: str):
    for number, film in enumerate(films):
        for pair in film.records["instructions"]:
            if pair.form == form and pair.rejected is None:
                yield number, pair


Scorer = Callable[[Sequence[Text], Sequence[bool], Sequence[Text]], np.ndarray]


def _best_accuracy(riddles: Sequence[Riddle]) -> float | None:
    numbers = {riddle.film for riddle in riddles}
    if len(numbers) < FOLDS or len({riddle.right for riddle in riddles}) < 2:
        return None
    return max(_accuracy(riddles, scorer) for scorer in (score_by_words, score_by_transformer))


def _accuracy(riddles: Sequence[Riddle], scorer: Scorer) -> float:
    """Accuracy over all folds; a film's riddles are all in one."""
    order = {film: place for place, film in enumerate(sorted({r.film for r in riddles}))}
    guessed = []
    for fold in range(FOLDS):
        learned = [r for r in riddles if order[r.film] % FOLDS != fold]
        asked = [r for r in riddles if order[r.film] % FOLDS == fold]
        labels = [label for riddle in learned for label in riddle.labels]
        scores = scorer(_texts(learned), labels, _texts(asked))
        ends = np.cumsum([len(riddle.texts) for riddle in asked])[:-1]
        parts = np.split(scores, ends)
        guessed += [r.guessed(part) for r, part in zip(asked, parts, strict=True)]
    return float(np.mean(guessed))


def _texts(riddles: Sequence[Riddle]) -> list[Text]:
    return [text for riddle in riddles for text in riddle.texts]


def score_by_words(
    texts: Sequence[Text], labels: Sequence[bool], asked: Sequence[Text]
) -> np.ndarray:
    """Log-odds of each asked text, by a logistic regression on words and pairs of words. What
    stands beside a text is not read: a bag could not tell it apart."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(CountVectorizer(ngram_range=(1, 2)), LogisticRegression(max_iter=500))
    model.fit([text for text, _ in texts], list(labels))
    return model.decision_function([text for text, _ in asked])
