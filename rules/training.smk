# The Video LLM, trained once for each recipe.


rule train_checkpoint:
    input:
        recipe=f"{RUN}/recipes/{{recipe}}.jsonl",
        models=local_files(*models_of_training(config["training"])),
    output:
        directory(f"{RUN}/checkpoints/{{recipe}}"),
    log:
        log_of("train_checkpoint", "{recipe}"),
    benchmark:
        usage_of("train_checkpoint", "{recipe}")
    conda:
        "../envs/train.yaml"
    threads: config["resources"]["training"]["threads"]
    resources:
        **needs("training"),
    params:
        code=code_of("train_checkpoint", "train"),
        options=config["training"],
        seed=config["seed"],
        work=f"{RUN}/training/{{recipe}}",
    script:
        "../scripts/train_checkpoint.py"
