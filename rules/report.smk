# One page on the run: counts, scores, samples, failures.
STAGES = [
    "videos",
    "clips",
    "entities",
    "references",
    "tracks",
    "masklets",
    "transcripts",
    "statements",
    "instructions",
]


rule write_report:
    input:
        **{stage: all_shards(stage) for stage in STAGES},
        **({"quality": f"{RUN}/quality.json"} if IS_DEMO else {}),
        scores=lambda wildcards: [f"{RUN}/scores/{s}/{b}.json" for s, b in scores_shown()],
        checkpoints=lambda wildcards: [f"{RUN}/checkpoints/{s}" for s in students_shown()],
        template="scripts/strefer/report/template.html.j2",
    output:
        report=f"{RUN}/report.html",
    log:
        log_of("write_report"),
    benchmark:
        usage_of("write_report")
    conda:
        "../envs/main.yaml"
    resources:
        **needs("report"),
    params:
        code=code_of("write_report", "main"),
        stages=STAGES,
        scored=lambda wildcards: scores_shown(),
        students=lambda wildcards: students_shown(),
        warning=WARNING,
        lost=CORRECTIONS.without_film(ALL_FILMS),
        run=config["run"],
        seed=config["seed"],
    script:
        "../scripts/write_report.py"
