"""The forms of samples made from the truth: a question and its answer, and a choice."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from strefer.benchmarks import tempcompass, videomme
from strefer.recipes.published_format import CHOICE_HINT

Sample = dict[str, Any]
_STYLES = ("videorefer", "tempcompass", "videomme")


def sample(question: str, answer: str) -> Sample:
    """One question and answer in the published format."""
    return {
        "conversations": [
            {"from": "human", "value": f"<image>\n{question}"},
            {"from": "gpt", "value": answer},
        ]
    }


def choice(question: str, right: str, wrong: Sequence[str], drawn: random.Random) -> Sample:
    """A choice in one of the benchmarks' forms; the answer is the letter."""
    options = [right, *wrong]
    drawn.shuffle(options)
    style = drawn.choice(_STYLES)
    letters = [chr(65 + i) for i in range(len(options))]
    answer = letters[options.index(right)]
    if style == "videomme":
        lines = [f"{a}. {option}." for a, option in zip(letters, options, strict=True)]
        return sample(videomme.question_text(question, lines), answer)
    mark, hint = "({}) {}", CHOICE_HINT
    if style == "tempcompass":
        mark, hint = "{}. {}", tempcompass.HINTS["multi-choice"]
    lines = [mark.format(a, option) for a, option in zip(letters, options, strict=True)]
    return sample("\n".join([question, *lines, hint]), answer)
