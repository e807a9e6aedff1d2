import threading
import weakref

import numpy as np
import pytest

from strefer.stage import batches
from strefer.stage.batches import in_batches
from strefer.stage.faults import Fault, ItemFailure, MachineFault
from strefer.stage.run import Item


def items(*names):
    return [(Item(name, None), name) for name in names]


def doubled(batch, asked):
    names = [name for _, name in batch]
    asked.append(names)
    if "bad" in names:
        raise ValueError("cannot be read")
    return [name * 2 for name in names]


def test_no_size_takes_all_in_one_call():
    asked = []
    results = list(in_batches(items("a", "b", "c"), None, lambda batch: doubled(batch, asked)))
    assert [result for _, result in results] == ["aa", "bb", "cc"]
    assert asked == [["a", "b", "c"]]


def test_one_bad_item_fails_alone_and_costs_few_calls():
    asked = []
    names = [*"abcdefgh", "bad", *"ijklmno"]
    results = list(in_batches(items(*names), None, lambda batch: doubled(batch, asked)))
    failed = [item.video_id for item, result in results if isinstance(result, ItemFailure)]
    assert failed == ["bad"]
    assert [item.video_id for item, _ in results] == names
    assert len(asked) == 9  # two halves at each of four levels, where one by one needs 17


def test_frames_of_one_batch_are_bounded_and_those_of_two_are_never_held(monkeypatch):
    monkeypatch.setattr(batches, "MOST_BYTES", 100)
    made, held, sizes = [], [], []

    def load():
        for number in range(10):
            held.append(sum(array() is not None for array in made))
            array = np.zeros(40, np.uint8)
            made.append(weakref.ref(array))
            yield Item(str(number), None), array
            del array

    def function(batch):
        sizes.append(len(batch))
        return [item.video_id for item, _ in batch]

    results = list(in_batches(load(), None, function))
    assert [result for _, result in results] == [str(number) for number in range(10)]
    assert sizes == [3, 3, 3, 1]
    assert max(held) == 2, "while an array is loaded, there are only those of its own batch"


def test_batches_in_flight_side_by_side_come_in_order_and_fail_alone():
    both = threading.Barrier(2)

    def function(batch):
        both.wait(30)  # each batch needs another at its side
        return doubled(batch, [])

    names = [*"abcde", "bad", *"fg"]
    results = list(in_batches(items(*names), 1, function, at_a_time=2))
    assert [item.video_id for item, _ in results] == names
    failed = [item.video_id for item, result in results if isinstance(result, ItemFailure)]
    assert failed == ["bad"]


def test_a_fault_of_the_machine_in_one_of_several_batches_ends_all():
    loaded = iter(items(*"abcdefgh"))

    def function(batch):
        raise MachineFault("the server is gone")

    with pytest.raises(MachineFault):
        list(in_batches(loaded, 1, function, at_a_time=2))
    assert len(list(loaded)) == 6


@pytest.mark.parametrize(
    "error", [MachineFault("the server is gone"), RuntimeError("CUDA error: unspecified")]
)
def test_what_the_process_does_not_survive_ends_it_at_once(error):
    asked = []

    def gone(batch):
        asked.append(batch)
        raise error

    with pytest.raises(type(error)):
        list(in_batches(items("a", "b"), 2, gone))
    assert len(asked) == 1


def test_memory_that_runs_out_is_answered_by_smaller_batches_with_equal_results():
    sizes = []

    def small_only(batch):
        sizes.append(len(batch))
        if len(batch) > 2:
            raise MemoryError
        return [name * 2 for _, name in batch]

    results = list(in_batches(items(*"abcdefgh"), None, small_only))
    assert [result for _, result in results] == [name * 2 for name in "abcdefgh"]
    assert sizes == [8, 4, 2, 2, 4, 2, 2]


def test_an_item_alone_that_is_too_much_for_the_memory_is_not_to_blame_yet():
    def never(batch):
        raise MemoryError("16 GB")

    [(_, failure)] = in_batches(items("a"), None, never)
    assert failure.fault is Fault.MEMORY
