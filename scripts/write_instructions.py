"""Rule write_instructions: question-answer pairs for the films of a shard."""

from pathlib import Path

from strefer.instructions.wording.phrasings import folder_digest
from strefer.instructions.write_instructions import write_instructions
from strefer.stage.fingerprint import making_of
from strefer.stage.run import Shard
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
roles = ("question_writer", "second_reader")  # a file each, if it is asked at all
prompts = {role: snakemake.input[role] for role in roles if snakemake.input.get(role)}
phrasings = Path(snakemake.params.phrasings)
masklets, looks = (snakemake.input.get(name) for name in ("masklets", "second_looks"))
making = making_of(
    snakemake.params.code,
    snakemake.params.options,
    prompts,
    agents={"llm": snakemake.params.llm},
)
write_instructions(
    videos=Path(snakemake.input.videos),
    references=Path(snakemake.input.references),
    transcripts=Path(snakemake.input.transcripts),
    masklets=Path(masklets) if masklets else None,
    second_looks=Path(looks) if looks else None,
    shard=Shard(
        Path(snakemake.output[0]),
        Path(snakemake.params.store),
        making | {"phrasings": folder_digest(phrasings)},
        snakemake.params.strict,
    ),
    options=snakemake.params.options,
    prompts=prompts,
    phrasings=phrasings,
    llm=snakemake.params.llm,
)
