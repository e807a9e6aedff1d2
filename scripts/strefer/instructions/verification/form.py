"""Checks of a pair's form: references, letters, leaks of the answer into the question."""

from __future__ import annotations

import re

from strefer.instructions.metadata.film import Film
from strefer.records import Instruction

LETTERS = "ABCD"
_WORDS = re.compile(r"[\w'-]+")
_ARTICLE = re.compile(r"\b(?:the|an?|this|that|these|those)\b", re.I)
_LINKS = frozenset(("a", "an", "the", "in", "at", "of", "with", "by", "and"))


def form_fault(pair: Instruction, duration_s: float) -> str | None:
    """Find faults in the pair itself, without evidence."""
    text = pair.question + pair.answer
    if pair.question.count("<region>") != len(pair.regions) or "<region>" in pair.answer:
        return "as many <region> in the question as regions are needed"
    timed = "<start_time>" in text or "<end_time>" in text
    if timed != (pair.start_s is not None):
        return "time placeholders without times, or times without placeholders"
    for span in ((pair.start_s, pair.end_s), pair.clip_s):
        if span and span[0] is not None and not 0 <= span[0] < span[1] <= duration_s + 0.05:
            return f"the time {span[0]} to {span[1]} s is not within the film"
    if pair.form == "yes_no" and not pair.answer.lower().startswith(("yes", "no,", "no.")):
        return "a yes/no question with neither yes nor no"
    if pair.form == "choice":
        if len(set(pair.options)) != len(LETTERS) or len(pair.answer) != 1:
            return "four different options and a letter are needed"
        if pair.answer not in LETTERS:
            return "the answer is no option's letter"
    return None


def reference_fault(pair: Instruction, film: Film) -> str | None:
    """Find a description of a region that the question should only point at: in the noun phrase
    that ends with its mark, or as the whole expression. Options may describe, because wrong ones do
    so too."""
    pieces = pair.question.split("<region>")
    for entity, before in zip(pair.regions, pieces, strict=False):
        known = film.entities[entity]
        phrase = _ARTICLE.split(before)[-1].lower()
        given = distinguishing_words(film, entity) & set(_WORDS.findall(phrase))
        if given or (known.expression in pair.question and " " in known.expression):
            return f"the question says {min(given, default=known.expression)!r} of a region"
    return None


def distinguishing_words(film: Film, entity: int) -> frozenset[str]:
    """The words that distinguish an entity from others of its category."""
    known = film.entities[entity]
    words = set(_WORDS.findall(known.expression.lower())) - _LINKS
    return frozenset(words - set(f"{film.kind(entity)} {known.generalized_noun}".lower().split()))
