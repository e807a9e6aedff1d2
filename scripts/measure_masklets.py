"""Rule measure_masklets: both masklet procedures on drawn films, from the true expressions."""

from pathlib import Path

from drawn_world.quality.measure_masklets import measure_masklets
from strefer.stage.fingerprint import making_of
from strefer.stage.run import Shard
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
measure_masklets(
    videos=Path(snakemake.input.videos),
    truth_dir=Path(snakemake.input.truth[0]).parent,
    n_films=snakemake.params.n_films,
    shard=Shard(
        Path(snakemake.output[0]),
        Path(snakemake.params.store),
        making_of(
            snakemake.params.code,
            snakemake.params.options,
            {"assigner": snakemake.input.assigner},
            snakemake.params.agents,
        ),
        snakemake.params.strict,
    ),
    options=snakemake.params.options,
    agents=snakemake.params.agents,
    prompt=Path(snakemake.input.assigner),
)
