"""The packed store: what is put is found, whatever is killed, cut or damaged."""

import json
import os
import random
import resource
import time

import pytest

from helpers import children
from helpers.killed_writers import JOB, digest, found, kill_writers, put, result
from strefer.stage import segments, store
from strefer.stage.run import Item, Shard, one_by_one, run_stage
from strefer.stage.segments import ENTRY, make_line, segments_of
from strefer.stage.store import ItemStore, Writer


def test_what_is_put_is_found_by_all_shards(tmp_path):
    put(tmp_path, range(5))
    put(tmp_path, range(5, 9), "00001-of-00002")
    assert found(tmp_path, range(12)) == list(range(9))
    assert found(tmp_path, range(12), "00000-of-00001") == list(range(9)), "other shards"


def test_a_reader_sees_what_a_writer_at_work_has_put(tmp_path):
    writer = ItemStore(tmp_path, "a")
    for number in range(3):
        writer.put(digest(number), JOB, result(number))
        assert found(tmp_path, range(3)) == list(range(number + 1))
        assert writer.get(digest(number)) == result(number)


def test_many_items_are_few_files_and_many_jobs_too(tmp_path):
    for number in range(40):
        put(tmp_path, range(number * 10, number * 10 + 10))
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("what", ["items", "index"])
def test_a_torn_tail_is_cut_and_nothing_before_it_is_lost(tmp_path, what):
    put(tmp_path, range(6))
    (segment,) = segments_of(tmp_path)
    whole = {path: path.read_bytes() for path in (segment.path, segment.index_path)}
    path = segment.path if what == "items" else segment.index_path
    entries = segment.entries()
    drawn = random.Random(3)
    for end in [0, 1, *drawn.sample(range(len(whole[path])), 30)]:
        for file, data in whole.items():
            file.write_bytes(data[:end] if file == path else data)
        left = [n for n, e in enumerate(entries) if e.offset + e.length <= end]
        expected = left if what == "items" else list(range(6))
        assert found(tmp_path, range(6)) == expected
        put(tmp_path, [7])  # appends behind the last whole line
        assert found(tmp_path, range(8)) == [*expected, 7]


def test_a_damaged_line_is_computed_again_and_costs_no_other(tmp_path):
    put(tmp_path, range(6))
    (segment,) = segments_of(tmp_path)
    entry = segment.entries()[2]
    data = bytearray(segment.path.read_bytes())
    data[entry.offset + entry.length - 3] ^= 1
    segment.path.write_bytes(data)
    assert found(tmp_path, range(6)) == [0, 1, 3, 4, 5]
    put(tmp_path, [2])
    assert found(tmp_path, range(6)) == list(range(6))


def test_a_second_writer_gets_files_of_its_own_and_many_are_joined(tmp_path):
    writers = [ItemStore(tmp_path, "a") for _ in range(store.MOST_SEGMENTS)]
    for number, writer in enumerate(writers):
        writer.put(digest(number), JOB, result(number))
    assert len(segments_of(tmp_path)) == len(writers)
    for writer in writers:
        writer.close()
    assert found(tmp_path, range(20), "a") == list(range(len(writers)))
    assert len(segments_of(tmp_path)) == 1
    assert {entry.job.hex() for entry in segments_of(tmp_path)[0].entries()} == {JOB}


