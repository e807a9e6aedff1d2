"""Rule read_statements: reads the transcripts of a shard's films into statements."""

from pathlib import Path

from strefer.stage.fingerprint import making_of
from strefer.statements.read_statements import read_statements
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
roles = ("statements", "relations")  # a file each, if an LLM reads
prompts = {role: snakemake.input[role] for role in roles if snakemake.input.get(role)}
agents = {"llm": snakemake.params.llm} if prompts else {}
looks = snakemake.input.get("second_looks")
read_statements(
    references=Path(snakemake.input.references),
    transcripts=Path(snakemake.input.transcripts),
    second_looks=Path(looks) if looks else None,
    output=Path(snakemake.output[0]),
    store=Path(snakemake.params.store),
    making=making_of(snakemake.params.code, snakemake.params.options, prompts, agents),
    options=snakemake.params.options,
    prompts=prompts,
    llm=snakemake.params.llm,
    strict=snakemake.params.strict,
)
