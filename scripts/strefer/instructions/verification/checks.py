"""The checks that pairs go through, in this order, by the name that their reasons begin with."""

from __future__ import annotations

CHECKS = {
    "reply": "the writer gave no such pair",
    "writer": "without a proof-reader: the words are not those asked for",
    "form": "placeholders, options, yes or no",
    "reference": "the question describes a marked region",
    "transcript": "the transcript says otherwise",
    "repetition": "what is said to happen once is said of another part too",
    "second look": "the transcript of a segment's parts says otherwise",
    "existence": "there may be no such entity",
    "presence": "the masklet is not there, or is",
    "number": "two of those counted share a masklet",
    "only time": "another line about the entity is doubtful",
    "motion": "the masklet moves in another way",
    "pieces": "a masklet is in pieces",
    "pairs": "another pair of the film says otherwise",
    "proof-reader": "an LLM that read statements and pair",
    "balance": "the same question with the other answer was rejected",
}


def check_of(rejected: str) -> str:
    """The name of the check that a reason comes from."""
    return rejected.partition(":")[0]
