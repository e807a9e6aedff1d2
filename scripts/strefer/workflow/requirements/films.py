"""The amount of work, as known or assumed before a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strefer.videos.film_lengths import Films

SEGMENTS_A_MINUTE = 12  # the paper's example has 6 in 28 s
ENTITIES = 4  # of a film


def looks(config: Mapping[str, Any], films: Films) -> float:
    """Looks at segments, and at their two parts if there is a second look."""
    pairs = config["instructions"]
    times = 3 if pairs["verify"] and pairs["second_look"] else 1
    return SEGMENTS_A_MINUTE * films.minutes * times
