# Video Clipper: hard cuts and semantic segments.


rule cut_clips:
    input:
        videos=of_shard("videos"),
        models=agent_files("embedder"),
    output:
        of_shard("clips"),
    params:
        code=code_of("cut_clips"),
        options=config["clips"],
        embedder=agent("embedder"),
        store=store_of("clips"),
        strict=config["strict"],
    log:
        log_of("cut_clips", "{shard}"),
    benchmark:
        usage_of("cut_clips", "{shard}")
    resources:
        **needs("clips"),
    conda:
        "../envs/vision.yaml"
    script:
        "../scripts/cut_clips.py"
