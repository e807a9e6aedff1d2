import threading
import time
import weakref

import numpy as np
import pytest

from strefer.stage import ahead
from strefer.stage.ahead import flat_ahead, load_ahead
from strefer.stage.run import Item, one_by_one


@pytest.fixture(autouse=True)
def threads(monkeypatch):
    """Several threads, also where there is one core; and none is left behind."""
    monkeypatch.setattr(ahead, "cores", lambda: 4)
    yield
    assert not [t for t in threading.enumerate() if t.name.startswith("ahead-")]


def counted(name, started=None):
    """Three parts of a group; those with an even number take longer."""
    for part in range(3):
        time.sleep(0.01 * (name % 2 == 0))
        yield f"{name}.{part}"


def test_parts_come_in_the_order_of_the_groups_whoever_is_faster():
    expected = [f"{name}.{part}" for name in range(20) for part in range(3)]
    assert list(flat_ahead(range(20), counted)) == expected
    by_group = [(group, list(parts)) for group, parts in load_ahead(range(20), counted)]
    assert [group for group, _ in by_group] == list(range(20))
    assert [part for _, parts in by_group for part in parts] == expected


def test_groups_are_loaded_while_the_consumer_works():
    loaded = []

    def load(name):
        loaded.append(name)
        yield name

    stream = flat_ahead(range(4), load)
    assert next(stream) == 0
    deadline = time.monotonic() + 10
    while len(loaded) < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert sorted(loaded) == [0, 1, 2, 3]
    stream.close()


def test_the_queue_is_bounded_by_bytes_and_a_part_larger_than_it_still_passes(monkeypatch):
    monkeypatch.setattr(ahead, "MOST_BYTES", 100)
    made = []

    def load(name):
        for _ in range(3):
            array = np.zeros(40 if name else 400, np.uint8)
            made.append(weakref.ref(array))
            yield array
            del array

    sizes = []
    for array in flat_ahead(range(8), load):
        time.sleep(0.01)
        sizes.append(len(array))
        alive = [a for ref in made if (a := ref()) is not None]
        # In the queue, with one that the consumer waits for, and one in each thread's hand (of 4).
        most = 100 + (5 * 40 if len(array) == 40 else 2 * 400 + 3 * 40)
        assert sum(a.nbytes for a in alive if a is not array) <= most
        del array, alive
    assert sizes == [400] * 3 + [40] * 21


def test_only_so_many_groups_are_begun_ahead():
    taken = []

    def groups():
        for name in range(10):
            taken.append(name)
            yield name

    for group, _ in load_ahead(groups(), counted, most_groups=2):
        time.sleep(0.02)
        assert len(taken) <= group + 2


@pytest.mark.parametrize("error", [ValueError("broken"), MemoryError(), SystemExit(3)])
def test_what_loading_raises_comes_in_its_place_and_costs_the_other_groups_nothing(error):
    def load(name):
        yield f"{name}.0"
        if name == 1:
            raise error
        yield f"{name}.1"

    seen = []
    for _, parts in load_ahead(range(3), load):
        try:
            seen += parts
        except BaseException as raised:
            seen.append(raised)
    assert seen == ["0.0", "0.1", "1.0", error, "2.0", "2.1"]


def test_what_the_groups_raise_comes_after_all_before_it():
    def groups():
        yield from range(3)
        raise OSError("the journal's disk is full")

    seen = []
    with pytest.raises(OSError, match="full"):
        for part in flat_ahead(groups(), counted):
            seen.append(part)
    assert len(seen) == 9


def test_parts_that_nobody_takes_are_not_loaded_to_the_end(monkeypatch):
    monkeypatch.setattr(ahead, "MOST_BYTES", 10)
    made = []

    def load(name):
        for part in range(100):
            made.append(part)
            yield np.zeros(10, np.uint8)

    for _, parts in load_ahead(range(2), load):
        next(parts)
    assert len(made) < 30


def test_a_worker_gives_each_item_with_its_parts_and_fails_one_alone():
    def load(item):
        yield from item.content
        if item.video_id == "b":
            raise ValueError("cut off")

    items = [Item(name, [name] * n) for name, n in (("a", 2), ("b", 1), ("c", 0))]
    worker = one_by_one(lambda item, parts: "".join(parts), load)
    results = {item.video_id: str(result) for item, result in worker(items)}
    assert results == {"a": "aa", "b": "ValueError: cut off", "c": ""}
