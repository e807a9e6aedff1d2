"""Option letters in answers, by the rules of the benchmarks' own scripts."""

from __future__ import annotations

import re


def videorefer_letter(answer: str) -> str:
    """VideoRefer-Bench-Q's rule: the letter of `(A)`, else of `A)`, else the first character."""
    answer = answer.strip()
    for pattern in (r"\(([A-Z])\)", r"([A-Z])\)"):
        if found := re.search(pattern, answer):
            return found.group(1)
    return answer[:1]


_PREFIXES = (
    "The best answer is",
    "The correct answer is",
    "The answer is",
    "The answer",
    "The best option is",
    "The correct option is",
    "Best answer:",
    "Best option:",
    "Answer:",
    "Option:",
)


def videomme_letter(answer: str) -> str | None:
    """Video-MME's rule: the first of A-D after known beginnings; None counts for nothing there.

    A long answer without a capital A-D, and a short one without one, are both None.
    """
    answer = answer.strip()
    for prefix in _PREFIXES:
        answer = answer.replace(prefix, "")
    found = re.search(r"[ABCD]", answer)
    return found.group(0) if found else None
