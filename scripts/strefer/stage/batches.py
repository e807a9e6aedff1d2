"""Items through an engine in batches: many requests a call, and one bad film costs no other."""

from __future__ import annotations

import contextlib
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from strefer.stage.ahead import bytes_of
from strefer.stage.attempts import failure_by
from strefer.stage.faults import ItemFailure, fault_of
from strefer.stage.run import Item

# A batch ends with the item that reaches this many bytes, even if it is small: engines make copies
# of frames several times as large, and a job's memory must not grow with its films.
MOST_BYTES = 10**9
T = TypeVar("T")
Loaded = tuple[Item, T]


def in_batches(
    loaded: Iterable[tuple[Item, T | ItemFailure]],
    size: int | None,
    function: Callable[[Sequence[Loaded[T]]], Sequence[Any]],
    at_a_time: int = 1,
) -> Iterator[tuple[Item, Any]]:
    """Run a function over batches of loaded items.

    Args:
        loaded: items with what was loaded for them (frames, texts), or why it was not. An item may
            come several times with its parts.
        size: items a batch; None takes all in one. Arrays (frames) of more than `MOST_BYTES` are
            never together in one.
        function: gives the results of a batch, in its order. If it raises for a batch, its
            halves are tried, and theirs: only those items fail which it raises for, and what is too
            much for the memory is done in smaller batches. An item's result must not depend on
            the batch that it is in.
        at_a_time: batches in flight, each in a thread: while one drains, the engine has another.

    Raises:
        Exception: what the function raises if the process can do nothing more (`stage.faults`).

    Yields:
        (item, result or ItemFailure), each batch as soon as it is done.
    """
    stream = iter(loaded)
    pool = ThreadPoolExecutor(at_a_time) if at_a_time > 1 else None
    in_flight: deque[Future] = deque()
    try:
        while batch := list(_next_batch(stream, size)):
            if pool is None:
                yield from _do(batch, function)
            else:
                in_flight.append(pool.submit(_do, batch, function))
                if len(in_flight) == at_a_time:
                    yield from in_flight.popleft().result()
            del batch  # the next one's frames come in its place
        while in_flight:
            yield from in_flight.popleft().result()
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)
        getattr(stream, "close", lambda: None)()  # threads that load ahead end here


def _do(
    batch: Sequence[tuple[Item, T | ItemFailure]],
    function: Callable[[Sequence[Loaded[T]]], Sequence[Any]],
) -> list[tuple[Item, Any]]:
    """A batch's items with their results, without what was loaded for them."""
    ready = [(item, value) for item, value in batch if not isinstance(value, ItemFailure)]
    results = iter(_attempt(ready, function))
    return [(i, value) if isinstance(value, ItemFailure) else next(results) for i, value in batch]


def by_item(
    parts: Iterator[tuple[Item, T | ItemFailure]], function: Callable[[Item, Iterator[T]], Any]
) -> Iterator[tuple[Item, Any]]:
    """Join what batches gave for the parts of items.

    Args:
        parts: those of one item side by side.
        function: gives an item's result from its parts. If one of these has failed, so has the
            item.
    """
    with contextlib.closing(parts):
        for _, of_item in itertools.groupby(parts, key=lambda part: id(part[0])):
            first = next(of_item)
            item, values = first[0], _values(itertools.chain([first], of_item))  # noqa: B031
            try:
                yield item, function(item, values)
            except Exception as error:
                yield item, failure_by(error, item)


def _values(parts: Iterable[tuple[Item, T | ItemFailure]]) -> Iterator[T]:
    for _, value in parts:
        if isinstance(value, ItemFailure):
            raise value
        yield value


def _next_batch(stream: Iterator[Any], size: int | None) -> Iterator[Any]:
    held = 0
    for number, (item, value) in enumerate(stream, 1):
        held += bytes_of(value)
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
