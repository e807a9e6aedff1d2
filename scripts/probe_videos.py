"""Rule probe_videos: digests and measures the films of a shard."""

from strefer.videos.probe_videos import probe_videos
from strefer.workflow.job import start_job

job = start_job(snakemake)
probe_videos(films=snakemake.params.films, shard=job.shard)
