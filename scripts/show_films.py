"""Rule show_films: the films of a shard for the gallery."""

from pathlib import Path

from strefer.gallery.show_films import show_films
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
show_films(
    stages={stage: Path(snakemake.input[stage]) for stage in snakemake.params.stages},
    proxies=Path(snakemake.params.proxies),
    output=Path(snakemake.output[0]),
)
