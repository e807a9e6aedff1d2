"""Rule read_statements: reads the transcripts of a shard's films into statements."""

from strefer.statements.read_statements import read_statements
from strefer.workflow.job import start_job

job = start_job(snakemake)
read_statements(
    **job.inputs,
    shard=job.shard,
    options=job.options,
    prompts=job.prompts,
    llm=job.agents.get("llm"),
)
