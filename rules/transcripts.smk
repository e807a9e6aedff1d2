# Video Transcriber: per segment and entity, is it there, and if so, what does it do?


rule transcribe_clips:
    input:
        **inputs_of("transcripts"),
    output:
        of_shard("transcripts"),
    log:
        log_of("transcribe_clips", "{shard}"),
    benchmark:
        usage_of("transcribe_clips", "{shard}")
    conda:
        environment_file("transcripts")
    resources:
        **needs("transcripts"),
    params:
        **params_of("transcripts"),
    script:
        "../scripts/transcribe_clips.py"


# The second look, if requested: the same questions about each part of each segment.


rule cut_parts:
    input:
        **inputs_of("clip_parts"),
    output:
        of_shard("clip_parts"),
    log:
        log_of("cut_parts", "{shard}"),
    benchmark:
        usage_of("cut_parts", "{shard}")
    conda:
        environment_file("clip_parts")
    resources:
        **needs("videos"),
    params:
        **params_of("clip_parts"),
    script:
        "../scripts/cut_parts.py"


use rule transcribe_clips as transcribe_parts with:
    input:
        **(inputs_of("transcripts") | {"clips": of_shard("clip_parts"), "masklets": []}),
    output:
        of_shard("second_looks"),
    log:
        log_of("transcribe_parts", "{shard}"),
    benchmark:
        usage_of("transcribe_parts", "{shard}")
    params:
        **params_of("transcripts", "second_looks"),
