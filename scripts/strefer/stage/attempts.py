"""Makes a worker do items despite errors of the machine, and blames an item only for its own
errors.

What a fault of the machine costs (`stage.faults`):

* Storage: a pause, and the items that are left again. If that does not help, the job ends.
* Memory: batches have been halved before (`stage.batches`). The item is put aside, and the others
  are done first; two in a row end the job.
* A device or an engine, a full disk: the process ends.
* A death without an exception: the next process finds it in the journal.

An item that was in progress then is a suspect. Suspects are tried last: if many were in progress
together (a shard in one engine call), an eighth at a time; if few, one by one, each after another
item (the witness) has been computed in the same process, again if necessary, so that a broken
machine is recognized. An item that still ends its process a third time, then as the first after the
witness, becomes a failure, and the shard goes on. Where no item of the shard has a result, nothing
shows that the machine works: there a crash counts, and the memory that runs out for the only item
that is left; a device's error does not.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from strefer.stage.ahead import cores, load_ahead
from strefer.stage.faults import Fault, ItemFailure, MachineFault, fault_of
from strefer.stage.items import Item, Worker
from strefer.stage.journal import ATTEMPTS, Journal, verdict

log = logging.getLogger("strefer")
SHARE = 8  # of many items in progress, try an eighth together the next time
PAUSES_S = (2.0, 15.0)  # before storage is tried a second and a third time


@dataclass
class Attempts:
    """Attempts at the items of a shard that are not in the store.

    Attributes:
        worker: does items.
        journal: the shard's, in which a job has begun.
        keep: receives each item's digest and its result or `ItemFailure`.
        witness: an item that already has a result, to compute again to show that the machine works;
            None if there is none.
    """

    worker: Worker
    journal: Journal
    keep: Callable[[str, Any], None]
    witness: Item | None
    _done: set[str] = field(default_factory=set)
    _aside: dict[str, str] = field(default_factory=dict)  # digest: what happened
    _works: bool = False  # a result came in this process
    _all: Set[str] = frozenset()  # the digests of all items to do

    def work(self, missing: Mapping[str, Item]) -> None:
        """Do items, given by their digests.

        Raises:
            MachineFault: if some could not be done and are not to blame. The others are done, or
                nothing is possible on this machine now.
        """
        deaths = self.journal.deaths
        suspects = [digest for digest in missing if digest in deaths]
        suspects.sort(key=lambda digest: len(deaths[digest]))
        fresh = {d: item for d, item in missing.items() if d not in deaths}
        self._all = missing.keys()
        for digest in suspects:
            if self.witness is not None and len(deaths[digest]) >= ATTEMPTS - 1:
                # Its last attempt: right after the witness, while the process is young.
                self._try_suspect(digest, missing[digest], counts=True)
                suspects.remove(digest)
                break
        if fresh:
            self._with_patience(fresh, counts=False)
        company = dict(self.journal.company)
        among_many = [d for d in suspects if company.get(d, 1) >= 2 * SHARE]
        while among_many:
            size = company[among_many[0]] // SHARE
            group = {digest: missing[digest] for digest in among_many[:size]}
            del among_many[:size]
            self._with_patience(group, counts=False)
        for digest in [d for d in suspects if d not in self._done and d not in self._aside]:
            counts = self.witness is None or len(deaths[digest]) < ATTEMPTS - 1
            self._try_suspect(digest, missing[digest], counts)
        if self._aside:
            digest, happened = next(iter(self._aside.items()))
            raise MachineFault(
                f"{missing[digest].video_id}: {happened}. {len(self._aside)} item(s) are left "
                "for another attempt; to leave a film out, add a `drop_film` row to the "
                "corrections"
            )

    def _try_suspect(self, digest: str, item: Item, counts: bool) -> None:
        if not self._works and self.witness is not None:
            for _, result in self.worker([self.witness]):
                if isinstance(result, ItemFailure) and result.fault is not Fault.ITEM:
                    raise MachineFault(f"an item that was done before: {result}")
            self._works = True
        self._with_patience({digest: item}, counts)

    def _with_patience(self, items: Mapping[str, Item], counts: bool) -> None:
        """Try items until all are done or aside. Those that storage does not give come last."""
        lost: dict[str, str] = {}
        pauses_s = list(PAUSES_S)
        while True:
            left = [d for d in items if d not in self._done and d not in self._aside]
            left.sort(key=lambda digest: digest in lost)
            n_done = len(self._done)
            said = self._try({digest: items[digest] for digest in left}, counts, lost)
            if said is None:
                return
            if len(self._done) > n_done:
                pauses_s = list(PAUSES_S)  # it had come back
            if not pauses_s:
                break
            time.sleep(pauses_s.pop(0))
        left = [d for d in left if d not in self._done and d not in self._aside]
        if any(digest not in lost for digest in left):
            raise MachineFault(said)
        self._aside |= {digest: lost[digest] for digest in left}

    def _try(self, items: Mapping[str, Item], counts: bool, lost: dict[str, str]) -> str | None:
        """Try items once, and add to `lost` those that storage did not give. Gives what it said if
        another attempt is worth it."""
        digests = {id(item): digest for digest, item in items.items()}
        self.journal.in_hand.clear()
        stream = iter(self.worker(self._taken(items, counts)))
        said = None
        in_a_row = 0
        while in_a_row < 2:
            try:
                item, result = next(stream)
            except StopIteration:
                break
            except Exception as error:
                return self._worker_ended(error, counts, lost)
            digest = digests[id(item)]
            fault = result.fault if isinstance(result, ItemFailure) else Fault.ITEM
            if fault is Fault.ITEM:
                in_a_row = 0
                self._answer(digest, result)
                continue
            in_a_row += 1
            self._blame([digest], fault, str(result), counts)
            if fault.ends_process or (fault is Fault.MEMORY and in_a_row == 2):
                raise MachineFault(f"{item.video_id}: {result}")
            if fault is Fault.STORAGE:
                said = lost[digest] = str(result)
        else:
            getattr(stream, "close", lambda: None)()
            return said
        known = self._done | self._aside.keys() | lost.keys()
        if forgotten := [digest for digest in items if digest not in known]:
            raise RuntimeError(f"the worker gave no result for {items[forgotten[0]].video_id}")
        return said

    def _taken(self, items: Mapping[str, Item], counts: bool) -> Iterator[Item]:
        for digest, item in items.items():
            self.journal.taken(digest, counts)
            yield item

    def _answer(self, digest: str, result: Any) -> None:
        self.keep(digest, result)
        self.journal.answered(digest)
        self._done.add(digest)
        self._works |= not isinstance(result, ItemFailure)

    def _worker_ended(self, error: Exception, counts: bool, lost: dict[str, str]) -> str:
        """Handle an error of the worker itself; only storage errors are worth another attempt."""
        fault, happened = fault_of(error), f"{type(error).__name__}: {error}"
        if fault is Fault.ITEM:
            raise error
        in_hand = list(self.journal.in_hand)
        self._blame(in_hand, fault, happened, counts)
        if fault is not Fault.STORAGE:
            raise error
        lost |= dict.fromkeys(in_hand, happened)
        return happened

    def _blame(self, digests: Sequence[str], fault: Fault, happened: str, counts: bool) -> None:
        """Record a machine error for the items in progress. Storage and disk-space errors never
        count against an item; of the others, only the first does, and those of a suspect on its
        own."""
        nothing_else = not (self._all - self._done - set(digests))
        shown = self._works or (fault is Fault.MEMORY and nothing_else)
        for digest in digests:
            first = not self.journal.deaths.get(digest)
            counted = fault in (Fault.MEMORY, Fault.DEVICE) and (first or (counts and shown))
            self.journal.put_aside(digest, happened if counted else "", len(digests))
            if fault is Fault.MEMORY:
                self._aside[digest] = happened
            if given_up := verdict(self.journal.deaths[digest]):
                self._aside.pop(digest, None)
                self.keep(digest, ItemFailure(given_up))
                self._done.add(digest)


def one_by_one(
    function: Callable[..., Any], load: Callable[[Item], Iterator[Any]] | None = None
) -> Worker:
    """A worker that does its items one after the other. Exceptions of `function` are yielded as the
    item's failure, except those that end the process.

    Args:
        function: gives an item's result.
        load: gives what an item needs, part after part, ahead of time and in a thread (see
            `stage.ahead`); `function` then takes the parts as its second argument.
    """
    if load is None:
        return lambda items: (_done(item, function) for item in items)

    def work(items: Iterable[Item]) -> Iterator[tuple[Item, Any]]:
        with contextlib.closing(load_ahead(items, load, most_groups=2 * cores())) as loaded:
            for item, parts in loaded:
                yield _done(item, function, parts)

    return work


def _done(item: Item, function: Callable[..., Any], *loaded: Any) -> tuple[Item, Any]:
    try:
        return item, function(item, *loaded)
    except Exception as error:
        return item, failure_by(error, item)


def failure_by(error: Exception, item: Item) -> ItemFailure:
    """The failure of an item that an error comes to. Call it while the error is being handled.

    Raises:
        Exception: the error itself, if the process can do nothing more.
    """
    if fault_of(error).ends_process:
        raise error
    if isinstance(error, ItemFailure):
        return error
    log.warning("%s%s", item.video_id, item.part or "", exc_info=True)
    return ItemFailure(f"{type(error).__name__}: {error}")
