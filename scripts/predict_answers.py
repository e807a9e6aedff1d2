"""Rule predict_answers: a trained Video LLM's answers to a benchmark's questions."""

from pathlib import Path

from strefer.benchmarks.predict_answers import predict_answers
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
predict_answers(
    checkpoint=Path(snakemake.input.checkpoint),
    benchmark=snakemake.wildcards.benchmark,
    files=snakemake.params.files,
    output=Path(snakemake.output[0]),
    seed=snakemake.params.seed,
    features=Path(snakemake.params.features) if snakemake.params.features else None,
)
