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


# The second look, if it is asked for: the same questions on either part of each segment.


rule cut_parts:
    input:
        clips=of_shard("clips"),
    output:
        of_shard("clip_parts"),
    log:
        log_of("cut_parts", "{shard}"),
    benchmark:
        usage_of("cut_parts", "{shard}")
    conda:
        "../envs/main.yaml"
    resources:
        **needs("videos"),
    params:
        code=code_of("cut_parts", "main"),
        store=store_of("clip_parts"),
        strict=config["strict"],
    script:
        "../scripts/cut_parts.py"


use rule transcribe_clips as transcribe_parts with:
    input:
        videos=of_shard("videos"),
        clips=of_shard("clip_parts"),
        references=of_shard("references"),
        existence=prompt("existence"),
        behaviour=prompt("behaviour"),
        models=agent_files("video_llm"),
    output:
        of_shard("second_looks"),
    log:
        log_of("transcribe_parts", "{shard}"),
    benchmark:
        usage_of("transcribe_parts", "{shard}")
