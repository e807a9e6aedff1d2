"""GPUs of one machine, shared out among jobs: stand-ins, listed by an nvidia-smi of the test."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from strefer.workflow import gpus

ROOT = Path(__file__).parents[2]
JOB = """
import os, sys, time
from pathlib import Path
from strefer.workflow import gpus
gpus.PAUSE_S = 0.05
gpus.take_gpus(int(sys.argv[2]), Path(sys.argv[1]))
print(os.environ.get("CUDA_VISIBLE_DEVICES"), os.environ.get("CUDA_DEVICE_ORDER"), flush=True)
time.sleep(120)
"""


class Machine:
    """A machine with stand-ins for GPUs. Its jobs are processes that take some and wait."""

    def __init__(self, folder, count):
        self.folder, self.jobs = folder, []
        lines = "".join(f"echo '{i}, GPU-{i}{i}'\n" for i in range(count))
        (folder / "nvidia-smi").write_text(f"#!/bin/sh\n{lines}")
        (folder / "nvidia-smi").chmod(0o755)

    def start(self, count, **environment):
        variables = os.environ | {
            "PATH": f"{self.folder}:/usr/bin:/bin",
            "PYTHONPATH": str(ROOT / "scripts"),
        }
        variables.pop("CUDA_VISIBLE_DEVICES", None)
        command = [sys.executable, "-c", JOB, str(self.folder / "locks"), str(count)]
        job = subprocess.Popen(
            command, env=variables | environment, stdout=subprocess.PIPE, text=True
        )
        self.jobs.append(job)
        return job

    def end(self):
        for job in self.jobs:
            job.kill()
            job.wait()


@pytest.fixture
def machine(tmp_path):
    made = []

    def make(count):
        made.append(Machine(tmp_path, count))
        return made[0]

    yield make
    made[0].end()


def told(job):
    """The GPUs that a job says it has, and how it counts them."""
    return job.stdout.readline().split()


def test_two_jobs_at_a_time_have_a_gpu_each_and_a_third_waits_for_one(machine):
    two = machine(2)
    first = two.start(1)
    assert told(first) == ["0", "PCI_BUS_ID"]
    second, third = two.start(1), None
    assert told(second) == ["1", "PCI_BUS_ID"]
    third = two.start(1)
    os.set_blocking(third.stdout.fileno(), False)
    time.sleep(2)
    assert not third.stdout.readline()
    first.send_signal(signal.SIGKILL)
    first.wait()
    os.set_blocking(third.stdout.fileno(), True)
    assert told(third) == ["0", "PCI_BUS_ID"]


def test_a_job_of_several_gpus_and_those_of_one_share_eight(machine):
    eight = machine(8)
    found = [told(eight.start(count))[0].split(",") for count in (4, 1, 2, 1)]
    assert [len(names) for names in found] == [4, 1, 2, 1]
    assert sorted(name for names in found for name in names) == list("01234567")


def test_what_a_person_or_a_scheduler_has_chosen_is_chosen_from(machine):
    eight = machine(8)
    assert told(eight.start(1, CUDA_VISIBLE_DEVICES="5,6")) == ["5", "None"]
    assert told(eight.start(1, CUDA_VISIBLE_DEVICES="5,6")) == ["6", "None"]
    assert told(eight.start(2, CUDA_VISIBLE_DEVICES="GPU-11,GPU-22")) == ["GPU-11,GPU-22", "None"]
    assert told(eight.start(16, CUDA_VISIBLE_DEVICES="3,4")) == ["3,4", "None"], "one node of two"


def test_a_name_and_a_number_of_one_gpu_are_the_same_gpu(machine, tmp_path, monkeypatch):
    machine(2)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert gpus.list_gpus() == {"1": "GPU-11"}
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-11")
    assert gpus.list_gpus() == {"GPU-11": "GPU-11"}


def test_without_gpus_nothing_happens(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    gpus.take_gpus(1, tmp_path / "locks")
    assert "CUDA_VISIBLE_DEVICES" not in os.environ
    assert not (tmp_path / "locks").exists()
