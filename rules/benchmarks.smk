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
        annotations=BENCHMARKS.annotations,
        films=lambda wildcards: inputs_among(BENCHMARKS.films),
    output:
        **of_benchmarks("predictions", "jsonl"),
    log:
        log_of("predict_answers", "{student}"),
    benchmark:
        usage_of("predict_answers", "{student}")
    conda:
        "../envs/train.yaml"
    resources:
        **needs("predictions"),
    params:
        code=code_of("predict_answers", "train"),
        files=BENCHMARKS.files,
        marks=lambda wildcards: marks_among(BENCHMARKS.films),
        features=features_of,
        store=store_of("predictions"),
        seed=config["seed"],
    script:
        "../scripts/predict_answers.py"


rule score_predictions:
    input:
        **of_benchmarks("predictions", "jsonl"),
        **inputs_of("scores"),
        annotations=BENCHMARKS.annotations,
    output:
        **of_benchmarks("scores", "json"),
    log:
        log_of("score_predictions", "{student}"),
    benchmark:
        usage_of("score_predictions", "{student}")
    conda:
        environment_file("scores")
    resources:
        **needs("scores"),
    params:
        **params_of("scores"),
        files=BENCHMARKS.files,
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
