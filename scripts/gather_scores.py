"""Rule gather_scores: the scores of all recipes and benchmarks in one file."""

from pathlib import Path

from strefer.benchmarks.score_predictions import gather_scores
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
pairs = zip(snakemake.params.pairs, snakemake.input, strict=True)
gather_scores({tuple(pair): Path(path) for pair, path in pairs}, Path(snakemake.output[0]))
