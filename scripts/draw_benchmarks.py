"""Rule draw_benchmarks: the demo's benchmark films, and files in the official formats."""

from pathlib import Path

from drawn_world.questions.draw_benchmarks import draw_benchmarks
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
draw_benchmarks(Path(snakemake.output[0]), snakemake.params.n_films, snakemake.params.seed)
