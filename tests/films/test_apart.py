"""Frames from a process of its own: the same pixels, and no crash or hang costs the job more."""

import errno
import itertools
import json
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from helpers import children
from helpers.films import write_film
from strefer.files import ROOT
from strefer.films import apart
from strefer.films.apart import iterate_frames_apart
from strefer.frames import DecodingError, iterate_frames_at
from strefer.stage.run import Item, ItemFailure, Shard, one_by_one, run_stage

TIMES_S = [0.0, 0.3, 0.3, 1.1, 1.9, 50.0]
# What a decoder does with a film of this name behind its first second.
BROKEN_DECODER = """
import os, signal, time
from strefer import frames
right = frames.iterate_frames_at

def crash(path):
    os.kill(os.getpid(), signal.SIGSEGV)

def crash_once(path):
    if not os.path.exists(path + ".crashed"):
        open(path + ".crashed", "w").close()
        os.kill(os.getpid(), signal.SIGABRT)

def hang(path):
    time.sleep(60)

def iterate(path, times_s, size=None):
    for number, frame in enumerate(right(path, times_s, size)):
        if times_s[number] > 1:
            globals().get(os.path.basename(path)[:-4], lambda path: None)(path)
        yield frame

frames.iterate_frames_at = iterate
"""


@pytest.fixture(autouse=True)
def own_processes(monkeypatch):
    """No process of an earlier test."""
    monkeypatch.setattr(apart, "_of_thread", threading.local())


def process_id():
    """Of the process that decodes for this thread."""
    return apart._of_thread.decoder._process.pid


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """A decoder that crashes or hangs on films of such names. Gives the folder of films."""
    scripts = tmp_path / "project" / "scripts"
    scripts.mkdir(parents=True)
    (scripts / "strefer").symlink_to(ROOT / "scripts" / "strefer")
    (scripts / "sitecustomize.py").write_text(BROKEN_DECODER)
    monkeypatch.setattr(apart, "ROOT", tmp_path / "project")
    monkeypatch.setattr(apart, "LIMIT_S", 2.0)
    return tmp_path


def film(folder, name="film"):
    return str(write_film(folder / f"{name}.mp4", n_frames=16, fps=8, size=(48, 64)))


def frames_of(decoded):
    return np.stack(list(decoded))


def test_the_pixels_are_the_same_and_one_process_reads_all_films(tmp_path):
    for name in ("a", "b"):
        path = film(tmp_path, name)
        ours = frames_of(iterate_frames_apart(path, TIMES_S))
        assert (ours == frames_of(iterate_frames_at(path, TIMES_S))).all()
        assert ours.flags.writeable
    small = frames_of(iterate_frames_apart(path, TIMES_S, (24, 16)))
    assert (small == frames_of(iterate_frames_at(path, TIMES_S, (24, 16)))).all()
    large = str(write_film(tmp_path / "large.mp4", n_frames=4, fps=8, size=(480, 640)))
    assert frames_of(iterate_frames_apart(large, [0.0, 0.2])).shape == (2, 480, 640, 3)
    assert apart._of_thread.decoder._requests == 4


def test_threads_do_not_meet(tmp_path):
    sizes = [(16 * n, 8 * n) for n in range(1, 5)]
    path = film(tmp_path)

    def read(size):
        return [frames_of(iterate_frames_apart(path, TIMES_S, size)) for _ in range(5)]

    with ThreadPoolExecutor(4) as pool:
        for size, found in zip(sizes, pool.map(read, sizes), strict=True):
            right = frames_of(iterate_frames_at(path, TIMES_S, size))
            assert all((one == right).all() for one in found)


def test_films_that_are_left_or_read_in_turns_get_their_own_frames(tmp_path):
    first, second = film(tmp_path, "a"), film(tmp_path, "b")
    next(iterate_frames_apart(first, TIMES_S))
    turns = zip(
        iterate_frames_apart(first, TIMES_S), iterate_frames_apart(second, TIMES_S), strict=True
    )
    right = list(iterate_frames_at(first, TIMES_S))
    for (ours, other), expected in zip(turns, right, strict=True):
        assert (ours == expected).all()
        assert (other == expected).all()


