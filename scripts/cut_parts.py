"""Rule cut_parts: the segments of a shard's films in two overlapping parts each."""

from strefer.clips.cut_parts import cut_parts
from strefer.workflow.job import start_job

job = start_job(snakemake)
cut_parts(**job.inputs, shard=job.shard)
