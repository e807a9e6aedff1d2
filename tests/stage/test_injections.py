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
from collections import Counter

import pytest
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


def inject(folder, drawn, batched):
    """Run a stage with faults in it. Gives how many fired, and what went wrong."""
    n_faults = drawn.randint(1, 4)
    machine = {drawn.randrange(25): drawn.choice(OF_THE_MACHINE) for _ in range(n_faults)}
    films = {drawn.choice(FILMS): drawn.choice(list(OF_A_FILM)) for _ in range(drawn.randint(0, 2))}
    folder.mkdir()
    attempts_made = run_to_its_end(folder, machine, films, batched)
    told = f"machine {machine}, films {films}, batched {batched}"
    assert attempts_made, f"the shard is stuck: {told}"
    begun = (folder / "begun").stat().st_size
    fired = sum(number < begun for number in machine) + len(films)
    output = shard_of(folder).output
    bytes_before = output.read_bytes()
    by_film = {}
    for line in map(json.loads, bytes_before.splitlines()):
        by_film.setdefault(line.pop("video_id"), []).append(line)
    wrong = [f for f in by_film if "failure" in by_film[f][0] and f not in films]
    # One that kills may have died by the machine the last time.
    said = {f: OF_A_FILM[act].partition(" last ")[0][:18] for f, act in films.items()}
    wrong += [f for f in films if not reason_of(by_film[f]).startswith(said[f])]
    assert not wrong, f"{[(f, by_film[f][0]) for f in wrong]} after {told}"
    assert list(by_film) == FILMS, "lost, or in another order"
    right = {f: [{"text": f"about {f} {part}" * 40} for part in range(3)] for f in FILMS}
    assert {f: lines for f, lines in by_film.items() if f not in films} == {
        f: lines for f, lines in right.items() if f not in films
    }, "doubled or changed"
    output.unlink()
    assert run_to_its_end(folder, {}, films, batched) == 1
    assert output.read_bytes() == bytes_before
    assert len(list(shard_of(folder).store.iterdir())) <= 4
    return fired


@pytest.mark.parametrize(
    ("injections", "seed"),
    [(60, 1), pytest.param(500, 2, marks=[pytest.mark.long, pytest.mark.timeout(3600)])],
    ids=["few", "many"],
)
def test_faults_at_random_points_blame_nobody_wrongly(tmp_path, injections, seed):
    drawn = random.Random(seed)
    fired, rounds = 0, 0
    while fired < injections:
        fired += inject(tmp_path / str(rounds), drawn, batched=rounds % 2 == 1)
        rounds += 1
    print(f"{fired} faults in {rounds} runs: 0 films blamed wrongly, 0 stuck, 0 lost or doubled")


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("act", OF_A_FILM)
def test_a_films_own_fault_is_named_and_costs_no_other_film(tmp_path, act, batched):
    took = run_to_its_end(tmp_path, {}, {FILMS[3]: act}, batched)
    lines = [json.loads(line) for line in shard_of(tmp_path).output.read_text().splitlines()]
    failed = {line["video_id"]: line["failure"]["reason"] for line in lines if "failure" in line}
    assert list(failed) == [FILMS[3]]
    assert failed[FILMS[3]].startswith(OF_A_FILM[act])
    assert took <= {"content": 1, "reply": 1, "memory": 3}.get(act, 11)


@pytest.mark.parametrize("act", OF_THE_MACHINE)
def test_a_machine_that_always_fails_blames_no_film_however_often_it_is_tried(tmp_path, act):
    """Nine attempts on a broken machine, each of which fails at its third item; then it is
    repaired."""
    for _ in range(9):
        begun = tmp_path / "begun"
        first = begun.stat().st_size if begun.exists() else 0
        broken = dict.fromkeys(range(first + 2, first + 20), act)
        children.end(children.start(run, tmp_path, broken, {}, False))
    assert run_to_its_end(tmp_path, {}, {}, False)
    lines = shard_of(tmp_path).output.read_text().splitlines()
    assert Counter(json.loads(line)["video_id"] for line in lines) == dict.fromkeys(FILMS, 3)


@pytest.mark.parametrize("killer", [None, 77])
def test_many_in_hand_are_not_tried_one_by_one(tmp_path, killer):
    """A shard in one call of an engine, killed from outside, or by one of its items."""

    def attempt(killed):
        def together(batch):
            with open(tmp_path / "sizes", "a") as file:
                file.write(f"{len(batch)}\n")
            if killed or any(number == killer for _, number in batch):
                die(signal.SIGABRT)
            return [{"number": number} for _, number in batch]

        def start():
            return lambda items: in_batches(((i, i.content) for i in items), None, together)

        items = [Item(str(number), number) for number in range(320)]
        run_stage("clips", items, start, shard_of(tmp_path))

    children.end(children.start(attempt, True))
    took = next(n for n in range(1, 20) if children.end(children.start(attempt, False)) == 0)
    sizes = [int(size) for size in (tmp_path / "sizes").read_text().split()]
    lines = [json.loads(line) for line in shard_of(tmp_path).output.read_text().splitlines()]
    failed = [line["video_id"] for line in lines if "failure" in line]
    assert failed == ([] if killer is None else [str(killer)])
    assert sizes[:9] == [320] + [40] * 8 if killer is None else sizes[:2] == [320, 40]
    assert len(sizes) < 40 + 9
    assert took <= 5


def reason_of(lines):
    return lines[0].get("failure", {}).get("reason", "")
