"""Items through an engine in batches: many requests a call, and one bad film costs no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from strefer.stage.attempts import failure_by
from strefer.stage.faults import ItemFailure, fault_of
from strefer.stage.run import Item

# A batch ends with the item that reaches this many bytes, whatever its size: engines make copies of
# frames several times as large, and a job's memory must not grow with its films.
MOST_BYTES = 2 * 10**9
T = TypeVar("T")
Loaded = tuple[Item, T]


def in_batches(
    loaded: Iterable[tuple[Item, T | ItemFailure]],
    size: int | None,
    function: Callable[[Sequence[Loaded[T]]], Sequence[Any]],
) -> Iterator[tuple[Item, Any]]:
    """Run a function over batches of loaded items.

    Args:
        loaded: items with what was loaded for them (frames, texts), or why it was not.
        size: items a batch; None takes all in one. Arrays (frames) of more than `MOST_BYTES` are
            never together in one.
        function: gives the results of a batch, in its order. If it raises for a batch, its
            halves are tried, and theirs: only those items fail which it raises for, and what is too
            much for the memory is done in smaller batches. An item's result must not depend on
            the batch that it is in.

    Raises:
        Exception: what the function raises if the process can do nothing more (`stage.faults`).

    Yields:
        (item, result or ItemFailure), each batch as soon as it is done.
    """
    stream = iter(loaded)
    while batch := list(_next_batch(stream, size)):
        ready = [(item, value) for item, value in batch if not isinstance(value, ItemFailure)]
        results = {id(item): result for item, result in _attempt(ready, function)}
        for item, value in batch:
            yield item, results.get(id(item), value)
        del batch, ready, value  # frames of one batch in memory, not of two


def _next_batch(stream: Iterator[Any], size: int | None) -> Iterator[Any]:
    held = 0
    for number, (item, value) in enumerate(stream, 1):
        held += getattr(value, "nbytes", 0)
        yield item, value
        if number == size or held >= MOST_BYTES:
            return


def _attempt(
    batch: Sequence[Loaded[T]], function: Callable[[Sequence[Loaded[T]]], Sequence[Any]]
) -> list[tuple[Item, Any]]:
    if not batch:
        return []
    items = [item for item, _ in batch]
    try:
        return list(zip(items, function(batch), strict=True))
    except Exception as error:
        if len(batch) == 1 or fault_of(error).ends_process:
            return [(items[0], failure_by(error, items[0]))]
    middle = len(batch) // 2
    return _attempt(batch[:middle], function) + _attempt(batch[middle:], function)
