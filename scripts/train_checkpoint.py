"""Rule train_checkpoint: the Video LLM, trained on a recipe."""

from pathlib import Path

from strefer.videollm.training.train_checkpoint import train_checkpoint
from strefer.workflow.logs import start_log

start_log(snakemake.log[0], snakemake.resources.get("gpu", 0))
train_checkpoint(
    recipe=Path(snakemake.input.recipe),
    output=Path(snakemake.output[0]),
    options=snakemake.params.options,
    seed=snakemake.params.seed,
    threads=snakemake.threads,
    work=Path(snakemake.params.work),
    features=Path(snakemake.params.features) if snakemake.params.features else None,
)
