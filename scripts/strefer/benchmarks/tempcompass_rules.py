"""TempCompass' rules: what decides an answer without a judge."""

from __future__ import annotations

import re

_LETTERS = "ABCD"


def decide(form: str, question: str, answer: str, prediction: str | None) -> bool | None:
    """True if the prediction is right, by rule; None if no rule decides.

    Args:
        form: the question's form; rules cannot decide `captioning`.
        question: with its options, one a line, after the first line.
        prediction: None means no answer, which is wrong.
    """
    if prediction is None:
        return False
    prediction = prediction.replace("</s>", "").strip()
    if form == "yes_no":
        return _decide_yes_no(answer, prediction)
    if form == "multi-choice":
        return _decide_choice(answer, prediction)
    if form == "caption_matching":
        return _decide_caption(question, answer, prediction)
    return None


def _decide_yes_no(answer: str, prediction: str) -> bool | None:
    said = prediction.lower()
    for word in ("yes", "no"):
        if said.startswith(word):
            return word == answer
    return None


def _decide_choice(answer: str, prediction: str) -> bool | None:
    if prediction == answer:
        return True
    for letter in _LETTERS:  # also above the question's options: "D" of three is wrong
        # "(A)" is ours: the official evaluation asks its judge about it, needlessly.
        marked = (f"{letter}.", f"{letter})", f"({letter})")
        if prediction == letter or prediction.startswith(marked):
            return letter == answer[:1]
    return None


def _decide_caption(question: str, answer: str, prediction: str) -> bool | None:
    bare = prediction.replace(".", "")
    inner = prediction.split(") ")[1] if ") " in prediction else prediction
    for option in listed(question):
        name, _, sentence = option.partition(": ")
        index = name.split()[-1] if name.strip() else name
        whole = prediction in (option, name, index) or bare in (name, index)
        # "(A)" alone is ours, as above.
        if whole or sentence in (prediction, inner) or prediction == f"({index})":
            return option == answer
    return None


def read_caption(question: str, answer: str, prediction: str) -> bool | None:
    """By the one caption that is named or repeated somewhere in the prediction."""
    said = prediction.lower()
    named = []
    for option in listed(question):
        name, _, sentence = option.lower().partition(": ")
        by_name = name.strip() and re.search(rf"\b{re.escape(name.strip())}\b", said)
        if by_name or (sentence.strip(" .") and sentence.strip(" .") in said):
            named.append(option)
    return named[0] == answer if len(named) == 1 else None


def listed(question: str) -> list[str]:
    """The options, one a line after the question's first line."""
    return [option for option in question.split("\n")[1:] if option.strip()]
