"""Run any stage over a shard: the only place that handles resuming and failures.

A shard file is JSON Lines. A line is an item: a video, or a part of one (a segment, a pair).

    {"video_id": "a", "segment": 3, …the record's fields…}
    {"video_id": "b", "failure": {"stage": "clips", "reason": "…"}}

What people decided about the results is applied as they are written: `strefer.corrections`.

Each item's result is kept in the item store under the digest of everything that produced it: the
stage's code, parameters, prompts and models (`making`) and the item's content. So a rerun computes
only what is missing, a killed job loses only the items in progress, and a copied, touched or
renamed film costs nothing. A job that finds all its items in the store loads no model.

`stage.faults` decides what caused an error, `stage.attempts` reacts to it, `stage.journal` records
what dead processes had in progress, and `stage.store` keeps the results.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from strefer.corrections.apply import SET_ASIDE, Change, Corrector
from strefer.files import atomic_write, digest_of, dumps
from strefer.records import from_json
from strefer.stage.attempts import Attempts, one_by_one
from strefer.stage.faults import ItemFailure, MachineFault
from strefer.stage.items import Item, Worker
from strefer.stage.journal import Journal, verdict
from strefer.stage.meter import METER
from strefer.stage.progress import Progress
from strefer.stage.store import ItemStore

log = logging.getLogger("strefer")
T = TypeVar("T")
# The folders in which stages look for them.
__all__ = ["Item", "ItemFailure", "MachineFault", "Worker", "one_by_one"]


class StrictError(Exception):
    """`strict: true` and at least one item failed."""


@dataclass(frozen=True)
class Shard:
    """A stage's work on one shard: where its results go, and what makes them.

    Attributes:
        output: the shard file, written atomically at the end.
        store: the item store's folder; shared by all shards of a stage.
        making: everything besides an item's content that determines results: code, options,
            prompts, models (`fingerprint.making_of`).
        strict: a failed item is an error, once all items are done.
        corrections: what people decided about these results (`strefer.corrections`).
    """

    output: Path
    store: Path
    making: Mapping[str, Any]
    strict: bool = False
    corrections: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Line:
    """A line read back: a record's fields, or a failure ({"stage", "reason"})."""

    video_id: str
    record: dict[str, Any] | None
    failure: dict[str, str] | None


def run_stage(
    stage: str,
    items: Iterable[Item],
    start: Callable[[], Worker],
    shard: Shard,
    change: Change | None = None,
) -> None:
    """Run a stage over the items of a shard and write its shard file.

    Args:
        stage: the stage's name, as failure lines show it.
        items: the shard's items, in the order of the lines.
        start: loads the models and gives the worker; called only if an item is not in the store.
        shard: where results go, and what makes them.
        change: how the stage's corrections are applied, if it can have any.

    Raises:
        StrictError: if the shard is `strict` and an item failed. The other items stay in the store.
        MachineFault: if the machine is to blame that items are left. The others are in the store.
    """
    corrector = Corrector(shard.corrections, change)
    given = list(items)
    items = [item for item in given if item.video_id not in corrector.dropped]
    made_by = {"stage": stage, "making": shard.making}
    digests = [digest_of(made_by | {"content": item.content}) for item in items]
    first = dict(zip(reversed(digests), reversed(items), strict=True))
    with contextlib.closing(ItemStore(shard.store, shard.output.stem)) as shelf:
        shelf.note_used(digests)
        found = shelf.find(first)
        # Two copies of one film are one computation.
        missing = {d: first[d] for d in dict.fromkeys(digests) if d not in found}
        n_stored = len(items) - len(missing)
        log.info("%s: %d items, %d of them in the store", stage, len(items), n_stored)
        witness = next((first[digest] for digest in digests if digest in found), None)
        failures = _compute(stage, missing, start, shelf, witness) if missing else {}
        with atomic_write(shard.output) as file:
            for item, digest in zip(items, digests, strict=True):
                failure = failures.get(digest)
                result = failure or shelf.get(digest)
                for line in corrector.correct(item, _lines(stage, item, result)):
                    file.write(dumps(line) + "\n")
            for item in given:
                if why := corrector.dropped.get(item.video_id):
                    (line,) = _lines(SET_ASIDE, item, why)
                    file.write(dumps(line) + "\n")
            for line in corrector.lost():
                log.warning("%s: %s: %s", stage, line["video_id"], line["failure"]["reason"])
                file.write(dumps(line) + "\n")
    if shard.strict and failures:
        shard.output.unlink()
        reason = next(iter(failures.values()))
        raise StrictError(f"{stage}: {len(failures)} item(s) failed, first: {reason}")


def _compute(
    stage: str,
    missing: Mapping[str, Item],
    start: Callable[[], Worker],
    shelf: ItemStore,
    witness: Item | None,
) -> dict[str, str]:
    """Do items and keep their results; gives why some failed, by digest."""
    journal = Journal(shelf.folder / f"{shelf.shard}.journal")
    failures: dict[str, str] = {}

    def keep(digest: str, result: Any) -> None:
        item = missing[digest]
        if not isinstance(result, ItemFailure):
            try:
                with METER.waiting("store"):
                    shelf.put(digest, journal.job, result)
                METER.count(items=1, film_s=item.film_s)
            except ValueError as error:
                result = ItemFailure(f"its result cannot be written: {error}")
        if isinstance(result, ItemFailure):
            log.warning("%s: %s%s failed: %s", stage, item.video_id, item.part or "", result)
            failures[digest] = str(result) or "failed"
        progress.update()

    progress = Progress(len(missing))
    with contextlib.closing(journal):
        for digest, causes in journal.deaths.items():
            if digest in missing and (reason := verdict(causes)):
                keep(digest, ItemFailure(reason))
        waiting = {digest: item for digest, item in missing.items() if digest not in failures}
        if waiting:
            worker = start()
            journal.begin()
            Attempts(worker, journal, keep, witness).work(waiting)
    return failures


def _lines(stage: str, item: Item, result: dict | list[dict] | str) -> list[dict]:
    head = {"video_id": item.video_id} | item.part
    if isinstance(result, str):
        return [head | {"failure": {"stage": stage, "reason": result}}]
    return [head | record for record in ([result] if isinstance(result, dict) else result)]


def read_lines(path: Path) -> list[Line]:
    """Read a shard file.

    Raises:
        ValueError: if a line is not an object with a `video_id`; names the file and the line.
    """
    lines = []
    with open(path, encoding="utf-8") as file:
        for number, text in enumerate(file, 1):
            try:
                fields = json.loads(text)
                video_id = fields.pop("video_id")
            except (ValueError, KeyError, AttributeError, TypeError):
                raise ValueError(
                    f"{path}, line {number}: not a line of a shard file; delete the file and rerun"
                ) from None
            failure = fields.pop("failure", None)
            lines.append(Line(video_id, None if failure else fields, failure))
    return lines


def read_records(path: Path, kind: type[T]) -> dict[str, list[T]]:
    """The records of a shard file by video id, in the file's order, failures left out."""
    records: dict[str, list[T]] = {}
    for line in read_lines(path):
        if line.record is not None:
            records.setdefault(line.video_id, []).append(from_json(kind, line.record))
    return records
