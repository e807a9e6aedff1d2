"""What follows from an error of the machine: cases that people met, on the real stage."""

import errno
import json

import pytest
import torch

from strefer.stage import attempts
from strefer.stage.batches import in_batches
from strefer.stage.run import Item, ItemFailure, MachineFault, Shard, one_by_one, run_stage


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    """The pauses that were made."""
    made = []
    monkeypatch.setattr(attempts.time, "sleep", made.append)
    return made


class Stage:
    """A stage over films; `answer` is given a film's name and may raise."""

    def __init__(self, folder, films="abcd", batched=False):
        self.folder, self.films, self.batched = folder, films, batched
        self.begun = []

    def run(self, answer=str):
        def one(film):
            self.begun.append(film)
            return {"text": answer(film) * 2}

        def start():
            if self.batched:
                together = lambda batch: [one(film) for _, film in batch]  # noqa: E731
                return lambda items: in_batches(((i, i.content) for i in items), None, together)
            return one_by_one(lambda item: one(item.content))

        self.begun = []
        items = [Item(film, film) for film in self.films]
        shard = Shard(self.folder / "shard.jsonl", self.folder / "store", {"code": "1"})
        run_stage("clips", items, start, shard)

    def lines(self):
        path = self.folder / "shard.jsonl"
        found = (
            [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        )
        return {f["video_id"]: f["text"] if "text" in f else f["failure"]["reason"] for f in found}


def raising(error, *films):
    def answer(film):
        if film in films:
            raise error
        return film

    return answer


ALL_DONE = {film: film * 2 for film in "abcd"}


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("CUDA error: an illegal memory access was encountered"),
        torch.AcceleratorError("CUDA error: an illegal memory access was encountered"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("CUDA error: uncorrectable ECC error encountered"),
    ],
    ids=str,
)
def test_a_device_that_fails_ends_the_job_and_the_next_attempt_does_the_rest(tmp_path, error):
    stage = Stage(tmp_path)
    with pytest.raises(type(error)):
        stage.run(raising(error, *"bcd"))
    assert stage.begun == ["a", "b"]
    assert stage.lines() == {}
    stage.run()
    assert sorted(stage.begun) == ["b", "c", "d"]
    assert stage.begun[-1] == "b", "what was in hand comes last"
    assert stage.lines() == ALL_DONE


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("films", ["abcd", "bacd"])
def test_a_film_too_large_for_the_memory_costs_three_attempts_and_no_other_film(
    tmp_path, batched, films
):
    stage = Stage(tmp_path, films, batched)
    answer = raising(torch.OutOfMemoryError("CUDA out of memory"), "b")
    for _ in range(2):
        with pytest.raises(MachineFault, match="CUDA out of memory"):
            stage.run(answer)
        assert stage.lines() == {}
    assert stage.begun == ["a", "b"] or stage.begun[-1] == "b", "another film was seen to work"
    stage.run(answer)
    reason = "killed the process 3 times, last by OutOfMemoryError: CUDA out of memory"
    assert stage.lines() == ALL_DONE | {"b": reason}
    stage.run(answer)
    assert stage.begun == [], "it is not tried again on its own"


def test_a_machine_without_memory_blames_nobody_however_often_it_is_tried(tmp_path):
    stage = Stage(tmp_path)
    for _ in range(12):
        with pytest.raises(MachineFault):
            stage.run(raising(MemoryError("16 GB"), *"abcd"))
    stage.run()
    assert stage.lines() == ALL_DONE


def test_a_broken_device_blames_nobody_even_if_one_film_is_left(tmp_path):
    stage = Stage(tmp_path)
    broken = RuntimeError("CUDA error: unspecified launch failure")
    with pytest.raises(RuntimeError):
        stage.run(raising(broken, "d"))
    for _ in range(5):
        with pytest.raises((RuntimeError, MachineFault)):
            stage.run(raising(broken, *"abcd"))
    stage.run()
    assert stage.lines() == ALL_DONE


