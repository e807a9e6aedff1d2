"""Rule cut_clips: cuts the films of a shard into semantic segments."""

from pathlib import Path

from strefer.clips.cut_clips import cut_clips
from strefer.stage.fingerprint import making_of
from strefer.stage.run import Shard
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
cut_clips(
    videos=Path(snakemake.input.videos),
    shard=Shard(
        Path(snakemake.output[0]),
        Path(snakemake.params.store),
        making_of(
            snakemake.params.code,
            snakemake.params.options,
            agents={"embedder": snakemake.params.embedder},
        ),
        snakemake.params.strict,
    ),
    options=snakemake.params.options,
    embedder=snakemake.params.embedder,
    threads=snakemake.threads,
)
