"""Rule track_entities: detects and tracks the entities of each film of a shard."""

from strefer.masklets.track_entities import track_entities
from strefer.workflow.job import start_job

job = start_job(snakemake)
track_entities(**job.inputs, shard=job.shard, options=job.options, agents=job.agents)
