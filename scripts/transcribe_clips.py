"""Rule transcribe_clips: asks a video LLM about every segment and entity of a shard."""

from pathlib import Path

from strefer.stage.fingerprint import making_of
from strefer.stage.run import Shard
from strefer.transcripts.transcribe_clips import transcribe_clips
from strefer.workflow.logs import start_log

start_log(snakemake.log[0])
prompts = {role: snakemake.input[role] for role in ("existence", "behaviour")}
masklets = snakemake.input.get("masklets")
transcribe_clips(
    videos=Path(snakemake.input.videos),
    clips=Path(snakemake.input.clips),
    references=Path(snakemake.input.references),
    masklets=Path(masklets) if masklets else None,
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
