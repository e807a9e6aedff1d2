"""Rule measure_quality: the agents and the data of a run against the truth of its drawn films."""

from pathlib import Path

from drawn_world.quality.measure_quality import measure_quality
from strefer.workflow.logs import start_log

start_log(snakemake.log[0], snakemake.resources.get("gpu", 0))
measure_quality(
    stages={s: [Path(p) for p in snakemake.input[s]] for s in snakemake.params.stages},
    truth_dir=Path(snakemake.input.truth[0]).parent,
    videos_dir=Path(snakemake.input.films[0]).parent,
    agents=snakemake.params.agents,
    options=snakemake.params.options,
    output=Path(snakemake.output[0]),
    command=snakemake.params.command,
)
