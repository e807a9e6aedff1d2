"""How much there is to do, as known or assumed before a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FILM_MINUTES = 1.0  # of a film that was not probed yet
SEGMENTS_A_MINUTE = 12  # the paper's example has 6 in 28 s
ENTITIES = 4  # of a film


@dataclass(frozen=True)
class Films:
    """Films, their minutes in all, and how many of them were probed."""

    count: int
    minutes: float
    probed: int


def looks(config: Mapping[str, Any], films: Films) -> float:
    """Looks at segments, and at their two parts if there is a second look."""
    pairs = config["instructions"]
    times = 3 if pairs["verify"] and pairs["second_look"] else 1
    return SEGMENTS_A_MINUTE * films.minutes * times
