"""Loading ahead: what items need is read in threads while an engine works on those before them.

Decoders release Python's lock, so that threads are enough. What is read waits in a queue that is
bounded by bytes, and comes out in the order of the items: no result depends on who was faster.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

from strefer.stage.meter import METER

MOST_BYTES = 10**9  # of what waits in the queue
MOST_THREADS = 8
G = TypeVar("G")
T = TypeVar("T")


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0))


def load_ahead(
    groups: Iterable[G],
    load: Callable[[G], Iterator[T]],
    cores_of_one: int = 1,
    most_groups: int | None = None,
) -> Iterator[tuple[G, Iterator[T]]]:
    """Load groups in threads, ahead of their consumer.

    Args:
        groups: things to load together, such as the items of one film; taken in order, by one
            thread at a time, and only as far ahead as the queue has room.
        load: yields a group's parts, such as arrays of frames. It runs in a thread.
        cores_of_one: the number of cores that one call of `load` uses.
        most_groups: the maximum number of groups begun but not yet handed out; None means that only
            the bytes are limited.

    Yields:
        Each group with its parts, in order. Parts that are not taken before the next group are
        dropped. What `load` or `groups` raises is raised where its part would have come.
    """
    n_threads = max(1, min(cores() // cores_of_one, MOST_THREADS))
    queue = _Queue(iter(groups), load, n_threads, most_groups)
    try:
        while (loading := queue.next_group()) is not None:
            yield loading.group, queue.parts(loading)
            queue.drop(loading)
    finally:
        queue.close()


def flat_ahead(
    groups: Iterable[G], load: Callable[[G], Iterator[T]], cores_of_one: int = 1
) -> Iterator[T]:
    """The parts of all groups, loaded ahead, in order; see `load_ahead`."""
    with contextlib.closing(load_ahead(groups, load, cores_of_one)) as loaded:
        for _, parts in loaded:
            yield from parts


class _Loading(Generic[G, T]):
    """A group that is being loaded: its waiting parts, and what ended it."""

    def __init__(self, group: G) -> None:
        self.group = group
        self.parts: deque[T] = deque()
        self.ended = self.unwanted = False
        self.error: BaseException | None = None


class _Queue(Generic[G, T]):
    def __init__(
        self,
        groups: Iterator[G],
        load: Callable[[G], Iterator[T]],
        n_threads: int,
        most_groups: int | None,
    ) -> None:
        self._groups, self._load = groups, load
        self._most_groups = most_groups or float("inf")
        self._turn = threading.Lock()  # to take the next group
        self._changed = threading.Condition()
        self._begun: deque[_Loading[G, T]] = deque()  # in order; the first is the consumer's next
        self._held = 0  # bytes
        self._exhausted = self._closed = False
        self._threads = [
            threading.Thread(target=self._work, daemon=True, name=f"ahead-{number}")
            for number in range(n_threads)
        ]
        for thread in self._threads:
            thread.start()

    def next_group(self) -> _Loading[G, T] | None:
        with self._changed, METER.waiting("decode"):
            self._changed.wait_for(lambda: self._begun or self._exhausted)
            return self._begun[0] if self._begun else None

    def parts(self, loading: _Loading[G, T]) -> Iterator[T]:
        while True:
            with self._changed, METER.waiting("decode"):
                self._changed.wait_for(lambda: loading.parts or loading.ended)
                if not loading.parts:
                    break
                part = loading.parts.popleft()
                self._held -= bytes_of(part)
                self._changed.notify_all()
            yield part
            del part  # the consumer's alone: it would be held while the next is loaded
        if loading.error is not None:
            raise loading.error

    def drop(self, loading: _Loading[G, T]) -> None:
        with self._changed:
            loading.unwanted = True
            self._held -= sum(map(bytes_of, loading.parts))
            loading.parts.clear()
            self._begun.popleft()
            self._changed.notify_all()

    def close(self) -> None:
        """End the threads; each is at most one part away from it."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (loading := self._begin_next()) is not None:
            try:
                with contextlib.closing(self._load(loading.group)) as parts:
                    while self._put(loading, parts):
                        pass
            except BaseException as error:
                loading.error = error
            with self._changed:
                loading.ended = True
                self._changed.notify_all()

    def _begin_next(self) -> _Loading[G, T] | None:
        with self._turn:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._exhausted or self._has_room())
                if self._closed or self._exhausted:
                    return None
            error = group = None
            try:
                group = next(self._groups)
            except BaseException as raised:
                error = raised
            loading: _Loading[G, T] = _Loading(group)
            with self._changed:
                if error is not None:
                    self._exhausted = True
                if not isinstance(error, StopIteration):
                    self._begun.append(loading)
                    loading.error, loading.ended = error, error is not None
                self._changed.notify_all()
            return loading if error is None else None

    def _has_room(self) -> bool:
        few = len(self._begun) < self._most_groups
        return not self._begun or (few and self._held < MOST_BYTES)

    def _put(self, loading: _Loading[G, T], parts: Iterator[T]) -> bool:
        """Load a part and queue it; False if there is none or it is no longer needed."""
        part = next(parts, self)
        if part is self:
            return False
        size = bytes_of(part)

        def may_go_on() -> bool:
            # The part that the consumer waits for always has room.
            waited_for = not loading.parts and self._begun[0] is loading
            fits = waited_for or self._held + size <= MOST_BYTES
            return self._closed or loading.unwanted or fits

        with self._changed:
            self._changed.wait_for(may_go_on)
            if self._closed or loading.unwanted:
                return False
            loading.parts.append(part)
            self._held += size
            self._changed.notify_all()
        return True


def bytes_of(value: Any) -> int:
    """The size of the arrays in a value; 0 for anything else."""
    if isinstance(value, tuple | list):
        return sum(map(bytes_of, value))
    return int(getattr(value, "nbytes", 0))
