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

from .conftest import ROOT

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
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SLURM_CONF")
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


def meet_first(folder, rule, run, but, command):
    """Call a command about the first job of a rule when it has started; {job} is its number."""
    while not run.done():
        for job in jobs_of(folder, but).get(rule, []):
            if job["JobState"] == "RUNNING":
                subprocess.run([part.format(job=job["JobId"]) for part in command], check=True)
                return
        time.sleep(0.2)


def send(workplace, run, config, target, command):
    """Run the chain up to a target on the cluster, with a command about the first job of CANCELLED;
    gives SLURM's account of the jobs."""
    arguments = ["--profile", "profiles/slurm", "--slurm-status-command", "squeue"]
    arguments += ["--slurm-init-seconds-before-status-checks", "4", "--latency-wait", "10"]
    before = {job["JobId"] for jobs in jobs_of(workplace.folder).values() for job in jobs}
    with ThreadPoolExecutor(1) as pool:
        config = (f"run={run}", "shards=1", "demo={films: 1, long_films: 0}", config)
        sent = pool.submit(workplace.run, *arguments, config=config, targets=[target])
        meet_first(workplace.folder, CANCELLED, sent, before, command)
        sent.result()
    return jobs_of(workplace.folder, before)


@pytest.fixture(
    scope="module", params=["entities", pytest.param("instructions", marks=pytest.mark.long)]
)
def sent(request, cluster, workplace, one_film):
    """The chain up to a stage, for one film, on the cluster: the shard's file, the same of a local
    run, and SLURM's account of the jobs."""
    [local] = (one_film / request.param).iterdir()
    ours = workplace.results(f"cluster_{request.param}") / request.param / local.name
    target = str(ours.relative_to(workplace.folder))
    jobs = send(workplace, f"cluster_{request.param}", RESOURCES, target, ["scancel", "{job}"])
    return ours, local, jobs


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


def test_a_cancelled_job_comes_back_as_it_was(sent):
    *_, jobs = sent
    assert [job["JobState"] for job in jobs[CANCELLED]] == ["CANCELLED", "COMPLETED"]
    assert [job["MinMemoryNode"] for job in jobs[CANCELLED]] == ["2000M", "2000M"]
    assert [job["TimeLimit"] for job in jobs[CANCELLED]] == ["00:10:00", "00:10:00"]


def test_a_job_without_enough_memory_comes_back_until_it_has(sent):
    *_, jobs = sent
    states = [job["JobState"] for job in jobs[STARVED]]
    assert len(states) > 1
    assert states[0] in ("FAILED", "OUT_OF_MEMORY")
    assert states[-1] == "COMPLETED"
    given = [job["MinMemoryNode"] for job in jobs[STARVED]]
    assert given == ["150M", "300M", "450M"][: len(given)]
    assert len({job["TimeLimit"] for job in jobs[STARVED]}) == 1


FILMS = "world/films/videos/input_000000.mp4"


@pytest.mark.long
def test_a_job_that_no_partition_takes_fails_with_a_line(cluster, workplace):
    arguments = ["--profile", "profiles/slurm", "--slurm-status-command", "squeue"]
    config = ("run=huge", "resources={world: {mem_mb: 100000}}")
    targets = [f"results/huge/{FILMS}"]
    done = workplace.run(*arguments, config=config, targets=targets, check=False)
    assert done.returncode
    assert "FAILED   draw_films: SLURM rejected it: " in done.stderr
    assert "invalid partition specified: no_partition_takes_this_job" in done.stderr


@pytest.mark.long
def test_a_run_goes_on_when_the_controller_was_away(cluster, workplace):
    """For so long that every attempt to ask it fails. A job that starts just then fails once."""
    away = ["bash", "-c", f"{CLUSTER} pause && sleep 60 && {CLUSTER} resume"]
    *_, last = send(workplace, "away", RESOURCES, f"results/away/{FILMS}", away)[CANCELLED]
    assert last["JobState"] == "COMPLETED"
    assert (workplace.folder / "results" / "away" / FILMS).stat().st_size


@pytest.mark.long
def test_a_job_whose_node_goes_down_runs_again(cluster, workplace):
    down = "node=$(squeue --noheader --jobs={job} --format=%N); "
    down += (
        "for state in down resume; do scontrol update nodename=$node state=$state reason=test; done"
    )
    jobs = send(workplace, "down", RESOURCES, f"results/down/{FILMS}", ["bash", "-c", down])
    assert jobs[CANCELLED][-1]["JobState"] == "COMPLETED"
    assert {job["MinMemoryNode"] for job in jobs[CANCELLED]} == {"2000M"}


@pytest.mark.long
def test_a_job_out_of_time_comes_back_with_more(cluster, workplace):
    """Its processes are stopped, so that it can only run into its limit of a minute."""
    films = "results/late/world/films/videos/input_000000.mp4"
    stop = ["scancel", "--signal=STOP", "--full", "{job}"]
    limit = "resources={world: {mem_mb: 2000, runtime_min: 1}}"
    first, *again = send(workplace, "late", limit, films, stop)[CANCELLED]
    assert (first["JobState"], first["TimeLimit"]) == ("TIMEOUT", "00:01:00")
    assert [(job["JobState"], job["TimeLimit"]) for job in again] == [("COMPLETED", "00:02:00")]
    assert first["MinMemoryNode"] == again[0]["MinMemoryNode"] == "2000M"
    assert (workplace.folder / films).stat().st_size


@pytest.mark.long
def test_a_job_that_gives_way_to_a_more_urgent_one_waits_and_runs_again(cluster, workplace):
    """The urgent job asks for both nodes; the other is the same job again, and no failure."""
    films = "results/urgent/world/films/videos/input_000000.mp4"
    urgent = ["sbatch", "--partition=urgent", "--nodes=2", "--exclusive", "--mem=0"]
    urgent += ["--output=/dev/null", "--comment={job}", "--wrap=sleep 3"]
    [job] = send(workplace, "urgent", RESOURCES, films, urgent)[CANCELLED]
    assert (job["JobState"], job["Restarts"]) == ("COMPLETED", "1")
    assert job["TimeLimit"] == "00:10:00"  # as it asked first: a retry would have more
    assert (workplace.folder / films).stat().st_size