@pytest.mark.parametrize("content", [b"", b"no film", b"\0" * 5000, None], ids=str)
def test_errors_are_those_of_decoding_here(tmp_path, content):
    path = tmp_path / "film.mp4"
    if content is not None:
        path.write_bytes(content)
    seen = []
    for read in (iterate_frames_at, iterate_frames_apart):
        with pytest.raises((DecodingError, OSError)) as raised:
            list(read(str(path), TIMES_S))
        seen.append((type(raised.value), str(raised.value)))
    assert seen[0] == seen[1]
    assert list(iterate_frames_apart(film(tmp_path, "next"), [0.0]))


def test_a_decoder_that_always_crashes_is_the_films_fault(broken):
    with pytest.raises(DecodingError, match="process that decodes it 3 times, last by signal 11"):
        list(iterate_frames_apart(film(broken, "crash"), TIMES_S))
    assert len(list(iterate_frames_apart(film(broken), TIMES_S))) == len(TIMES_S)


def test_a_decoder_that_crashes_once_costs_nothing(broken):
    path = film(broken, "crash_once")
    right = frames_of(iterate_frames_at(path, TIMES_S))
    assert (frames_of(iterate_frames_apart(path, TIMES_S)) == right).all()
    assert os.path.exists(path + ".crashed")


def test_a_decoder_that_hangs_is_the_films_fault_if_the_file_can_be_read(broken):
    with pytest.raises(DecodingError, match="3 times, last by a time limit: no frame for 2 s"):
        list(iterate_frames_apart(film(broken, "hang"), TIMES_S))


def test_a_disk_that_hangs_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(apart, "LIMIT_S", 2.0)
    os.mkfifo(tmp_path / "film.mp4")  # opening it waits for ever
    with pytest.raises(OSError, match="timed out") as raised:
        list(iterate_frames_apart(tmp_path / "film.mp4", TIMES_S))
    assert raised.value.errno == errno.ETIMEDOUT


def test_a_process_that_does_not_even_end_is_left_behind(tmp_path, monkeypatch):
    def patience(limit_s):
        monkeypatch.setattr(apart, "LIMIT_S", limit_s)
        monkeypatch.setattr(apart, "_PATIENCE_S", limit_s)

    path = film(tmp_path)
    decoded = iterate_frames_apart(path, TIMES_S)
    first = next(decoded)
    patience(0.3)
    monkeypatch.setattr(apart.log, "warning", lambda *_: patience(60))  # for the next one
    os.kill(process_id(), signal.SIGSTOP)  # as one that waits for a disk
    ours = np.stack([first, *decoded])
    assert (ours == frames_of(iterate_frames_at(path, TIMES_S))).all()


def test_a_process_that_is_killed_is_the_machines_fault(tmp_path):
    decoded = iterate_frames_apart(film(tmp_path), TIMES_S)
    next(decoded)
    os.kill(process_id(), signal.SIGKILL)
    with pytest.raises(MemoryError, match="killed from outside"):
        list(decoded)


def test_a_film_that_crashes_its_decoder_does_not_cost_the_jobs_models(broken):
    loaded = []

    def start():
        loaded.append("model")

        def read(item):
            try:
                return {"frames": len(list(iterate_frames_apart(item.context, TIMES_S)))}
            except DecodingError as error:
                raise ItemFailure(str(error)) from None

        return one_by_one(read)

    names = ["before", "crash", "hang", "after"]
    items = [Item(name, name, context=film(broken, name)) for name in names]
    shard = Shard(broken / "shard.jsonl", broken / "store", {"code": "1"})
    run_stage("entities", items, start, shard)
    lines = [json.loads(line) for line in shard.output.read_text().splitlines()]
    failed = {line["video_id"] for line in lines if "failure" in line}
    assert failed == {"crash", "hang"}
    assert loaded == ["model"]


def test_it_ends_with_its_job_and_a_fork_has_one_of_its_own(tmp_path):
    path = film(tmp_path)
    list(iterate_frames_apart(path, TIMES_S))
    ours = process_id()

    def child():
        list(iterate_frames_apart(path, TIMES_S))
        (tmp_path / "pid").write_text(str(process_id()))
        os.kill(os.getpid(), signal.SIGKILL)

    assert children.end(children.start(child)) == -signal.SIGKILL
    theirs = int((tmp_path / "pid").read_text())
    assert theirs != ours
    for _ in itertools.takewhile(lambda _: is_running(theirs), range(1000)):
        time.sleep(0.01)
    assert not is_running(theirs)
    assert is_running(ours)


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
