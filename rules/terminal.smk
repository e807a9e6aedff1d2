# The terminal output of a run. It is set up first, so that Snakemake prints little of its own.
import sys
from pathlib import Path

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT / "scripts"))

from strefer.workflow import cluster_failures, slurm_patience, terminal

# None in a job's own process, and if the user wants Snakemake's own output.
TERMINAL = None
if workflow.is_main_process:
    TERMINAL = terminal.take_over(workflow.output_settings, sys.stderr)


# The reasons for jobs' failures on the cluster, which determine what retries request.
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
