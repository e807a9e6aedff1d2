"""Whole workflows that are killed: a plain rerun ends with the bytes of an undisturbed run."""

import base64
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter

import psutil
import pytest

from strefer.stage.store import segments_of

from .bench_of_reruns import Project

pytestmark = pytest.mark.workflow
WAYS = ("everything", "snakemake alone", "one job")
WAIT_S = 1800


@pytest.fixture(scope="module")
def undisturbed(base):
    return base.results()


def kill(process, way, drawn):
    """Kill by SIGKILL. Returns whether something was left to kill."""
    try:
        top = psutil.Process(process.pid)
        children = top.children(recursive=True)
        if way == "everything":
            os.killpg(process.pid, signal.SIGKILL)
        elif way == "one job" and children:
            drawn.choice(children).kill()
        else:
            top.kill()
    except (psutil.NoSuchProcess, ProcessLookupError):
        return False
    return True


def stored(project):
    """How often each result is in the item store, by stage and digest."""
    found = Counter()
    for folder in project.path("results/small/store").glob("*"):
        for segment in segments_of(folder):
            found.update((folder.name, entry.digest) for entry in segment.entries())
    return found


def end(project, *targets):
    process = project.start(*targets)
    said, _ = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0, said[-3000:]
    return said


def of_targets(results, targets):
    """Those of the results that a target makes; `all` makes all."""
    if "all" in targets:
        return results
    folders = {target.split("/")[2] for target in targets}
    return {name: data for name, data in results.items() if name.split("/")[0] in folders}


def start_and_wait(project, targets, drawn):
    """Start a call; mostly wait until its jobs begin, which takes longest on a busy machine."""
    provenance = project.path("results/small/provenance.json")
    before = provenance.stat().st_mtime_ns if provenance.exists() else None
    process = project.start(*targets)
    if drawn.random() < 0.8:
        while process.poll() is None:
            if provenance.exists() and provenance.stat().st_mtime_ns != before:
                break
            time.sleep(0.1)
    return process


def ends_within(process, seconds):
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def disturb(project, undisturbed, drawn, kills, longest_s, targets):
    """Kill a run so many times, with everything checked in between. Returns how often it ended."""
    done, ended, process = 0, 0, None
    while done < kills or process:
        process = process or start_and_wait(project, targets, drawn)
        patience_s = drawn.uniform(1, longest_s) if done < kills else WAIT_S
        if not ends_within(process, patience_s):
            way = WAYS[done % len(WAYS)]
            done += kill(process, way, drawn)
            if way == "one job":
                continue  # the run goes on with its other jobs, and may be killed again
            process.communicate(timeout=WAIT_S)
        twice = [item for item, count in stored(project).items() if count > 1]
        assert not twice, "an item was computed twice"
        if process.returncode == 0:
            assert of_targets(project.results(), targets) == of_targets(undisturbed, targets)
            shutil.rmtree(project.path("results/small"))
            ended += 1
        process = None
    return ended


SHARD = "results/small/entities/0000{}-of-00002.jsonl"


def test_a_few_kills(base, undisturbed, tmp_path):
    project = Project.new(tmp_path / "project")
    targets = [SHARD.format(0), SHARD.format(1)]
    disturb(project, undisturbed, random.Random(7), len(WAYS), 12, targets)
    end(project, *targets)
    assert of_targets(project.results(), targets) == of_targets(undisturbed, targets)


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_many_kills(base, undisturbed, tmp_path, capsys):
    project = Project.new(tmp_path / "project")
    begin = time.monotonic()
    ended = disturb(project, undisturbed, random.Random(8), 51, 25, ["all"])
    end(project, "all")
    assert project.results() == undisturbed
    with capsys.disabled():
        print(f"\n51 kills, {ended + 1} whole runs, {time.monotonic() - begin:.0f} s, seed 8")


def test_a_second_call_is_told_and_does_no_harm(undisturbed, tmp_path):
    project = Project.new(tmp_path / "project")
    targets = [SHARD.format(0).replace("entities", "clips")]
    first = project.start(*targets)
    lock = project.path("results/small/provenance.json")
    deadline = time.monotonic() + 60
    while not lock.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    # Held still, so that it is surely at work when the second call looks.
    os.killpg(first.pid, signal.SIGSTOP)
    try:
        second = project.start(*targets)
        said, _ = second.communicate(timeout=WAIT_S)
    finally:
        os.killpg(first.pid, signal.SIGCONT)
    assert second.returncode != 0
    assert "another call is running on this run" in said
    assert "Traceback" not in said
    said, _ = first.communicate(timeout=WAIT_S)
    assert first.returncode == 0, said[-3000:]
    name = targets[0].removeprefix("results/small/")
    assert project.results()[name] == undisturbed[name]


def test_an_interrupted_write_of_every_kind_of_output(base, undisturbed, tmp_path):
    """What a kill leaves in the worst case: half of each output, and Snakemake's mark on it."""
    project = base.copied(tmp_path / "project")
    jobs = project.plan(force=True)
    folder = project.path(".snakemake/incomplete")
    folder.mkdir(exist_ok=True)
    for job in jobs:
        for output in job.output:
            (folder / base64.b64encode(output.encode()).decode()).touch()
            path = project.path(output)
            for file in [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]:
                os.truncate(file, file.stat().st_size // 2)
    for path in sorted(project.path("results/small/store").rglob("*.i*"))[::2]:
        os.truncate(path, path.stat().st_size // 2)
    again = project.plan()
    assert {str(job) for job in again} == {str(job) for job in jobs}
    for job in again:
        for output in job.output:  # as Snakemake does before it starts a job
            path = project.path(output)
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    project.execute(again)
    assert project.results() == undisturbed
