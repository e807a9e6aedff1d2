"""Rule measure_masklets: both masklet procedures on drawn films, from the true expressions."""

from pathlib import Path

from drawn_world.quality.measure_masklets import measure_masklets
from strefer.workflow.job import start_job

job = start_job(snakemake)
measure_masklets(
    videos=Path(snakemake.input.videos),
    truth_dir=Path(snakemake.input.truth[0]).parent,
    n_films=snakemake.params.n_films,
    shard=job.shard,
    options=job.options,
    agents=job.agents,
    prompt=Path(job.prompts["assigner"]),
)
