"""Samples that cannot be used: why, how many of each kind, and when they are too many."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping

from strefer.frames import DecodingError

log = logging.getLogger("strefer")

_SHOWN = 5  # examples of a reason in the log
_FEW = 20  # number of unusable samples below which a training is never stopped


class Unusable(ValueError):
    """A sample that cannot be used.

    Args:
        reason: the kind of fault, which is counted.
        message: what is wrong with this sample; the reason if None.
    """

    def __init__(self, reason: str, message: str | None = None) -> None:
        super().__init__(message or reason)
        self.reason = reason


def reason_of(error: Exception) -> str:
    """The kind of fault that an error of reading a sample is counted as."""
    if isinstance(error, Unusable):
        return error.reason
    if isinstance(error, DecodingError):
        return "the film cannot be decoded"
    if isinstance(error, OSError):
        return "the film cannot be read"
    return "the sample is malformed"


class LeftOut:
    """Counts samples that are left out. Readers of samples count them in `seen`.

    Args:
        limit: the largest share of samples that may be left out.
        source: what the samples come from, for the error.
    """

    def __init__(self, limit: float, source: str) -> None:
        self.limit, self.source = limit, source
        self.seen = 0
        self.reasons: Counter[str] = Counter()
        self.examples: dict[str, str] = {}

    @property
    def count(self) -> int:
        """Samples left out."""
        return self.reasons.total()

    def add(self, reason: str, example: str) -> None:
        """Count a sample that is left out; the first example of each reason is kept."""
        self.reasons[reason] += 1
        if self.reasons[reason] <= _SHOWN:
            log.warning("left out: %s", example)
        self.examples.setdefault(reason, example)

    def check(self, whole: bool = False) -> None:
        """Stop if too many are left out.

        Args:
            whole: whether all samples have been counted; otherwise a few never stop a run.

        Raises:
            ValueError: with the count and an example of each reason.
        """
        if self.count > self.limit * self.seen and (whole or self.count >= _FEW):
            raise ValueError(
                f"{self.source}: {self.count} of {self.seen} samples cannot be used, more than "
                f"`training.most_left_out` allows ({self.limit:g}): {summary(self.reasons)}. "
                f"Examples: {'; '.join(self.examples.values())}"
            )


def summary(reasons: Mapping[str, int]) -> str:
    """Reasons with their counts in one line, the most frequent first."""
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{reason} ({count})" for reason, count in ordered)
