"""Rule predict_answers: a trained Video LLM's answers to the questions of all benchmarks."""

from pathlib import Path

from strefer.benchmarks.predict_answers import predict_benchmarks
from strefer.workflow.logs import start_log

start_log(snakemake.log[0], snakemake.resources.get("gpu", 0))
predict_benchmarks(
    checkpoint=Path(snakemake.input.checkpoint),
    files=snakemake.params.files,
    outputs={name: Path(snakemake.output[name]) for name in snakemake.params.files},
    store=Path(snakemake.params.store),
    code=snakemake.params.code,
    seed=snakemake.params.seed,
    features=Path(snakemake.params.features) if snakemake.params.features else None,
)
