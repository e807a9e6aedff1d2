"""Batches that become smaller where memory runs out, for every agent."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from strefer.stage.faults import Fault, fault_of

log = logging.getLogger("strefer")
T = TypeVar("T")


class HalvingBatches:
    """Runs a function over batches; one that does not fit in memory is run again in halves.

    Attributes:
        size: items in a batch. Once reduced it stays small, because the next film needs as much.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def run(
        self, function: Callable[[int, Sequence[Any]], Iterable[T]], items: Sequence[Any]
    ) -> Iterator[T]:
        """Yield the function's result for each batch, in order.

        Args:
            function: the number of a batch's first item and the batch, to its results. Results that
                it yields before memory runs out are yielded again by the smaller batches.

        Raises:
            Exception: whatever the function raises; out of memory only if a single item is too
                much.
        """
        first = 0
        while first < len(items):
            batch = items[first : first + self.size]
            failed = False
            try:
                yield from function(first, batch)
            except Exception as error:
                if len(batch) == 1 or fault_of(error) is not Fault.MEMORY:
                    raise
                failed = True
            if not failed:
                first += len(batch)
                continue
            # Only here, past the exception, which held the batch's tensors.
            self.size = len(batch) // 2
            log.warning(
                "out of memory with a batch of %d; continuing with %d", len(batch), self.size
            )
            _give_back_memory()


def _give_back_memory() -> None:
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
