"""One of the processes that train a checkpoint: what torchrun starts."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch.distributed

from strefer.videollm.training.train_checkpoint import train_checkpoint


def main(job_file: str) -> None:
    """Train as one of the processes that a job file asks for.

    All end together: a process that leaves the group while another still talks to it, or that is
    taken down with the group's threads running, can fail a training that is complete.
    """
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
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1])
