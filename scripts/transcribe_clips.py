"""Rule transcribe_clips: asks a video LLM about every segment and entity of a shard."""

from strefer.transcripts.transcribe_clips import transcribe_clips
from strefer.workflow.job import start_job

job = start_job(snakemake)
transcribe_clips(
    **job.inputs,
    shard=job.shard,
    options=job.options,
    prompts=job.prompts,
    chat=job.agents["video_llm"],
)
