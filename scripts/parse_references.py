"""Rule parse_references: turns the entity recognizer's texts into lists of expressions."""

from pathlib import Path

from strefer.entities.parse_references import parse_references
from strefer.stage.fingerprint import making_of
from strefer.stage.run import Shard
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
prompts = {"referring_parser": snakemake.input.referring_parser}
parse_references(
    entities=Path(snakemake.input.entities),
    shard=Shard(
        Path(snakemake.output[0]),
        Path(snakemake.params.store),
        making_of(
            snakemake.params.code,
            snakemake.params.options,
            prompts,
            agents={"llm": snakemake.params.llm},
        ),
        snakemake.params.strict,
    ),
    options=snakemake.params.options,
    prompts=prompts,
    chat=snakemake.params.llm,
)
