"""The items of a stage, and what does them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Item:
    """One unit of a stage's work.

    Attributes:
        video_id: the film it belongs to.
        content: plain JSON, all of the inputs that determines the result. It is digested, so it
            holds digests and upstream records, never ids or paths.
        context: what the worker needs besides (a path, decoded records); not digested.
        part: what tells several items of one film apart, for example {"segment": 3}; it stands on
            the item's lines.
        film_s: seconds of film that it is about, for the stage's speed.
    """

    video_id: str
    content: Any
    context: Any = None
    part: dict[str, Any] = field(default_factory=dict)
    film_s: float = 0.0


Worker = Callable[[Iterable[Item]], Iterator[tuple[Item, Any]]]
"""Does items as it takes them, and gives each with its result or `ItemFailure`, in any order."""
