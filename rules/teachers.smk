# The demo's teachers, trained on the world's training seeds. The default run uses the committed
# ones in resources/teachers; `snakemake teachers` trains them again, beside the other results.
TEACHERS = ["detector", "tracker", "embedder", "video_llm", "llm", "judge", "student"]


rule train_teacher:
    output:
        directory("results/teachers/{teacher}"),
    log:
        "results/teachers/logs/{teacher}.log",
    benchmark:
        "results/teachers/usage/{teacher}.tsv"
    conda:
        "../envs/vision.yaml"
    threads: 1
    resources:
        **needs("teachers"),
    params:
        # The code is imported by the teacher's name, so it is named here for the digest too.
        code=lambda wildcards: code_of(
            "train_teacher", "vision", f"drawn_world.teachers.{wildcards.teacher}.train"
        ),
        work="results/teachers/training/{teacher}",
        minutes=lambda wildcards: config["teachers"]["minutes"][wildcards.teacher],
        seed=config["seed"],
        device="cpu",  # minutes of training are a CPU's
    script:
        "../scripts/train_teacher.py"
