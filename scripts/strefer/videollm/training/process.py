"""One of the processes that train a checkpoint: what torchrun starts."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from strefer.videollm.training.train_checkpoint import train_checkpoint


def main(job_file: str) -> None:
    """Train as one of the processes that a job file asks for."""
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
