"""Rule compare_recipes: all recipes on every benchmark, as a figures file."""

from pathlib import Path

from strefer.benchmarks.score_predictions import compare
from strefer.documentation.figures import REPRODUCE, comparison_figures, write_figures
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
pairs = zip(snakemake.params.pairs, snakemake.input, strict=True)
rows = compare({tuple(pair): Path(path) for pair, path in pairs}, snakemake.params.seed)
write_figures(Path(snakemake.output[0]), REPRODUCE, comparison_figures(rows), "make reproduce")
