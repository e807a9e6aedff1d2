"""Rule assign_masklets: gives each expression of a film its tracked masks."""

from pathlib import Path

from strefer.masklets.assign_masklets import assign_masklets
from strefer.stage.fingerprint import making_of
from strefer.stage.run import Shard
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
asked = snakemake.input.get("assigner")  # a file only if a chat model assigns
prompts = {"assigner": asked} if asked else {}
agents = {"assigner": snakemake.params.assigner}
assign_masklets(
    videos=Path(snakemake.input.videos),
    references=Path(snakemake.input.references),
    tracks=Path(snakemake.input.tracks),
    shard=Shard(
        Path(snakemake.output[0]),
        Path(snakemake.params.store),
        making_of(snakemake.params.code, snakemake.params.options, prompts, agents),
        snakemake.params.strict,
    ),
    options=snakemake.params.options,
    agents=agents,
    prompts=prompts,
)
