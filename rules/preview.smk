# A moving picture of one film of the run, as README shows it. No other rule reads it.
PREVIEWED = ["videos", "references", "masklets", "transcripts", "instructions"]


rule draw_preview:
    input:
        **{stage: all_shards(stage) for stage in PREVIEWED},
    output:
        f"{RUN}/preview.webp",
    log:
        log_of("draw_preview"),
    benchmark:
        usage_of("draw_preview")
    conda:
        "../envs/main.yaml"
    resources:
        **needs("report"),
    params:
        code=code_of("draw_preview", "main"),
    script:
        "../scripts/draw_preview.py"
