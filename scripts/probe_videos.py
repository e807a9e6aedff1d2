"""Rule probe_videos: digests and measures the films of a shard."""

from pathlib import Path

from strefer.stage.fingerprint import making_of
from strefer.stage.run import Shard
from strefer.videos.probe_videos import probe_videos
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
probe_videos(
    films=snakemake.params.films,
    shard=Shard(
        Path(snakemake.output[0]),
        Path(snakemake.params.store),
        making_of(snakemake.params.code, options={}),
        snakemake.params.strict,
    ),
)
