# The benchmarks: the demo's files, a trained model's answers, and their scores.


rule draw_benchmarks:
    output:
        directory(f"{WORLD}/benchmarks"),
    log:
        log_of("draw_benchmarks"),
    benchmark:
        usage_of("draw_benchmarks")
    conda:
        "../envs/main.yaml"
    resources:
        **needs("world"),
    params:
        code=code_of("draw_benchmarks", "main"),
        n_films=config["demo"]["benchmark_films"],
        seed=config["seed"],
    script:
        "../scripts/draw_benchmarks.py"


rule predict_answers:
    input:
        checkpoint=f"{RUN}/checkpoints/{{student}}",
        annotations=lambda wildcards: BENCHMARKS.annotations(wildcards.benchmark),
        films=lambda wildcards: inputs_among(BENCHMARKS.films(wildcards.benchmark)),
    output:
        f"{RUN}/predictions/{{student}}/{{benchmark}}.jsonl",
    log:
        log_of("predict_answers", "{student}/{benchmark}"),
    benchmark:
        usage_of("predict_answers", "{student}/{benchmark}")
    conda:
        "../envs/train.yaml"
    resources:
        **needs("predictions"),
    params:
        code=code_of("predict_answers", "train"),
        files=lambda wildcards: BENCHMARKS.files[wildcards.benchmark],
        marks=lambda wildcards: marks_among(BENCHMARKS.films(wildcards.benchmark)),
        features=features_of,
        seed=config["seed"],
    script:
        "../scripts/predict_answers.py"


rule score_predictions:
    input:
        **inputs_of("scores"),
        predictions=f"{RUN}/predictions/{{student}}/{{benchmark}}.jsonl",
        annotations=lambda wildcards: BENCHMARKS.annotations(wildcards.benchmark),
    output:
        f"{RUN}/scores/{{student}}/{{benchmark}}.json",
    log:
        log_of("score_predictions", "{student}/{benchmark}"),
    benchmark:
        usage_of("score_predictions", "{student}/{benchmark}")
    conda:
        environment_file("scores")
    resources:
        **needs("scores"),
    params:
        **params_of("scores"),
        files=lambda wildcards: BENCHMARKS.files[wildcards.benchmark],
    script:
        "../scripts/score_predictions.py"


rule gather_scores:
    input:
        [f"{RUN}/scores/{student}/{benchmark}.json" for student, benchmark in SCORED],
    output:
        f"{RUN}/scores.json",
    log:
        log_of("gather_scores"),
    benchmark:
        usage_of("gather_scores")
    conda:
        "../envs/main.yaml"
    resources:
        **needs("scores"),
    params:
        code=code_of("gather_scores", "main"),
        pairs=SCORED,
    script:
        "../scripts/gather_scores.py"


rule compare_recipes:
    input:
        [f"{RUN}/scores/{student}/{benchmark}.json" for student, benchmark in SCORED],
    output:
        f"{RUN}/reproduce.json",
    log:
        log_of("compare_recipes"),
    benchmark:
        usage_of("compare_recipes")
    conda:
        "../envs/main.yaml"
    resources:
        **needs("scores"),
    params:
        code=code_of("compare_recipes", "main"),
        pairs=SCORED,
        seed=config["seed"],
    script:
        "../scripts/compare_recipes.py"
