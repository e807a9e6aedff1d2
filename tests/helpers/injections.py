"""Faults of every class at random points of a running stage: who is blamed, and is all done?

The stage is a stub over the real `run_stage`, in processes of its own that really die. A film's
own faults come back at every attempt, the machine's fire once. In the end exactly the films with
faults of their own must be failure lines, and the bytes of all others must be right.
"""

import errno
import faulthandler
import json
import os
import random
import signal
import time
from dataclasses import dataclass

import torch

from helpers import children
from strefer.stage import attempts, journal
from strefer.stage.batches import in_batches
from strefer.stage.run import Item, ItemFailure, Shard, one_by_one, run_stage

FILMS = [f"film {number:02d}" for number in range(14)]
MOST_ATTEMPTS = 60


def die(number):
    os.kill(os.getpid(), number)
    time.sleep(10)


def throw(error):
    raise error


# What a film or a machine does when an item is in hand.
ACTS = {
    "content": lambda: throw(ValueError("broken content")),
    "reply": lambda: throw(ItemFailure("no usable reply")),
    "memory": lambda: throw(torch.OutOfMemoryError("CUDA out of memory")),
    "cuda": lambda: throw(RuntimeError("CUDA error: an illegal memory access was encountered")),
    "ecc": lambda: throw(torch.AcceleratorError("CUDA error: uncorrectable ECC error")),
    "stale": lambda: throw(OSError(errno.ESTALE, "Stale file handle")),
    "timed out": lambda: throw(OSError(errno.ETIMEDOUT, "Connection timed out")),
    "disk full": lambda: throw(OSError(errno.ENOSPC, "No space left on device")),
    "interrupt": lambda: throw(KeyboardInterrupt()),
    "killed": lambda: die(signal.SIGKILL),
    "terminated": lambda: die(signal.SIGTERM),
    "crash": faulthandler._sigsegv,
    "abort": lambda: die(signal.SIGABRT),
    "hang": lambda: time.sleep(60),
    "exit": lambda: os._exit(3),
}
OF_THE_MACHINE = (
    "memory", "cuda", "ecc", "stale", "timed out", "disk full", "interrupt", "killed",
    "terminated", "crash", "abort",
)  # fmt: skip
OF_A_FILM = {
    "content": "ValueError: broken content",
    "reply": "no usable reply",
    "memory": "killed the process 3 times, last by OutOfMemoryError: CUDA out of memory",
    "cuda": "killed the process 3 times, last by RuntimeError: CUDA error: an illegal",
    "crash": "killed the process 3 times, last by signal 11",
    "abort": "killed the process 3 times, last by signal 6",
    "hang": "killed the process 3 times, last by a time limit: no answer for 0:00:0",
    "killed": f"killed the process 10 times, last {journal.SILENT}",
    "exit": f"killed the process 10 times, last {journal.SILENT}",
}


def run(folder, machine, films, batched):
    """One attempt at the stage. `machine`: faults by how many items have been begun before."""
    attempts.PAUSES_S = (0.001, 0.001)
    journal.LIMIT_S = 0.5
    notes = os.open(folder / "begun", os.O_RDWR | os.O_CREAT | os.O_APPEND)

    def one(film):
        number = os.fstat(notes).st_size
        os.write(notes, b".")
        act = machine.get(number) or films.get(film)
        if act:
            ACTS[act]()
        return [{"text": f"about {film} {part}" * 40} for part in range(3)]

    def start():
        if batched:
            together = lambda batch: [one(film) for _, film in batch]  # noqa: E731
            return lambda items: in_batches(((i, i.content) for i in items), 5, together)
        return one_by_one(lambda item: one(item.content))

    run_stage("clips", [Item(film, film) for film in FILMS], start, shard_of(folder))


def shard_of(folder):
    return Shard(folder / "results" / "shard.jsonl", folder / "results" / "store", {"code": "1"})


def run_to_its_end(folder, machine, films, batched):
    """Attempts until one succeeds. Gives how many it took; None if they are too many."""
    for attempt in range(1, MOST_ATTEMPTS + 1):
        if children.end(children.start(run, folder, machine, films, batched)) == 0:
            return attempt
    return None


@dataclass(frozen=True)
class Outcome:
    """What came of a run with faults: how many fired, and in words what is wrong afterwards."""

    fired: int
    wrong: tuple[str, ...]


def inject(folder, drawn, batched):
    """Run a stage with faults in it to its end, and once more."""
    n_faults = drawn.randint(1, 4)
    machine = {drawn.randrange(25): drawn.choice(OF_THE_MACHINE) for _ in range(n_faults)}
    films = {drawn.choice(FILMS): drawn.choice(list(OF_A_FILM)) for _ in range(drawn.randint(0, 2))}
    folder.mkdir()
    ended = run_to_its_end(folder, machine, films, batched)
    begun = (folder / "begun").stat().st_size
    fired = sum(number < begun for number in machine) + len(films)
    wrong = _look_at(folder, films, batched) if ended else ["the shard is stuck"]
    told = f"machine {machine}, films {films}, batched {batched}"
    return Outcome(fired, tuple(f"{one} after {told}" for one in wrong))


def _look_at(folder, films, batched):
    """What is wrong in a shard that is done, and what another call does to it."""
    output = shard_of(folder).output
    bytes_before = output.read_bytes()
    by_film = {}
    for line in map(json.loads, bytes_before.splitlines()):
        by_film.setdefault(line.pop("video_id"), []).append(line)
    if list(by_film) != FILMS:
        yield f"films are lost, or in another order: {list(by_film)}"
        return
    for film, lines in by_film.items():
        right = [{"text": f"about {film} {part}" * 40} for part in range(3)]
        # One that kills may have died by the machine the last time.
        said = OF_A_FILM[films[film]].partition(" last ")[0][:18] if film in films else None
        if said and not reason_of(lines).startswith(said):
            yield f"{film} should have failed with {said!r}, and has {lines[0]}"
        elif not said and lines != right:
            yield f"{film} is blamed wrongly, doubled or changed: {lines[0]}"
    output.unlink()
    if run_to_its_end(folder, {}, films, batched) != 1 or output.read_bytes() != bytes_before:
        yield "another call gives something else"
    if len(list(shard_of(folder).store.iterdir())) > 4:
        yield "the store has more files than it should"


def inject_many(folder, injections, seed):
    """Runs with faults until so many have fired. Gives their outcomes."""
    drawn, fired, outcomes = random.Random(seed), 0, []
    while fired < injections:
        folder_of_run = folder / str(len(outcomes))
        outcomes.append(inject(folder_of_run, drawn, batched=len(outcomes) % 2 == 1))
        fired += outcomes[-1].fired
    return outcomes


def reason_of(lines):
    return lines[0].get("failure", {}).get("reason", "")
