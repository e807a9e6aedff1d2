# What a person sees of a run. It comes before all else, so that Snakemake's own lines are few.
import sys
from pathlib import Path

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT / "scripts"))

from strefer.workflow import cluster_failures, slurm_patience, terminal

# None in a job's own process, and where the user wants Snakemake's own lines.
TERMINAL = None
if workflow.is_main_process:
    TERMINAL = terminal.take_over(workflow.output_settings, sys.stderr)


# Why jobs have failed on the cluster: what they ask for when they come back follows from it.
FAILURES = cluster_failures.Failures()
terminal.SNAKEMAKE.addHandler(FAILURES)
if "snakemake_executor_plugin_slurm" in sys.modules and workflow.is_main_process:
    slurm_patience.keep_jobs(
        sys.modules["snakemake_executor_plugin_slurm"].Executor, warn=logger.warning
    )


def show(lines):
    """Show lines on the terminal, and write them to Snakemake's log file."""
    for line in lines:
        logger.info(line, extra=terminal.SHOWN)
