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
        scores=[f"{RUN}/scores/{student}/{benchmark}.json" for student, benchmark in SCORED],
        checkpoints=expand(f"{RUN}/checkpoints/{{student}}", student=STUDENTS),
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
        scored=SCORED,
        students=STUDENTS,
        run=config["run"],
        seed=config["seed"],
    script:
        "../scripts/write_report.py"
