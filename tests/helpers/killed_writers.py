"""Writers of the item store that are killed at random points, by a timer that the kernel keeps."""

import os
import random
import shutil
import signal
from dataclasses import dataclass

from helpers import children
from strefer.files import digest_of
from strefer.stage import store
from strefer.stage.segments import segments_of

JOB = "00c0ffee"
SHARD = "00000-of-00002"
KILLS_A_STORE = 50
# Until a writer is killed: from anywhere, or from the beginning of a large write.
LONGEST_S, LONGEST_IN_WRITE_S = 0.03, 0.0003
LARGE = 100_000  # bytes


def digest(number):
    return digest_of(f"item {number}")


def result(number):
    size = random.Random(number).choice([0, 10, 1000, 300_000])
    return {"number": number, "text": "ä" * size}


def put(folder, numbers, shard=SHARD):
    with_items = store.ItemStore(folder, shard)
    for number in numbers:
        with_items.put(digest(number), JOB, result(number))
    with_items.close()


def found(folder, numbers, shard=SHARD):
    """The numbers of the items that are there, each with its whole result."""
    reader = store.ItemStore(folder, shard)
    there = reader.find([digest(number) for number in numbers])
    numbers = [number for number in numbers if digest(number) in there]
    assert [reader.get(digest(number)) for number in numbers] == [result(n) for n in numbers]
    reader.close()
    return numbers


@dataclass
class Killed:
    """What was seen: kills, those of them in the middle of a line, and items that were put, of
    which some may be lost or kept twice."""

    kills: int = 0
    torn: int = 0
    put: int = 0
    lost: int = 0
    twice: int = 0
    most_files: int = 0


def kill_writers(folder, kills, seed):
    """Kill writers of a shard, one after the other, and look at its store after each."""
    drawn, seen, numbers, first, size = random.Random(seed), Killed(), [], 0, 0
    tell = os.open(folder / "put", os.O_RDWR | os.O_CREAT)
    shelf = folder / "store"
    while seen.kills < kills:
        os.pwrite(tell, first.to_bytes(8, "little"), 0)
        aimed = drawn.random() < 0.5
        seconds = drawn.uniform(1e-6, LONGEST_IN_WRITE_S if aimed else LONGEST_S)
        child = children.start(_write_until_killed, shelf, first, tell, seconds, aimed)
        assert children.end(child) == -signal.SIGALRM
        known = int.from_bytes(os.pread(tell, 8, 0), "little")
        seen.kills += 1
        before, size = size, sum(s.path.stat().st_size for s in segments_of(shelf))
        whole = sum(entry.length for s in segments_of(shelf) for entry in s.entries())
        seen.torn += size not in (before, whole)
        seen.lost += known - first - len(found(shelf, range(first, known)))
        seen.put += known - first
        numbers += range(first, known)
        first = known + 1  # the one in between may be there or not
        if seen.kills % KILLS_A_STORE == 0 or seen.kills == kills:
            put(shelf, [first])  # cuts off what is torn
            numbers.append(first)
            seen.lost += len(numbers) - len(found(shelf, numbers))
            everything = [e.digest for s in segments_of(shelf) for e in s.entries()]
            seen.twice += len(everything) - len(set(everything))
            seen.most_files = max(seen.most_files, len(list(shelf.iterdir())))
            shutil.rmtree(shelf)
            numbers, first, size = [], 0, 0
    os.close(tell)
    return seen


def _write_until_killed(folder, first, tell, seconds, aimed):
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends a process as SIGKILL does, in a write too
    write = store._write_all

    def write_under_fire(file, data):
        if len(data) > LARGE:
            signal.setitimer(signal.ITIMER_REAL, seconds)
        write(file, data)

    if aimed:
        store._write_all = write_under_fire
    else:
        signal.setitimer(signal.ITIMER_REAL, seconds)
    writer, number = store.ItemStore(folder, SHARD), first
    while True:
        writer.put(digest(number), JOB, result(number))
        number += 1
        os.pwrite(tell, number.to_bytes(8, "little"), 0)
