"""Rule score_predictions: a benchmark's metrics by its official rules."""

from pathlib import Path

from strefer.benchmarks.score_predictions import score_predictions
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
score_predictions(
    predictions=Path(snakemake.input.predictions),
    benchmark=snakemake.wildcards.benchmark,
    files=snakemake.params.files,
    output=Path(snakemake.output[0]),
    seed=snakemake.params.options["seed"],
    judge=snakemake.params.agents["judge"],
    prompts=snakemake.params.prompts,
)
