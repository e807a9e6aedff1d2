"""Option letters in answers, by the rules of the benchmarks' own scripts, quirks included."""

from __future__ import annotations

import re


def videorefer_letter(answer: str) -> str:
    """VideoRefer-Bench-Q's rule: the letter of `(A)`, else of `A)`, else the first character once
    the dots are taken away. White space counts as a character, and so is wrong; case does not count
    where letters are compared."""
    for pattern in (r"\(([A-Z])\)", r"([A-Z])\)"):
        if found := re.search(pattern, answer):
            return found.group(1)
    return answer.replace(".", "")[:1]


# The official list joins "The best option is" with "The correct option is", and "Best answer:" with
# "Best option:" (commas are missing there): none of these four is ever taken away, so that the
# letter of "Best answer: C" is B. Scores are only comparable with that kept.
_TAKEN_AWAY = (
    "The best answer is",
    "The correct answer is",
    "The answer is",
    "The answer",
    "Answer:",
    "Option:",
    "The correct answer",
    "The correct option",
)


def videomme_letter(answer: str) -> str | None:
    """Video-MME's rule: the first capital A-D once known phrases are taken away, wherever they are;
    None (no such letter) counts for nothing there."""
    for phrase in _TAKEN_AWAY:
        answer = answer.replace(phrase, "")
    found = re.search(r"[ABCD]", answer)
    return found.group(0) if found else None
