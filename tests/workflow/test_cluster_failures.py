"""What follows from a job's failure on a cluster, by what the executor says of it."""

import asyncio
import contextlib
import importlib.metadata
import importlib.util
import logging
from types import SimpleNamespace

import pytest

from strefer.workflow.cluster_failures import MEMORY, TIME, Failures, reason_of
from strefer.workflow.slurm_patience import keep_jobs

SAID = "SLURM-job '7' failed, SLURM status is: '{}'. Reason: Unknown."


def event(kind, **facts):
    record = logging.makeLogRecord(facts)
    record.event = kind
    return record


@pytest.mark.parametrize(
    ("said", "memory", "time"),
    [
        (SAID.format("OUT_OF_MEMORY"), 2, 1),
        (SAID.format("FAILED"), 2, 1),
        (SAID.format("TIMEOUT"), 1, 2),
        (SAID.format("CANCELLED"), 1, 1),
        (SAID.format("NODE_FAIL"), 1, 1),
        (None, 2, 2),
    ],
)
def test_a_job_comes_back_with_more_of_what_it_lacked(said, memory, time):
    failures, shard = Failures(), {"shard": "00000-of-00002"}
    failures.emit(event("job_info", jobid=3, rule_name="cut_clips", wildcards=shard))
    failures.emit(event("job_error", jobid=3, rule_name="cut_clips", rule_msg=said))
    assert failures.factor(MEMORY, "cut_clips", shard) == memory
    assert failures.factor(TIME, "cut_clips", shard) == time
    assert failures.factor(MEMORY, "cut_clips", {"shard": "00001-of-00002"}) == 1
    assert failures.factor(MEMORY, "cut_parts", shard) == 1


def test_the_clusters_reasons_are_said_in_words():
    assert "mem_mb" in reason_of(SAID.format("OUT_OF_MEMORY"))
    assert "runtime_min" in reason_of(SAID.format("TIMEOUT"))
    assert reason_of(SAID.format("FAILED")) is None  # its log knows
    assert reason_of(None) is None
    refused = (
        "SLURM sbatch failed. The error message was 'sbatch: error: invalid partition\n"
        "sbatch: error: Batch job submission failed: Invalid partition name'.\n    sbatch call: x"
    )
    told = "invalid partition; Batch job submission failed: Invalid partition name"
    assert reason_of(refused) == f"SLURM rejected it: {told}"


@pytest.fixture
def plugins_executor():
    """The plugin's class as it comes: a run in this process may have changed the imported one."""
    found = importlib.util.find_spec("snakemake_executor_plugin_slurm")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.Executor


def executor_without_slurm(kind):
    """An executor of the plugin that asks a SLURM that is not there; what it says is in `told`."""
    executor = kind.__new__(kind)
    settings = SimpleNamespace(init_seconds_before_status_checks=1, status_attempts=2)
    executor.workflow = SimpleNamespace(executor_settings=settings)
    executor.logger, executor.run_uuid = logging.getLogger("slurm"), "none"
    executor.status_rate_limiter = contextlib.AsyncExitStack()
    executor.get_status_command = lambda: "squeue"
    executor._status_query_failures = executor._status_query_calls = 0
    executor._next_seconds_between_status_checks = 1
    executor._status_query_cycle_rows = []
    return executor


def jobs_after(executor, numbers):
    """What the executor still knows of its jobs after it has asked about them."""
    jobs = [SimpleNamespace(external_jobid=number, aux={}) for number in numbers]

    async def check():
        return [job.external_jobid async for job in executor.check_active_jobs(jobs)]

    return asyncio.run(check())


def test_jobs_are_kept_while_slurm_does_not_answer(plugins_executor):
    told = []
    keep_jobs(plugins_executor, told.append)
    keep_jobs(plugins_executor, told.append)  # twice is once
    executor = executor_without_slurm(plugins_executor)
    assert jobs_after(executor, ["1", "2"]) == ["1", "2"]
    assert jobs_after(executor, ["1", "2"]) == ["1", "2"]
    assert len(told) == 1  # for each silence
    assert jobs_after(executor, []) == []


def test_the_plugin_still_forgets_jobs_while_slurm_does_not_answer(plugins_executor):
    """If this fails, slurm_patience.py is no longer needed."""
    assert jobs_after(executor_without_slurm(plugins_executor), ["1", "2"]) == []


def test_the_plugins_array_jobs_are_those_that_were_found_wanting():
    """If this fails, try `slurm-array-jobs` in profiles/slurm anew: a late first task of an array
    must not end the others."""
    assert importlib.metadata.version("snakemake-executor-plugin-slurm") == "2.8.0"
    assert importlib.metadata.version("snakemake-executor-plugin-slurm-jobstep") == "0.6.1"
