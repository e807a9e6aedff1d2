# What a configuration needs and what of it is missing here, told before any of its jobs runs: by
# Snakemake's own process, so that no environment has to be made first.


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
