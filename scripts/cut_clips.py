"""Rule cut_clips: cuts the films of a shard into semantic segments."""

from strefer.clips.cut_clips import cut_clips
from strefer.workflow.job import start_job

job = start_job(snakemake)
cut_clips(
    **job.inputs,
    shard=job.shard,
    options=job.options,
    embedder=job.agents["embedder"],
    threads=snakemake.threads,
)
