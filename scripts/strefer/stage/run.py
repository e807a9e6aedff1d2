"""How any stage runs over a shard: the one place that knows about resuming and failures.

A shard file is JSON Lines. A line is an item: a video, or a part of one (a segment, a pair).

    {"video_id": "a", "segment": 3, …the record's fields…}
    {"video_id": "b", "failure": {"stage": "clips", "reason": "…"}}

The result of one item is kept in the item store under the digest of everything that made it: the
stage's code, parameters, prompts and models (`making`) and the item's content. So a rerun computes
only what is not there, a killed job loses the items in hand and no more, and a copied, touched or
renamed film costs nothing. A job that finds all its items in the store loads no model.
"""

from __future__ import annotations

import errno
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from strefer.files import atomic_write, digest_of, dumps
from strefer.records import from_json
from strefer.stage.progress import Progress

log = logging.getLogger("strefer")
T = TypeVar("T")
Result = "dict | list[dict] | ItemFailure"


class ItemFailure(Exception):
    """One item cannot be done. Its text is the reason that the failure line and the report show."""


class StrictError(Exception):
    """`strict: true` and at least one item failed."""


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
    """

    video_id: str
    content: Any
    context: Any = None
    part: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """A line read back: a record's fields, or a failure ({"stage", "reason"})."""

    video_id: str
    record: dict[str, Any] | None
    failure: dict[str, str] | None


class MachineFault(Exception):
    """No film's fault: an engine or a server is gone. It ends the job, to be tried again."""


_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EIO}


def is_machines_fault(error: BaseException) -> bool:
    """Whether memory, disk, open files or an engine is gone: the film is not to blame, and the job
    must end to be tried again, or a line would say for ever that the film is bad."""
    if isinstance(error, MemoryError | MachineFault) or type(error).__name__ == "OutOfMemoryError":
        return True
    if isinstance(error, OSError):
        return error.errno in _NO_ROOM
    # Torch's allocator for CPUs, and OpenCV's.
    text = str(error)
    return "allocate memory" in text or "Insufficient memory" in text


Worker = Callable[[Sequence[Item]], Iterator[tuple[Item, Any]]]


def one_by_one(function: Callable[[Item], dict | list[dict]]) -> Worker:
    """A worker that does its items one after the other.

    Whatever `function` raises fails that item alone, except running out of memory or disk, which
    is the machine's fault and not the film's.
    """

    def work(items: Sequence[Item]) -> Iterator[tuple[Item, Any]]:
        for item in items:
            try:
                yield item, function(item)
            except ItemFailure as failure:
                yield item, failure
            except Exception as error:
                if is_machines_fault(error):
                    raise
                log.warning("%s%s", item.video_id, item.part or "", exc_info=True)
                yield item, ItemFailure(f"{type(error).__name__}: {error}")

    return work


class ItemStore:
    """Results by digest, one small file each, written atomically."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def path(self, digest: str) -> Path:
        return self.folder / digest[:2] / f"{digest[2:]}.json"

    def get(self, digest: str) -> dict | list[dict] | None:
        """The stored result, or None. A damaged file counts as absent: it is computed again."""
        try:
            return json.loads(self.path(digest).read_bytes())
        except FileNotFoundError:
            return None
        except ValueError:
            log.warning("item store: %s is damaged, computing it again", self.path(digest))
            return None

    def put(self, digest: str, result: dict | list[dict]) -> None:
        with atomic_write(self.path(digest)) as file:
            file.write(dumps(result))


def run_stage(
    stage: str,
    items: Iterable[Item],
    start: Callable[[], Worker],
    *,
    output: Path,
    store: Path,
    making: dict[str, Any],
    strict: bool = False,
) -> None:
    """Run a stage over the items of a shard and write its shard file.

    Args:
        stage: the stage's name, as failure lines show it.
        items: the shard's items, in the order of the lines.
        start: loads the models and gives the worker; called only if an item is not in the store.
        output: the shard file, written atomically at the end.
        store: the item store's folder; shared by all shards of a stage.
        making: what determines results besides an item's content: code, params, prompts, models.
        strict: a failed item is an error, once all items are done.

    Raises:
        StrictError: if `strict` and an item failed. The other items stay in the store.
    """
    items = list(items)
    shelf = ItemStore(store)
    digests = [digest_of({"stage": stage, "making": making, "content": i.content}) for i in items]
    results: dict[str, Any] = {}
    missing: dict[str, Item] = {}
    for item, digest in zip(items, digests, strict=True):
        if digest in results or digest in missing:
            continue  # two copies of one film are one computation
        stored = shelf.get(digest)
        if stored is None:
            missing[digest] = item
        else:
            results[digest] = stored
    log.info("%s: %d items, %d of them in the store", stage, len(items), len(items) - len(missing))
    if missing:
        results |= _compute(stage, missing, start(), shelf)
    failures = [d for d in digests if isinstance(results[d], ItemFailure)]
    with atomic_write(output) as file:
        for item, digest in zip(items, digests, strict=True):
            for line in _lines(stage, item, results[digest]):
                file.write(dumps(line) + "\n")
    if strict and failures:
        output.unlink()
        raise StrictError(f"{stage}: {len(failures)} item(s) failed, first: {results[failures[0]]}")


def _compute(stage: str, missing: dict[str, Item], worker: Worker, shelf: ItemStore) -> dict:
    digest_by_item = {id(item): digest for digest, item in missing.items()}
    results: dict[str, Any] = {}
    progress = Progress(len(missing))
    for item, result in worker(list(missing.values())):
        digest = digest_by_item[id(item)]
        if isinstance(result, ItemFailure):
            log.warning("%s: %s%s failed: %s", stage, item.video_id, item.part or "", result)
        else:
            shelf.put(digest, result)
        results[digest] = result
        progress.update()
    unanswered = [i.video_id for d, i in missing.items() if d not in results]
    if unanswered:
        raise RuntimeError(f"{stage}: the worker gave no result for {unanswered[0]}")
    return results


def _lines(stage: str, item: Item, result: Any) -> list[dict]:
    head = {"video_id": item.video_id} | item.part
    if isinstance(result, ItemFailure):
        return [head | {"failure": {"stage": stage, "reason": str(result)}}]
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
