"""Rule parse_references: turns the entity recognizer's texts into lists of expressions."""

from strefer.entities.parse_references import parse_references
from strefer.workflow.job import start_job

job = start_job(snakemake)
parse_references(
    **job.inputs,
    shard=job.shard,
    options=job.options,
    prompts=job.prompts,
    chat=job.agents["llm"],
)
