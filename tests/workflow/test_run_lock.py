"""The lock of a run: held by a live process, gone with a killed one, never in the way of itself."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from strefer.workflow import run_lock

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
ENTERS = "run_lock.enter_run(Path('run'))"
HOLDS = "run_lock.hold(Path('run/logs/cut_clips/0.log'))"


def process(folder, does):
    """A process that does something with the lock and then stays; it has said so."""
    imports = "from pathlib import Path\nfrom strefer.workflow import run_lock"
    code = f"{imports}\n{does}\nprint('done', flush=True)"
    started = subprocess.Popen(
        [sys.executable, "-c", f"{code}\ninput()"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(SCRIPTS)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert started.stdout.readline() == "done\n"
    return started


@pytest.fixture
def run(tmp_path):
    (tmp_path / "run/logs/cut_clips").mkdir(parents=True)
    return tmp_path / "run"


def test_a_live_call_keeps_others_out_and_a_killed_one_does_not(run):
    first = process(run.parent, ENTERS)
    with pytest.raises(ValueError, match="another call is running on this run"):
        run_lock.enter_run(run)
    first.send_signal(signal.SIGKILL)
    first.wait()
    run_lock.enter_run(run)


def test_a_call_waits_for_jobs_that_a_killed_call_left(run):
    job = process(run.parent, HOLDS)
    told = []

    def announce(text):
        told.append(text)
        job.kill()

    run_lock.enter_run(run, announce)
    assert told == ["waiting for jobs left over from a killed call: cut_clips/0"]
    job.wait()


def test_a_process_is_not_in_its_own_way(run):
    log = run / "logs/cut_clips/1.log"
    run_lock.hold(log)
    run_lock.hold(log)


def test_a_child_does_not_keep_the_lock(run):
    parent = process(run.parent, f"{ENTERS}\nimport subprocess\nsubprocess.Popen(['sleep', '20'])")
    parent.kill()
    parent.wait()
    run_lock.enter_run(run)
