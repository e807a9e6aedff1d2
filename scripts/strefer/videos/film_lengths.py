"""Estimate films' lengths from their headers, before any is decoded."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from strefer.frames import DecodingError, promised_duration

MOST_HEADERS = 100
FILM_MINUTES = 1.0  # of films of which no length is known


@dataclass(frozen=True)
class Films:
    """The number of films and their length.

    Attributes:
        count: films in all.
        minutes: of all of them; those whose length is not known count as long as the others.
        known: how many lengths are known.
    """

    count: int
    minutes: float
    known: int


def films_of_lengths(count: int, lengths_s: Sequence[float]) -> Films:
    """The films, given some of their lengths; a minute each if none is known."""
    known = len(lengths_s)
    mean_min = sum(lengths_s) / 60 / known if known else FILM_MINUTES
    return Films(count, count * mean_min, known)


def lengths_by_headers(paths: Sequence[str]) -> list[float]:
    """Seconds of those films that are there and say it; of many films, of a hundred among them."""
    step = max(1, len(paths) // MOST_HEADERS)
    lengths_s = []
    for path in paths[::step][:MOST_HEADERS]:
        try:
            if os.path.isfile(path) or os.path.isdir(path):
                lengths_s.append(promised_duration(path))
        except (DecodingError, OSError):
            continue
    return [length_s for length_s in lengths_s if length_s > 0]
