# The benchmarks: the demo's files, a trained model's answers, and their scores.


rule draw_benchmarks:
    output:
        directory(f"{WORLD}/benchmarks"),
    params:
        code=code_of("draw_benchmarks"),
        n_films=config["demo"]["benchmark_films"],
        seed=config["seed"],
    log:
        log_of("draw_benchmarks"),
    benchmark:
        usage_of("draw_benchmarks")
    resources:
        **needs("world"),
    conda:
        "../envs/main.yaml"
    script:
        "../scripts/draw_benchmarks.py"


rule predict_answers:
    input:
        checkpoint=f"{RUN}/checkpoints/{{recipe}}",
        annotations=annotations_of,
    output:
        f"{RUN}/predictions/{{recipe}}/{{benchmark}}.jsonl",
    params:
        code=code_of("predict_answers"),
        files=lambda wildcards: BENCHMARK_FILES[wildcards.benchmark],
        seed=config["seed"],
    log:
        log_of("predict_answers", "{recipe}/{benchmark}"),
    benchmark:
        usage_of("predict_answers", "{recipe}/{benchmark}")
    resources:
        **needs("predictions"),
    conda:
        "../envs/train.yaml"
    script:
        "../scripts/predict_answers.py"


rule score_predictions:
    input:
        predictions=f"{RUN}/predictions/{{recipe}}/{{benchmark}}.jsonl",
        annotations=annotations_of,
        judge_description=prompt("judge_description"),
        judge_choice=prompt("judge_choice"),
        models=agent_files("judge"),
    output:
        f"{RUN}/scores/{{recipe}}/{{benchmark}}.json",
    params:
        code=code_of("score_predictions"),
        files=lambda wildcards: BENCHMARK_FILES[wildcards.benchmark],
        judge=agent("judge"),
        seed=config["seed"],
    log:
        log_of("score_predictions", "{recipe}/{benchmark}"),
    benchmark:
        usage_of("score_predictions", "{recipe}/{benchmark}")
    resources:
        **needs("scores"),
    conda:
        "../envs/chat.yaml"
    script:
        "../scripts/score_predictions.py"


rule gather_scores:
    input:
        [f"{RUN}/scores/{recipe}/{benchmark}.json" for recipe, benchmark in SCORED],
    output:
        f"{RUN}/scores.json",
    params:
        code=code_of("gather_scores"),
        pairs=SCORED,
    log:
        log_of("gather_scores"),
    benchmark:
        usage_of("gather_scores")
    resources:
        **needs("scores"),
    conda:
        "../envs/main.yaml"
    script:
        "../scripts/gather_scores.py"
