# The raw films of a shard, digested and measured. They are inputs only of this rule: every later
# rule depends on its shard file, which has path and digest.


rule probe_videos:
    input:
        lambda wildcards: SHARDED.inputs(wildcards.shard),
    output:
        of_shard("videos"),
    log:
        log_of("probe_videos", "{shard}"),
    benchmark:
        usage_of("probe_videos", "{shard}")
    conda:
        environment_file("videos")
    resources:
        **needs("videos"),
    params:
        **params_of("videos"),
        films=lambda wildcards: SHARDED.films(wildcards.shard),
        marks=lambda wildcards: SHARDED.marks(wildcards.shard),
    script:
        "../scripts/probe_videos.py"
