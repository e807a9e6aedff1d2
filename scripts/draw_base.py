"""Rule draw_base: the demo's base data with its films."""

from pathlib import Path

from drawn_world.questions.draw_base import draw_base
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
draw_base(Path(snakemake.output[0]), snakemake.params.n_films, snakemake.params.seed)
