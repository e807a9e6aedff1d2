"""Rule draw_films: the demo's raw films with their truth beside them."""

from pathlib import Path

from drawn_world.draw_films import write_world
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
write_world(
    snakemake.params.split,
    snakemake.params.n_films,
    Path(snakemake.output.films[0]).parents[1],
    long_films=snakemake.params.long_films,
)