def test_the_only_film_of_a_shard(tmp_path):
    """Nothing shows that the machine works: its memory may be too little, its device be broken."""
    large = Stage(tmp_path / "large", "a")
    for _ in range(2):
        with pytest.raises(MachineFault):
            large.run(raising(MemoryError("16 GB"), "a"))
    large.run(raising(MemoryError("16 GB"), "a"))
    assert large.lines() == {"a": "killed the process 3 times, last by MemoryError: 16 GB"}
    among_bad = Stage(tmp_path / "bad", "ab")
    answers = {"a": MemoryError("16 GB"), "b": ValueError("no film")}
    for _ in range(2):
        with pytest.raises(MachineFault):
            among_bad.run(lambda film: raising(answers[film], film)(film))
    among_bad.run(lambda film: raising(answers[film], film)(film))
    assert among_bad.lines()["b"] == "ValueError: no film"
    broken = Stage(tmp_path / "broken", "a")
    for _ in range(5):
        with pytest.raises(RuntimeError):
            broken.run(raising(RuntimeError("CUDA error: unspecified launch failure"), "a"))
    broken.run()
    assert broken.lines() == {"a": "aa"}


@pytest.mark.parametrize("name", "ESTALE ETIMEDOUT EHOSTDOWN ENOTCONN EREMOTEIO EROFS".split())
def test_storage_that_comes_back_costs_a_pause(tmp_path, pauses, name):
    stage = Stage(tmp_path)
    left = ["b", "c"]  # each fails once

    def answer(film):
        if film in left:
            left.remove(film)
            raise OSError(getattr(errno, name), "as the kernel says")
        return film

    stage.run(answer)
    assert stage.lines() == ALL_DONE
    assert [p for p in pauses if p] == [attempts.PAUSES_S[0]]


def test_storage_that_goes_away_now_and_then_never_ends_the_job(tmp_path, pauses):
    stage = Stage(tmp_path, "abcdefghijkl")
    tried = []

    def answer(film):
        tried.append(film)
        if len(tried) % 3 == 0:
            raise OSError(errno.ESTALE, "stale")
        return film

    stage.run(answer)
    assert stage.lines() == {film: film * 2 for film in stage.films}


def test_storage_that_stays_away_ends_the_job_and_blames_nobody(tmp_path, pauses):
    stage = Stage(tmp_path)
    for _ in range(5):
        with pytest.raises(MachineFault, match="stale"):
            stage.run(raising(OSError(errno.ESTALE, "stale"), *"bcd"))
        assert stage.begun[0] == "a" or "a" not in stage.begun
    assert max(pauses) == attempts.PAUSES_S[-1]
    stage.run()
    assert stage.lines() == ALL_DONE


def test_a_film_on_storage_that_stays_away_holds_no_other_up(tmp_path):
    stage = Stage(tmp_path)
    for _ in range(5):
        with pytest.raises(MachineFault, match=r"b: OSError.*stale.*`drop_film`"):
            stage.run(raising(OSError(errno.ESTALE, "stale"), "b"))
    assert set(stage.begun) == {"b", "a"}, "the others are done"
    stage.run()
    assert stage.lines() == ALL_DONE


def test_a_worker_that_loses_its_storage_while_loading_goes_on(tmp_path):
    times = []

    def worker(items):
        for item in items:
            if item.video_id == "b" and len(times) < 2:
                times.append(item)
                raise OSError(errno.ESTALE, "stale")
            yield item, {"text": item.content}

    items = [Item(film, film) for film in "abc"]
    shard = Shard(tmp_path / "shard.jsonl", tmp_path / "store", {})
    run_stage("clips", items, lambda: worker, shard)
    lines = shard.output.read_text().splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["a", "b", "c"]


def test_a_stage_that_calls_the_machines_error_a_films_fault_is_not_believed(tmp_path):
    def answer(film):
        try:
            return raising(OSError(errno.ESTALE, "stale"), "b")(film)
        except OSError as error:
            raise ItemFailure(f"{film}: {error}") from None

    stage = Stage(tmp_path)
    with pytest.raises(MachineFault, match="stale"):
        stage.run(answer)


def test_a_full_disk_ends_the_job_at_once(tmp_path):
    stage = Stage(tmp_path)
    for _ in range(4):
        with pytest.raises(OSError, match="full"):
            stage.run(raising(OSError(errno.ENOSPC, "full"), *"bcd"))
    stage.run()
    assert stage.lines() == ALL_DONE


def test_what_cannot_be_written_fails_its_item_alone(tmp_path):
    stage = Stage(tmp_path)
    stage.run(lambda film: float("nan") if film == "b" else "\ud800" if film == "c" else film)
    lines = stage.lines()
    assert [lines["a"], lines["d"]] == ["aa", "dd"]
    assert all(lines[film].startswith("its result cannot be written") for film in "bc")
