"""Training in several processes: torchrun (or another launcher) starts `process.py`.

    python -m torch.distributed.run --standalone --nproc-per-node 8 \\
        -m strefer.videollm.training.process job.json

The rule's script makes the call; Snakemake sees one job.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

from strefer.videollm.options import TrainingOptions
from strefer.workflow.code_digest import SCRIPTS

PROCESS = "strefer.videollm.training.process"  # a name, since it imports what calls this


def is_started() -> bool:
    """True if a launcher has started this process."""
    return "RANK" in os.environ and "WORLD_SIZE" in os.environ


def start_processes(
    recipe: Path,
    output: Path,
    options: TrainingOptions,
    seed: int,
    threads: int,
    work: Path,
    features: Path | None,
) -> None:
    """Run `train_checkpoint` with these arguments in `options.processes` processes.

    Raises:
        RuntimeError: if they fail; their own messages are on standard error.
    """
    job = {
        "recipe": str(recipe),
        "output": str(output),
        "options": dataclasses.asdict(options),
        "seed": seed,
        "threads": threads,
        "work": str(work),
        "features": str(features) if features else None,
    }
    file = work.with_name(f"{work.name}.job.json")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(job, indent=2, sort_keys=True), encoding="utf-8")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    torchrun += ["--nproc-per-node", str(options.processes)]
    command = [*(options.launcher or torchrun), "-m", PROCESS, str(file)]
    paths = [str(SCRIPTS), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "OMP_NUM_THREADS": str(threads),
        # A launcher that calls `python`, on any machine, gets this one.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
    }
    finished = subprocess.run(command, env=environment, check=False)
    if finished.returncode:
        raise RuntimeError(f"training processes ended with code {finished.returncode}: {command}")
    file.unlink()
