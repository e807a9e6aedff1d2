# Video Clipper: hard cuts and semantic segments.


rule cut_clips:
    input:
        **inputs_of("clips"),
    output:
        of_shard("clips"),
    log:
        log_of("cut_clips", "{shard}"),
    benchmark:
        usage_of("cut_clips", "{shard}")
    conda:
        environment_file("clips")
    threads: config["resources"]["clips"]["threads"]
    resources:
        **needs("clips"),
    params:
        **params_of("clips"),
    script:
        "../scripts/cut_clips.py"
