"""Rule score_predictions: a student's metrics in all benchmarks, by their official rules."""

from pathlib import Path

from strefer.benchmarks.score_predictions import score_benchmarks
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
score_benchmarks(
    predictions={name: Path(snakemake.input[name]) for name in snakemake.params.files},
    files=snakemake.params.files,
    outputs={name: Path(snakemake.output[name]) for name in snakemake.params.files},
    store=Path(snakemake.params.store),
    code=snakemake.params.code,
    seed=snakemake.params.options["seed"],
    judge=snakemake.params.agents["judge"],
    prompts=snakemake.params.prompts,
)
