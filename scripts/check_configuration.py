"""Rule check: tells what a configuration needs and what of it is missing on this machine."""

from pathlib import Path

from strefer.logs import start_log
from strefer.requirements.check import check_configuration

start_log(snakemake.log[0])
print(
    check_configuration(
        config=snakemake.params.config,
        facts=Path(snakemake.input.facts),
        n_films=snakemake.params.n_films,
        shards=snakemake.params.shards,
        run=Path(snakemake.params.run),
        by_conda=snakemake.params.by_conda,
    ),
    flush=True,
)