def test_without_locks_each_job_has_files_of_its_own(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(store.errno.ENOLCK, "no locks available")

    monkeypatch.setattr(store.fcntl, "flock", refuse)
    for number in range(3):
        put(tmp_path, [number], "a")
    assert len(segments_of(tmp_path)) == 3
    for number in range(3, 30):
        put(tmp_path, [number], "a")
        assert found(tmp_path, range(31), "a") == list(range(number + 1))
        assert len(list(tmp_path.iterdir())) <= 2 * store.MOST_SEGMENTS


def test_a_reader_elsewhere_may_see_any_part_of_either_file_and_takes_no_lock(
    tmp_path, monkeypatch
):
    """As over a network: each file late by some bytes, or with zeros for what has not arrived."""
    put(tmp_path, range(12))
    (segment,) = segments_of(tmp_path)
    entries = segment.entries()
    whole = [path.read_bytes() for path in (segment.path, segment.index_path)]
    monkeypatch.setattr(store.fcntl, "flock", None)
    drawn = random.Random(5)
    for _ in range(300):
        ends = [drawn.randrange(len(data) + 1) for data in whole]
        zeros = [drawn.choice([0, 0, 7, 48, 500]) for _ in whole]
        segment.path.write_bytes(whole[0][: ends[0]] + bytes(zeros[0]))
        segment.index_path.write_bytes(whole[1][: ends[1]] + bytes(zeros[1]))
        expected = [n for n, e in enumerate(entries) if e.offset + e.length <= ends[0]]
        assert found(tmp_path, range(12)) == expected, (ends, zeros)


def test_files_that_another_shards_job_joins_meanwhile_are_found_again(tmp_path):
    def put_and_join(rounds):
        for number in range(1, rounds):
            for writer in [ItemStore(tmp_path, "b") for _ in range(2)]:
                writer.put(digest(number), JOB, result(number))
                writer.close()
            store.join_segments(tmp_path, "b", {bytes.fromhex(digest(n)) for n in range(rounds)})

    put(tmp_path, [0], "b")
    reader = ItemStore(tmp_path, "a")
    assert reader.find([digest(0)])
    child = children.start(put_and_join, 60)
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        assert found(tmp_path, [0], "a") == [0]
        assert reader.get(digest(0)) == result(0)
    assert found(tmp_path, range(60), "a") == list(range(60))
    reader.close()


def test_what_does_not_fit_is_cut_off_again(tmp_path, monkeypatch):
    writer = Writer(tmp_path, "a")
    whole = make_line(digest(1), JOB, result(1))
    writer.append(whole)
    write = os.write
    monkeypatch.setattr(store.os, "write", lambda file, data: write(file, data[:5]) and refuse())

    def refuse():
        raise OSError(store.errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        writer.append(make_line(digest(2), JOB, result(2)))
    monkeypatch.undo()
    assert writer.segment.path.read_bytes() == whole
    writer.append(make_line(digest(3), JOB, result(3)))
    assert found(tmp_path, [1, 2, 3], "a") == [1, 3]


def test_what_a_kill_leaves_of_an_index_is_removed(tmp_path):
    put(tmp_path, [0])
    (segment,) = segments_of(tmp_path)
    segment.index_path.with_name(f".{segment.index_path.name}.abc").touch()
    put(tmp_path, [1])
    assert sorted(tmp_path.iterdir()) == sorted([segment.path, segment.index_path])


@pytest.mark.parametrize(
    ("kills", "seed"), [(70, 1), pytest.param(500, 2, marks=pytest.mark.long)], ids=["few", "many"]
)
def test_a_writer_killed_at_any_point_loses_nothing_that_it_has_put(tmp_path, kills, seed):
    seen = kill_writers(tmp_path, kills, seed)
    assert (seen.lost, seen.twice, seen.most_files) == (0, 0, 2)
    assert seen.torn
    print(seen)


def test_an_index_is_found_without_reading_the_results(tmp_path, monkeypatch):
    put(tmp_path, range(20))
    (segment,) = segments_of(tmp_path)
    monkeypatch.setattr(segments, "_scan", lambda file, start: iter(()))
    entries = segment.entries()
    assert len(entries) == 20
    assert segment.index_path.stat().st_size == 20 * ENTRY.size
    assert json.loads(segment.line(entries[4])[83:]) == result(4)


@pytest.mark.parametrize("n_items", [2000, pytest.param(100_000, marks=pytest.mark.long)])
def test_a_run_that_finds_everything_opens_few_files_and_is_quick(tmp_path, n_items):
    items = [Item(f"film {number}", digest(number)) for number in range(n_items)]
    shard = Shard(tmp_path / "clips" / "00000-of-00001.jsonl", tmp_path / "store", {"code": "1"})
    worker = one_by_one(lambda item: {"text": "x" * 1000, "of": item.content})
    run_stage("clips", items, lambda: worker, shard)
    before = shard.output.read_bytes()
    assert len(list(shard.store.iterdir())) == 4
    # In a process of its own, whose memory and time are nobody else's.
    measured = tmp_path / "measured"
    assert children.end(children.start(_rerun, items, shard, measured)) == 0
    opened, seconds, memory_mb = json.loads(measured.read_text())
    assert opened < 10
    assert seconds < 60 * n_items / 100_000
    assert memory_mb < 1000 * n_items / 100_000
    assert shard.output.read_bytes() == before
    print(f"{n_items} items found in {seconds:.1f} s of the processor, {memory_mb:.0f} MB more")


def _rerun(items, shard, measured):
    opened, before = [], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    real = os.open

    def counting(*given, **more):
        opened.append(given)
        return real(*given, **more)

    os.open = counting
    begin = time.process_time()
    run_stage("clips", items, None, shard)
    more_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    measured.write_text(json.dumps([len(opened), time.process_time() - begin, more_kb / 1000]))
