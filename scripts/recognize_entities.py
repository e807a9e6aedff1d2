"""Rule recognize_entities: has a video LLM name the active entities of each film of a shard."""

from strefer.entities.recognize_entities import recognize_entities
from strefer.workflow.job import start_job

job = start_job(snakemake)
recognize_entities(
    **job.inputs,
    shard=job.shard,
    options=job.options,
    prompts=job.prompts,
    chat=job.agents["video_llm"],
)
