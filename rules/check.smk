# What a configuration needs and what of it is missing here, told before any of its jobs runs: by
# Snakemake's own process, so that no environment has to be made first.


def requirements(facts):
    """What this configuration needs and lacks here, as text."""
    by_conda = "conda" in {str(m) for m in workflow.deployment_settings.deployment_method}
    absent = [message for recipe in RECIPES for message in BASE.missing(recipe)]
    n_films, shards = len(FILMS), len(SHARDS)
    return check_configuration(config, Path(facts), n_films, shards, Path(RUN), by_conda, absent)


localrules:
    check,


rule check:
    input:
        facts="config/models.yaml",
    log:
        log_of("check"),
    run:
        print(requirements(input.facts))
