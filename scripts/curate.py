"""Rule curate: which films are better left out."""

from pathlib import Path

from strefer.curation.curate import curate
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
others = [Path(path) for path in snakemake.input.of_benchmarks]
curate(
    videos=[Path(path) for path in snakemake.input.videos],
    clips=[Path(path) for path in snakemake.input.clips],
    of_benchmarks=(others[0], others[1]) if others else None,
    output=Path(snakemake.output[0]),
)
