"""Rule train_teacher: one of the demo's teachers, trained on the world's training seeds."""

import importlib
from pathlib import Path

from strefer.workflow.logs import start_log

start_log(snakemake.log[0], snakemake.resources.get("gpu", 0))
teacher = importlib.import_module(f"drawn_world.teachers.{snakemake.wildcards.teacher}.train")
teacher.train(
    out_dir=Path(snakemake.output[0]),
    work_dir=Path(snakemake.params.work),
    minutes=snakemake.params.minutes,
    seed=snakemake.params.seed,
    threads=snakemake.threads,
    device=snakemake.params.device,
)
