"""Rule track_entities: detects and tracks the entities of each film of a shard."""

from pathlib import Path

from strefer.masklets.track_entities import track_entities
from strefer.stage.fingerprint import making_of
from strefer.stage.run import Shard
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
agents = {role: snakemake.params[role] for role in ("detector", "tracker")}
track_entities(
    videos=Path(snakemake.input.videos),
    references=Path(snakemake.input.references),
    shard=Shard(
        Path(snakemake.output[0]),
        Path(snakemake.params.store),
        making_of(snakemake.params.code, snakemake.params.options, agents=agents),
        snakemake.params.strict,
    ),
    options=snakemake.params.options,
    agents=agents,
)
