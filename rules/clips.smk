# Video Clipper: hard cuts and semantic segments.


rule cut_clips:
    input:
        videos=of_shard("videos"),
        models=agent_files("embedder"),
    output:
        of_shard("clips"),
    log:
        log_of("cut_clips", "{shard}"),
    benchmark:
        usage_of("cut_clips", "{shard}")
    conda:
        f"../envs/{environment_for('embedder')}.yaml"
    threads: config["resources"]["clips"]["threads"]
    resources:
        **needs("clips"),
    params:
        code=code_of("cut_clips", environment_for("embedder")),
        effect=effect_of("clips", "embedder"),
        options=options_of("clips"),
        embedder=agent("embedder"),
        store=store_of("clips"),
        strict=config["strict"],
    script:
        "../scripts/cut_clips.py"
