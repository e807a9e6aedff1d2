"""Rule cut_parts: the segments of a shard's films in two overlapping parts each."""

from pathlib import Path

from strefer.clip_parts import cut_parts
from strefer.logs import start_log
from strefer.making import making_of

start_log(snakemake.log[0])
cut_parts(
    clips=Path(snakemake.input.clips),
    output=Path(snakemake.output[0]),
    store=Path(snakemake.params.store),
    making=making_of(snakemake.params.code, {}),
    strict=snakemake.params.strict,
)
