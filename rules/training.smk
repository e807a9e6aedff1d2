# The Video LLM, trained once for each recipe and seed: a student.


rule train_checkpoint:
    input:
        recipe=lambda wildcards: f"{RUN}/recipes/{recipe_of(wildcards.student)}.jsonl",
        films=lambda wildcards: inputs_among(BASE.films(recipe_of(wildcards.student))),
        models=lambda wildcards: local_files(
            *models_of_training(TRAINING[recipe_of(wildcards.student)]).values()
        ),
    output:
        directory(f"{RUN}/checkpoints/{{student}}"),
    log:
        log_of("train_checkpoint", "{student}"),
    benchmark:
        usage_of("train_checkpoint", "{student}")
    conda:
        "../envs/train.yaml"
    threads: config["resources"]["training"]["threads"]
    resources:
        **needs("training"),
    params:
        code=code_of("train_checkpoint", "train"),
        marks=lambda wildcards: marks_among(BASE.films(recipe_of(wildcards.student))),
        options=lambda wildcards: TRAINING[recipe_of(wildcards.student)],
        seed=lambda wildcards: config["seed"] + seed_number(wildcards.student),
        work=f"{RUN}/training/{{student}}",
        features=features_of,
    script:
        "../scripts/train_checkpoint.py"
