"""Rule cut_parts: the segments of a shard's films in two overlapping parts each."""

from pathlib import Path

from strefer.clips.cut_parts import cut_parts
from strefer.stage.fingerprint import making_of
from strefer.stage.run import Shard
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
cut_parts(
    clips=Path(snakemake.input.clips),
    shard=Shard(
        Path(snakemake.output[0]),
        Path(snakemake.params.store),
        making_of(snakemake.params.code, {}),
        snakemake.params.strict,
    ),
)
