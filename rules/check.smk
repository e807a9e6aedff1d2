# What a configuration needs and what of it is missing here, told before any of its jobs runs: by
# Snakemake's own process, so that no environment has to be made first.


localrules:
    check,


rule check:
    input:
        facts="config/models.yaml",
    log:
        log_of("check"),
    run:
        print(requirements(input.facts))
