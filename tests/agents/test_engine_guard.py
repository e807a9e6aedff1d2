"""A job that is killed while an engine works leaves no process that keeps the GPU's memory."""

import os
import signal
import subprocess
import sys
import time

import psutil

from strefer.files import ROOT

# A job with an engine that starts a worker, as vLLM does; neither heeds SIGTERM.
JOB = """
import multiprocessing, os, signal, sys, time
from strefer.agents.chat.engine_guard import guard_this_process

def note():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    open(os.path.join(sys.argv[1], str(os.getpid())), "w").close()

def worker():
    note()
    time.sleep(600)

def engine():
    note()
    multiprocessing.get_context("fork").Process(target=worker).start()
    time.sleep(600)

guard_this_process()
multiprocessing.get_context("fork").Process(target=engine).start()
while len(os.listdir(sys.argv[1])) < 2:
    time.sleep(0.01)
time.sleep(1.5)  # the guard looks every half a second
print("at work", flush=True)
time.sleep(600)
"""


def alive(numbers):
    return [n for n in numbers if psutil.pid_exists(n) and psutil.Process(n).status() != "zombie"]


def test_the_engine_of_a_job_that_was_killed_ends_soon(tmp_path):
    stranger = subprocess.Popen(["sleep", "600"])
    folder = tmp_path / "processes"
    folder.mkdir()
    job = subprocess.Popen(
        [sys.executable, "-c", JOB, str(folder)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "scripts")},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert job.stdout.readline() == "at work\n"
        engines = [int(name) for name in os.listdir(folder)]
        assert len(alive(engines)) == 2
        job.send_signal(signal.SIGKILL)
        job.wait()
        deadline = time.monotonic() + 60
        while alive(engines) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert alive(engines) == []
        assert stranger.poll() is None
    finally:
        stranger.kill()
        for number in alive(int(name) for name in os.listdir(folder)):
            os.kill(number, signal.SIGKILL)
