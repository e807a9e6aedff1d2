# Report what a configuration needs and what is missing here, before any of its jobs runs. This
# happens in Snakemake's own process, so that no environment has to be created first.


localrules:
    check,
    check_all,


rule check:
    input:
        facts="config/models.yaml",
        gpus="config/gpus.yaml",
    log:
        log_of("check"),
    run:
        print(requirements(input, trains=False))


# The same with students and benchmarks.
rule check_all:
    input:
        facts="config/models.yaml",
        gpus="config/gpus.yaml",
    log:
        log_of("check_all"),
    run:
        print(requirements(input, trains=True))
