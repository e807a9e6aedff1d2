"""Rule write_instructions: question-answer pairs for the films of a shard."""

from pathlib import Path

from strefer.instructions.wording.phrasings import folder_digest
from strefer.instructions.write_instructions import write_instructions
from strefer.stage.fingerprint import making_of
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
roles = ("question_writer", "second_reader")  # a file each, if it is asked at all
prompts = {role: snakemake.input[role] for role in roles if snakemake.input.get(role)}
phrasings = Path(snakemake.params.phrasings)
masklets = snakemake.input.get("masklets")
making = making_of(
    snakemake.params.code,
    snakemake.params.options,
    prompts,
    agents={"llm": snakemake.params.llm},
)
write_instructions(
    videos=Path(snakemake.input.videos),
    references=Path(snakemake.input.references),
    statements=Path(snakemake.input.statements),
    masklets=Path(masklets) if masklets else None,
    output=Path(snakemake.output[0]),
    store=Path(snakemake.params.store),
    making=making | {"phrasings": folder_digest(phrasings)},
    options=snakemake.params.options,
    prompts=prompts,
    phrasings=phrasings,
    llm=snakemake.params.llm,
    strict=snakemake.params.strict,
)
