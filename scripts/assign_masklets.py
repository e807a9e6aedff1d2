"""Rule assign_masklets: gives each expression of a film its tracked masks."""

from strefer.masklets.assign_masklets import assign_masklets
from strefer.workflow.job import start_job

job = start_job(snakemake)
assign_masklets(
    **job.inputs,
    shard=job.shard,
    options=job.options,
    agents=job.agents,
    prompts=job.prompts,
)
