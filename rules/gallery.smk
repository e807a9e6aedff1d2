# Pages that play the run's films with their masklets, transcripts and pairs. Only the target
# `gallery` needs them.


rule show_films:
    input:
        **{stage: of_shard(stage) for stage in STAGES},
    output:
        directory(f"{RUN}/gallery/{{shard}}"),
    log:
        log_of("show_films", "{shard}"),
    benchmark:
        usage_of("show_films", "{shard}")
    conda:
        "../envs/main.yaml"
    resources:
        **needs("report"),
    params:
        code=code_of("show_films", "main"),
        stages=STAGES,
        proxies=store_of("proxies"),
    script:
        "../scripts/show_films.py"


rule write_gallery:
    input:
        films=[f"{RUN}/gallery/{shard}" for shard in SHARDS],
        page=sorted(str(path) for path in Path("scripts/strefer/gallery/page").iterdir()),
        corrections=config["corrections"],
    output:
        index=f"{RUN}/gallery/index.html",
        run=f"{RUN}/gallery/run.js",
        page=directory(f"{RUN}/gallery/page"),
    log:
        log_of("write_gallery"),
    benchmark:
        usage_of("write_gallery")
    conda:
        "../envs/main.yaml"
    resources:
        **needs("report"),
    params:
        code=code_of("write_gallery", "main"),
        shards=SHARDS,
        run=config["run"],
        warning=WARNING,
        corrections=config["corrections"],
    script:
        "../scripts/write_gallery.py"


rule gallery:
    input:
        rules.write_gallery.output,
