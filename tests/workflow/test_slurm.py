"""The chain as jobs of a real SLURM of two nodes (`tests/system/install.sh` installs it), up to the
entities; with `-m long`, up to the pairs.

Two jobs meet with trouble on the way: one is cancelled, and one gets too little memory.
"""

import os
import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from .conftest import ROOT, SMALL

pytestmark = [pytest.mark.workflow, pytest.mark.timeout(1500)]

CLUSTER = ROOT / "tests" / "system" / "slurm" / "cluster.sh"
GIVEN = {"recognize_entities": "gpu:1", "track_entities": "gpu:1", "transcribe_clips": "gpu:2"}
CANCELLED, STARVED = "draw_films", "probe_videos"
RESOURCES = (
    # Snakemake alone takes more than 150 MB together with the script, and less than 300.
    "resources={world: {mem_mb: 2000, runtime_min: 10}, videos: {mem_mb: 150},"
    " entities: {gpus: 1}, tracks: {gpus: 1}, transcripts: {gpus: 2}}"
)


@pytest.fixture(scope="module")
def cluster():
    """A SLURM that runs as long as the tests of this module."""
    if os.geteuid() or not shutil.which("slurmctld", path=f"{os.environ['PATH']}:/usr/sbin"):
        pytest.skip("no SLURM to start: call tests/system/install.sh as root")
    started = subprocess.run([CLUSTER, "start"], stderr=subprocess.PIPE, text=True, check=False)
    if started.returncode:
        pytest.skip(f"SLURM does not start here: {started.stderr[-2000:]}")
    yield
    subprocess.run([CLUSTER, "stop"], check=True)


def jobs_of(folder, but=()):
    """What SLURM knows of the jobs that were sent from a folder, by rule, in order of sending."""
    shown = subprocess.run(
        ["scontrol", "show", "jobs", "--details", "--oneliner"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    by_rule = {}
    for line in shown.splitlines():
        job = dict(word.split("=", 1) for word in line.split() if "=" in word)
        if job.get("WorkDir") == str(folder) and job["JobId"] not in but:
            rule = job["Comment"].removeprefix("rule_").split("_wildcards_")[0]
            by_rule.setdefault(rule, []).append(job)
    return by_rule


def cancel_first(folder, rule, run, but):
    """Cancel the first job of a rule when it has started."""
    while not run.done():
        for job in jobs_of(folder, but).get(rule, []):
            if job["JobState"] == "RUNNING":
                subprocess.run(["scancel", job["JobId"]], check=True)
                return
        time.sleep(0.2)


@pytest.fixture(
    scope="module", params=["entities", pytest.param("instructions", marks=pytest.mark.long)]
)
def sent(request, cluster, finished):
    """The chain up to a stage, for one shard, on the cluster: the shard's file, the same of a local
    run, and SLURM's account of the jobs."""
    local = min((finished.results("small") / request.param).iterdir())
    ours = finished.results(f"cluster_{request.param}") / request.param / local.name
    arguments = ["--profile", "profiles/slurm", "--slurm-status-command", "squeue"]
    arguments += ["--slurm-init-seconds-before-status-checks", "4", "--latency-wait", "10"]
    before = {job["JobId"] for jobs in jobs_of(finished.folder).values() for job in jobs}
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(
            finished.run,
            *arguments,
            config=(f"run=cluster_{request.param}", *SMALL, RESOURCES),
            targets=[str(ours.relative_to(finished.folder))],
        )
        cancel_first(finished.folder, CANCELLED, run, before)
        run.result()
    return ours, local, jobs_of(finished.folder, before)


def test_the_results_are_those_of_a_local_run(sent):
    ours, local, _ = sent
    assert ours.read_bytes() == local.read_bytes()
    assert ours.read_bytes()


def test_jobs_get_the_gpus_they_ask_for_and_others_none(sent):
    *_, jobs = sent
    assert set(jobs) & set(GIVEN)
    for rule, of_rule in jobs.items():
        for job in of_rule:
            assert job["NumNodes"] == "1"
            given = job["JOB_GRES"]  # such as gpu:t4:2
            assert re.sub(":(t4|h100):", ":", given) == GIVEN.get(rule, "(null)"), rule
            assert job["Partition"] == ("gpu" if rule in GIVEN else "cpu")


def test_a_cancelled_job_comes_back_with_more_memory_and_time(sent):
    *_, jobs = sent
    first, *again = jobs[CANCELLED]
    assert first["JobState"] == "CANCELLED"
    assert [job["JobState"] for job in again] == ["COMPLETED"]
    assert (first["MinMemoryNode"], again[0]["MinMemoryNode"]) == ("2000M", "4000M")
    assert (first["TimeLimit"], again[0]["TimeLimit"]) == ("00:10:00", "00:20:00")


def test_a_job_without_enough_memory_comes_back_until_it_has(sent):
    *_, jobs = sent
    states = [job["JobState"] for job in jobs[STARVED]]
    assert len(states) > 1
    assert states[0] in ("FAILED", "OUT_OF_MEMORY")
    assert states[-1] == "COMPLETED"
    given = [job["MinMemoryNode"] for job in jobs[STARVED]]
    assert given == ["150M", "300M", "450M"][: len(given)]
