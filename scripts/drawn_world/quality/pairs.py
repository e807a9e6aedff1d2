"""Measure how many generated pairs are true, and how repetitive they are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import fmean

from drawn_world.language.clauses import means
from drawn_world.language.lines import template_of
from drawn_world.quality.films import MeasuredFilm
from drawn_world.truth import ActionTruth
from strefer.instructions.english import first_sentence
from strefer.instructions.verification.claims import Window, evaluate, parts
from strefer.masks import rle_iou
from strefer.records import Instruction

_NEAR = 0.9  # Jaccard of the words of question and answer from which pairs count as near-duplicates
_ON = 0.5  # mean IoU from which a masklet shows its entity
_SEEN, _UNSEEN = 0.5, 0.05  # shares of a window; between them presence is left undecided


# Pairs that say more than what an entity does, by what they say.
KINDS: dict[str, Callable[[Instruction], bool]] = {
    "counts": lambda pair: _says(pair, "kind", "count"),
    "denials": lambda pair: pair.form == "yes_no" and pair.answer.lower().startswith("no"),
    "choices": lambda pair: pair.form == "choice",
    "only": lambda pair: _says(pair, "kind", "once"),
}


def _says(pair: Instruction, name: str, value: str) -> bool:
    return any(claim.get(name) == value for claim in parts(pair.evidence.claim))


class TruthWitness:
    """The ground truth, as a witness for claims."""

    def __init__(self, film: MeasuredFilm) -> None:
        self.film, self.truth = film, film.truth

    def does(self, entity: int, window: Window, text: str) -> bool | None:
        seen = self.seen(entity, window)
        if not seen:
            return seen
        action = self.truth.action(self._id(entity), *window)
        return None if action is None else self.is_called(action, text)

    def is_called(self, action: ActionTruth, text: str) -> bool:
        """True if the text names this action, in any wording."""
        return means(first_sentence(text), action.action, self.truth.target(action))

    def seen(self, entity: int, window: Window) -> bool | None:
        if entity not in self.film.true_entities:
            return False  # no entity in the film fits that description
        share = self.truth.present(self._id(entity), *window)
        return None if _UNSEEN < share < _SEEN else share >= _SEEN

    def occurrences(self, entity: int, text: str) -> list[Window] | None:
        if entity not in self.film.true_entities:
            return []
        actions = self.film.true_entities[entity].actions
        return [(a.start_s, a.end_s) for a in actions if self.is_called(a, text)]

    def count(self, noun: str, window: Window) -> int | None:
        there = [
            self.truth.present(e.entity_id, *window) >= _SEEN
            for e in self.truth.entities
            if e.generalized_noun == noun
        ]
        return sum(there)

    def seconds_seen(self, entity: int) -> float | None:
        if entity not in self.film.true_entities:
            return 0.0
        return sum(end_s - start_s for start_s, end_s in self.film.true_entities[entity].presence)

    def left_of(self, entity: int, other: int, window: Window) -> bool | None:
        pair = [self.film.true_entities.get(e) for e in (entity, other)]
        if None in pair:
            return None
        frames = range(round(window[0] * self.truth.fps), round(window[1] * self.truth.fps))
        gaps = [
            sum(pair[0].boxes[f][0::2]) - sum(pair[1].boxes[f][0::2])
            for f in frames
            if f in pair[0].boxes and f in pair[1].boxes
        ]
        return sum(gaps) < 0 if gaps else None

    def expression(self, entity: int) -> str | None:
        found = self.film.true_entities.get(entity)
        return found.expression if found else None

    def _id(self, entity: int) -> int:
        return self.film.true_entities[entity].entity_id


def truth_of_pairs(film: MeasuredFilm) -> list[tuple[Instruction, bool]]:
    """Yield each pair of the film with whether its claim is true and its regions show the right
    entities; undecided pairs are left out."""
    witness = TruthWitness(film)
    shown: dict[tuple, bool | None] = {}
    found = []
    for pair in film.records["instructions"]:
        verdict = evaluate(pair.evidence.claim, witness)
        for entity in pair.regions:
            window = pair.clip_s or (0.0, film.truth.duration_s)
            if (entity, window) not in shown:
                shown[entity, window] = shows(film, entity, window)
            verdict = False if shown[entity, window] is False else verdict
        if verdict is not None:
            found.append((pair, verdict))
    return found


def shows(film: MeasuredFilm, entity: int, window: Window) -> bool | None:
    """True if the entity's masklet matches the true one in the window: mean IoU of at least 0.5.
    None if it has no mask there."""
    if entity not in film.true_entities:
        return False
    true, masklets = film.true_entities[entity].masks, film.one("masklets")
    masks = next((m.masks for m in masklets.masklets if m.entity == entity), {})
    ious = []
    for frame, rle in masks.items():
        time_s = masklets.frame_times_s[int(frame)]
        if window[0] <= time_s < window[1]:
            there = true.get(film.truth.frame_at(time_s))
            ious.append(rle_iou(rle, there) if there else 0.0)
    return fmean(ious) >= _ON if ious else None


def distinct_2(texts: Sequence[str]) -> float | None:
    """Share of different pairs of neighbouring words among all of them, in all texts together."""
    words = [re.findall(r"<?\w+>?", text.lower()) for text in texts]
    bigrams = [two for text in words for two in pairwise(text)]
    return len(set(bigrams)) / len(bigrams) if bigrams else None


def share_of_templates(questions: Sequence[str], n: int = 20) -> float | None:
    """Share of the questions that the n most frequent templates make."""
    counts = Counter(map(template_of, questions))
    return sum(count for _, count in counts.most_common(n)) / len(questions) if questions else None


def exact_duplicates(pairs: Sequence[Instruction]) -> int:
    """Pairs of one film that ask in the same words the same of the same regions and times."""
    keys = [
        (p.question, p.answer, p.options, p.regions, p.start_s, p.end_s, p.clip_s) for p in pairs
    ]
    return len(keys) - len(set(keys))


def near_duplicates(pairs: Sequence[Instruction]) -> list[float]:
    """For each pair of one film, whether an earlier one says nearly the same of the same."""
    seen: dict[tuple, list[set[str]]] = {}
    found = []
    for pair in pairs:
        words = set(re.findall(r"\w+", f"{pair.question} {pair.answer}".lower()))
        key = (pair.regions, pair.start_s, pair.end_s, pair.clip_s, pair.form)
        near = any(len(words & other) >= _NEAR * len(words | other) for other in seen.get(key, []))
        seen.setdefault(key, []).append(words)
        found.append(float(near))
    return found
