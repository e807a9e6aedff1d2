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


def is_shown(student):
    """Whether a student is on the page: if the call asks for students at all, as `all` does, and the
    report of the demo. A job of another process is given no targets: there, if it is trained."""
    if not workflow.is_main_process:
        return Path(f"{RUN}/checkpoints/{student}").exists()
    targets = {str(target) for target in workflow.dag_settings.targets}
    asking = {"all", f"{RUN}/scores.json", *([f"{RUN}/report.html"] if IS_DEMO else [])}
    return not targets or bool(targets & asking)


def students_shown():
    return [student for student in STUDENTS if is_shown(student)]


def scores_shown():
    return [(student, benchmark) for student, benchmark in SCORED if is_shown(student)]


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
        run=config["run"],
        seed=config["seed"],
    script:
        "../scripts/write_report.py"
