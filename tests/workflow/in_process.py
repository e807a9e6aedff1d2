"""Snakemake's plans and the scripts of its jobs in this process: libraries are imported once."""

import contextlib
import io
import logging
import os
import sys
import types
from pathlib import Path

from snakemake.api import SnakemakeApi
from snakemake.settings.types import (
    ConfigSettings,
    DAGSettings,
    ExecutionSettings,
    OutputSettings,
    Quietness,
    RerunTrigger,
    ResourceSettings,
)

from strefer.stage import run as stage
from strefer.workflow import code_digest, run_lock

ROOT = Path(__file__).parents[2]
# As profiles/default says it; test_reruns.py checks that this is so.
TRIGGERS = {RerunTrigger.MTIME, RerunTrigger.PARAMS, RerunTrigger.INPUT}
LARGEST_COMPARED = 20_000_000_000


def plan(
    folder, snakefile, config, configfile="config/config.yaml", targets=(), touch=False, force=False
):
    """The jobs that a call in a folder would run, in an order in which they can.

    Args:
        configfile: the configuration file, in the folder; `config` changes single options of it.
        touch: mark the results as made just now.
        force: plan all jobs, also those that are done.

    Raises:
        SystemExit: with the line that a wrong configuration ends with.
        RuntimeError: with what Snakemake says of another fault.
    """
    told = io.StringIO()
    code_digest._read.cache_clear()  # a call has a process of its own; these share one
    code_digest.environment_digest.cache_clear()
    with inside(folder), contextlib.redirect_stderr(told):  # noqa: SIM117
        with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
            workflow = api.workflow(
                resource_settings=ResourceSettings(cores=1),
                config_settings=ConfigSettings(
                    configfiles=[Path(folder) / configfile], config=config
                ),
                snakefile=snakefile,
                workdir=folder,
            )
            dag = workflow.dag(
                DAGSettings(
                    rerun_triggers=TRIGGERS,
                    targets=set(targets),
                    forceall=touch or force,
                    force_incomplete=True,
                    max_checksum_file_size=LARGEST_COMPARED,
                )
            )
            try:
                dag.execute_workflow(
                    executor="touch" if touch else "dryrun",
                    execution_settings=ExecutionSettings(lock=False, no_hooks=True),
                )
            except Exception as error:
                raise RuntimeError(f"{error} {told.getvalue()[-3000:]}") from error
            jobs = dag.workflow_api._workflow.dag
            # A dry run ends with all jobs marked as finished.
            needed = set(jobs.needrun_jobs(exclude_finished=False))
            return [job for level in jobs.toposorted() for job in level if job in needed]


def execute(folder, jobs):
    """Run the scripts of jobs here. Returns what was computed: (stage, film, part)."""
    computed = []
    compute = stage._compute

    def counting(name, missing, *rest):
        for item in missing.values():
            part = item.part.get("segment", item.part.get("group"))
            computed.append((name, item.video_id, part))
        return compute(name, missing, *rest)

    stage._compute = counting
    try:
        with inside(folder):
            for job in jobs:
                if job.rule.script:
                    _execute(job)
    finally:
        stage._compute = compute
    return computed


def _execute(job):
    script = ROOT / "scripts" / Path(str(job.rule.script)).name
    for path in [*job.log, *job.output]:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    given = types.SimpleNamespace(
        input=job.input,
        output=job.output,
        params=job.params,
        resources=job.resources,
        wildcards=job.wildcards,
        log=job.log,
        threads=1,
    )
    code = compile(script.read_text(encoding="utf-8"), str(script), "exec")
    exec(code, {"snakemake": given, "__name__": "__main__"})


@contextlib.contextmanager
def inside(folder):
    """In a folder; what a call or a job changes in this process is put back."""
    before, path, hook = Path.cwd(), list(sys.path), sys.excepthook
    handlers, level = list(logging.root.handlers), logging.root.level
    streams = [os.dup(number) for number in (1, 2)]
    held = set(run_lock._HELD)
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
        for log in set(run_lock._HELD) - held:
            os.close(run_lock._HELD.pop(log))
        for number, stream in enumerate(streams, 1):
            os.dup2(stream, number)
            os.close(stream)
        sys.path[:], sys.excepthook = path, hook
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)
