# Video Transcriber: per segment and entity, is it there, and if so, what does it do?


rule transcribe_clips:
    input:
        videos=of_shard("videos"),
        clips=of_shard("clips"),
        references=of_shard("references"),
        masklets=of_shard("masklets"),
        existence=prompt("existence"),
        behaviour=prompt("behaviour"),
        models=agent_files("video_llm"),
    output:
        of_shard("transcripts"),
    log:
        log_of("transcribe_clips", "{shard}"),
    benchmark:
        usage_of("transcribe_clips", "{shard}")
    conda:
        f"../envs/{environment_for('video_llm')}.yaml"
    resources:
        **needs("transcripts"),
    params:
        code=code_of("transcribe_clips", environment_for("video_llm")),
        effect=effect_of("transcripts", "video_llm"),
        options=options_of("transcripts"),
        video_llm=agent("video_llm"),
        store=store_of("transcripts"),
        strict=config["strict"],
    script:
        "../scripts/transcribe_clips.py"
