"""Training in several processes: torchrun (or another launcher) starts this module's `main`.

    python -m torch.distributed.run --standalone --nproc-per-node 8 \\
        -m strefer.videollm.launching job.json

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

_LIBRARY = Path(__file__).parents[2]


def is_started() -> bool:
    """Whether a launcher has started this process."""
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
    command = [*(options.launcher or torchrun), "-m", "strefer.videollm.launching", str(file)]
    paths = [str(_LIBRARY), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "OMP_NUM_THREADS": str(threads),
        # A launcher that calls `python`, on whatever machine, gets this one.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
    }
    finished = subprocess.run(command, env=environment, check=False)
    if finished.returncode:
        raise RuntimeError(f"training processes ended with code {finished.returncode}: {command}")
    file.unlink()


def main(job_file: str) -> None:
    """One of the processes."""
    from strefer.videollm.training import train_checkpoint

    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    train_checkpoint(
        recipe=Path(job["recipe"]),
        output=Path(job["output"]),
        options=job["options"],
        seed=job["seed"],
        threads=job["threads"],
        work=Path(job["work"]),
        features=Path(job["features"]) if job["features"] else None,
    )


if __name__ == "__main__":
    main(sys.argv[1])
