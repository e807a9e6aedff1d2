"""The items of a stage, and what does them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Item:
    """One unit of a stage's work.

    Attributes:
        video_id: the film that it belongs to.
        content: plain JSON, all inputs that determine the result. It is digested, so it contains
            digests and upstream records, never ids or paths.
        context: what else the worker needs (a path, decoded records); not digested.
        part: what distinguishes several items of one film, for example {"segment": 3}; it is
            written to the item's lines.
        film_s: seconds of film that it covers, for the stage's speed.
    """

    video_id: str
    content: Any
    context: Any = None
    part: dict[str, Any] = field(default_factory=dict)
    film_s: float = 0.0


Worker = Callable[[Iterable[Item]], Iterator[tuple[Item, Any]]]
"""Does items as it takes them, and gives each with its result or `ItemFailure`, in any order."""
