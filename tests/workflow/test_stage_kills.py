"""A stage that is killed, starved of memory or of disk goes on where it was."""

import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from strefer.files import atomic_write
from strefer.workflow.logs import read_reason

from .driven_stage import N_ITEMS

DRIVER = Path(__file__).with_name("driven_stage.py")
SCRIPTS = Path(__file__).parents[2] / "scripts"


def start(folder, *arguments, **given):
    return subprocess.Popen(
        [sys.executable, str(DRIVER), str(folder), *arguments],
        env=os.environ | {"PYTHONPATH": str(SCRIPTS), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **given,
    )


def finish(folder):
    process = start(folder)
    process.communicate(timeout=120)
    assert process.returncode == 0, log_of(folder)
    return (folder / "results" / "shard.jsonl").read_bytes()


def log_of(folder):
    return (folder / "stage.log").read_text()


def begun(folder):
    journal = folder / "journal"
    return Counter(journal.read_text().splitlines()) if journal.exists() else Counter()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return finish(tmp_path_factory.mktemp("undisturbed"))


@pytest.mark.parametrize(
    ("kills", "seed"), [(12, 1), pytest.param(200, 2, marks=pytest.mark.long)], ids=["few", "many"]
)
def test_a_killed_stage_loses_the_item_in_hand_alone(tmp_path, undisturbed, kills, seed):
    drawn = random.Random(seed)
    done, in_hand = 0, 0
    output = tmp_path / "results" / "shard.jsonl"
    while done < kills:
        before = sum(begun(tmp_path).values())
        process = start(tmp_path)
        while sum(begun(tmp_path).values()) == before and process.poll() is None:
            time.sleep(0.001)
        time.sleep(drawn.uniform(0, 0.4 / N_ITEMS * 4))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if process.returncode == 0:  # it was faster: begin again with an empty store
            again = sum(begun(tmp_path).values())
            assert again <= N_ITEMS + 2 * in_hand
            assert output.read_bytes() == undisturbed
            subprocess.run(["rm", "-r", tmp_path / "results", tmp_path / "journal"], check=True)
            in_hand = 0
            continue
        done, in_hand = done + 1, in_hand + 1
        assert not output.exists() or output.read_bytes() == undisturbed
    assert finish(tmp_path) == undisturbed
    counts = begun(tmp_path)
    assert len(counts) == N_ITEMS
    # What was in hand is begun again, and another before it that shows the machine to work.
    assert sum(counts.values()) <= N_ITEMS + 2 * in_hand


def test_a_stage_without_memory_fails_as_a_job_and_blames_no_film(tmp_path, undisturbed):
    limit = 8_000_000_000

    def limited():
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    process = start(tmp_path, "memory", preexec_fn=limited)
    process.communicate(timeout=120)
    assert process.returncode != 0
    reason = read_reason(tmp_path / "stage.log")
    assert "MemoryError" in reason or "allocate" in reason
    assert not (tmp_path / "results" / "shard.jsonl").exists()
    assert finish(tmp_path) == undisturbed


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_ends_the_job_with_one_line_and_loses_nothing(tmp_path, undisturbed):
    results = tmp_path / "results"
    results.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(results)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        process = start(tmp_path)
        process.communicate(timeout=120)
        assert process.returncode != 0
        assert "No space left on device" in read_reason(tmp_path / "stage.log")
        assert not (results / "shard.jsonl").exists()
        assert not [p for p in results.rglob(".*") if p.is_file()], "a half-written file is left"
        subprocess.run(["mount", "-o", "remount,size=20m", str(results)], check=True)
        assert finish(tmp_path) == undisturbed
        assert sum(begun(tmp_path).values()) <= N_ITEMS + 1
    finally:
        subprocess.run(["umount", str(results)], check=True)


@pytest.mark.parametrize("mode", ["w", "wb"])
def test_a_write_that_is_killed_leaves_the_old_file(tmp_path, mode):
    path = tmp_path / "file"
    with atomic_write(path) as file:
        file.write("old")
    process_id = os.fork()
    if process_id == 0:
        with atomic_write(path, mode) as file:
            file.write("new" if mode == "w" else b"new")
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(process_id, 0)
    assert path.read_text() == "old"
