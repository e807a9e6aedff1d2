"""Rule recognize_entities: has a video LLM name the active entities of each film of a shard."""

from pathlib import Path

from strefer.entities.recognize_entities import recognize_entities
from strefer.stage.fingerprint import making_of
from strefer.stage.run import Shard
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
prompts = {"entity_recognizer": snakemake.input.entity_recognizer}
recognize_entities(
    videos=Path(snakemake.input.videos),
    shard=Shard(
        Path(snakemake.output[0]),
        Path(snakemake.params.store),
        making_of(
            snakemake.params.code,
            snakemake.params.options,
            prompts,
            agents={"video_llm": snakemake.params.video_llm},
        ),
        snakemake.params.strict,
    ),
    options=snakemake.params.options,
    prompts=prompts,
    chat=snakemake.params.video_llm,
)
