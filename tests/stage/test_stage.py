import json

import pytest

from strefer.files import atomic_write
from strefer.records import Entities
from strefer.stage.run import (
    Item,
    ItemFailure,
    Shard,
    StrictError,
    one_by_one,
    read_lines,
    read_records,
    run_stage,
)

MAKING = {"code": "1"}


class Counting:
    """A stage that counts what it computes and how often its model is loaded."""

    def __init__(self, fail=()):
        self.loads, self.done, self.fail = 0, [], fail

    def start(self):
        self.loads += 1
        return one_by_one(self.one)

    def one(self, item):
        self.done.append(item.video_id)
        if item.video_id in self.fail:
            raise ItemFailure("broken")
        return {"text": f"about {item.content}"}


@pytest.fixture
def run(tmp_path):
    def run(stage, ids, making=MAKING, strict=False, contents=None):
        items = [Item(i, (contents or {}).get(i, i)) for i in ids]
        run_stage(
            "entities",
            items,
            stage.start,
            Shard(tmp_path / "shard.jsonl", tmp_path / "store", making, strict),
        )
        return (tmp_path / "shard.jsonl").read_bytes()

    return run


def test_a_second_run_computes_nothing_and_loads_no_model(run):
    stage = Counting()
    first = run(stage, "abc")
    assert run(stage, "abc") == first
    assert stage.loads == 1
    assert stage.done == ["a", "b", "c"]


def test_only_what_changed_is_computed(run):
    run(Counting(), "abc")
    stage = Counting()
    run(stage, "abcd", contents={"b": "new"})
    assert stage.done == ["b", "d"]
    stage = Counting()
    run(stage, "ab", making={"code": "2"})
    assert stage.done == ["a", "b"]


def test_a_copied_film_is_computed_once(run):
    stage = Counting()
    text = run(stage, "ab", contents={"a": "same", "b": "same"}).decode()
    assert stage.done == ["a"]
    assert [json.loads(line)["video_id"] for line in text.splitlines()] == ["a", "b"]


def test_a_failure_is_a_line_and_is_tried_again(run, tmp_path):
    run(Counting(fail="b"), "abc")
    lines = read_lines(tmp_path / "shard.jsonl")
    assert [line.failure for line in lines] == [
        None,
        {"stage": "entities", "reason": "broken"},
        None,
    ]
    assert list(read_records(tmp_path / "shard.jsonl", Entities)) == ["a", "c"]
    stage = Counting()
    run(stage, "abc")
    assert stage.done == ["b"]


def test_an_unexpected_error_fails_its_item_only(run, tmp_path):
    class Odd(Counting):
        def one(self, item):
            return super().one(item) if item.video_id != "a" else {}["missing"]

    run(Odd(), "ab")
    assert read_lines(tmp_path / "shard.jsonl")[0].failure["reason"] == "KeyError: 'missing'"


def test_strict_raises_and_keeps_what_was_done(run, tmp_path):
    with pytest.raises(StrictError, match="1 item"):
        run(Counting(fail="a"), "ab", strict=True)
    assert not (tmp_path / "shard.jsonl").exists()
    stage = Counting()
    run(stage, "ab")
    assert stage.done == ["a"]


def test_a_killed_job_loses_the_item_in_hand_only(run):
    class Killed(Counting):
        def one(self, item):
            if item.video_id == "c":
                raise KeyboardInterrupt
            return super().one(item)

    with pytest.raises(KeyboardInterrupt):
        run(Killed(), "abcd")
    stage = Counting()
    run(stage, "abcd")
    assert stage.done == ["c", "d"]


def test_a_damaged_store_entry_is_computed_again(run, tmp_path):
    run(Counting(), "a")
    (lines,) = (tmp_path / "store").glob("*.items")
    lines.write_bytes(lines.read_bytes().replace(b"about", b"abort"))
    stage = Counting()
    run(stage, "a")
    assert stage.done == ["a"]


def test_a_worker_that_forgets_an_item_is_an_error(tmp_path):
    with pytest.raises(RuntimeError, match="no result"):
        run_stage(
            "entities",
            [Item("a", "a")],
            lambda: lambda items: iter(()),
            Shard(tmp_path / "o", tmp_path / "s", MAKING),
        )


def test_atomic_write_leaves_nothing_behind(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic_write(path) as file:
        file.write("new")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_foreign_line_is_named(tmp_path):
    path = tmp_path / "shard.jsonl"
    path.write_text('{"video_id": "a", "text": "x"}\n[1, 2]\n')
    with pytest.raises(ValueError, match="line 2"):
        read_lines(path)
