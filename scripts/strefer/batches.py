"""Items through an engine in batches: many requests a call, and one bad film costs no other."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from strefer.stage import Item, ItemFailure

log = logging.getLogger("strefer")
T = TypeVar("T")
Loaded = tuple[Item, T]


def in_batches(
    loaded: Iterable[tuple[Item, T | ItemFailure]],
    size: int,
    function: Callable[[Sequence[Loaded[T]]], Sequence[Any]],
) -> Iterator[tuple[Item, Any]]:
    """Run a function over batches of loaded items.

    Args:
        loaded: items with what was loaded for them (frames, texts), or why it was not.
        size: items a batch.
        function: gives the results of a batch, in its order. If it raises for a batch, the items
            are tried one by one, so that only those fail which it raises for.

    Yields:
        (item, result or ItemFailure), each batch as soon as it is done.
    """
    stream = iter(loaded)
    while batch := list(itertools.islice(stream, size)):
        ready = [(item, value) for item, value in batch if not isinstance(value, ItemFailure)]
        results = {id(item): result for item, result in _attempt(ready, function)}
        for item, value in batch:
            yield item, results.get(id(item), value)
        del batch, ready, value  # frames of one batch in memory, not of two


def _attempt(
    batch: Sequence[Loaded[T]], function: Callable[[Sequence[Loaded[T]]], Sequence[Any]]
) -> list[tuple[Item, Any]]:
    if not batch:
        return []
    items = [item for item, _ in batch]
    try:
        return list(zip(items, function(batch), strict=True))
    except Exception as error:
        # Memory is the machine's fault and not the film's: the job must end, to be tried with more.
        if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
            raise
        if len(batch) == 1:
            log.warning("%s%s", items[0].video_id, items[0].part or "", exc_info=True)
            return [(items[0], ItemFailure(f"{type(error).__name__}: {error}"))]
    return [result for one in batch for result in _attempt([one], function)]
