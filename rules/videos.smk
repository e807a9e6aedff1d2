# The raw films of a shard, digested and measured. They are inputs of this rule alone: every later
# rule depends on its shard file, which names path and digest.


rule probe_videos:
    input:
        films_of,
    output:
        of_shard("videos"),
    log:
        log_of("probe_videos", "{shard}"),
    benchmark:
        usage_of("probe_videos", "{shard}")
    conda:
        "../envs/main.yaml"
    resources:
        **needs("videos"),
    params:
        code=code_of("probe_videos", "main"),
        films=lambda wildcards: {film: FILMS[film] for film in MEMBERS[wildcards.shard]},
        marks=marks_of,
        store=store_of("videos"),
        strict=config["strict"],
    script:
        "../scripts/probe_videos.py"
