"""Who is blamed for faults of every class, and whether all is done after them."""

import json
import signal
from collections import Counter

import pytest

from helpers import children
from helpers.injections import (
    FILMS,
    OF_A_FILM,
    OF_THE_MACHINE,
    die,
    inject_many,
    run,
    run_to_its_end,
    shard_of,
)
from strefer.stage.batches import in_batches
from strefer.stage.run import Item, run_stage


@pytest.mark.parametrize(
    ("injections", "seed"),
    [(60, 1), pytest.param(500, 2, marks=[pytest.mark.long, pytest.mark.timeout(3600)])],
    ids=["few", "many"],
)
def test_faults_at_random_points_blame_nobody_wrongly(tmp_path, injections, seed):
    outcomes = inject_many(tmp_path, injections, seed)
    assert [one.wrong for one in outcomes if one.wrong] == []
    print(f"{sum(one.fired for one in outcomes)} faults in {len(outcomes)} runs")


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
