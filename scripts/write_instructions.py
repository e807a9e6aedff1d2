"""Rule write_instructions: question-answer pairs for the films of a shard."""

from pathlib import Path

from strefer.instructions.write_instructions import write_instructions
from strefer.workflow.job import start_job

job = start_job(snakemake)
write_instructions(
    **job.inputs,
    shard=job.shard,
    options=job.options,
    prompts=job.prompts,
    phrasings=Path(snakemake.params.phrasings),
    llm=job.agents["llm"],
    judge=job.agents.get("judge"),
)
