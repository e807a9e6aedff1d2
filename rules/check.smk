# What a configuration needs and what of it is missing here, told before any of its jobs runs.


localrules:
    check,


rule check:
    input:
        facts="config/models.yaml",
    log:
        log_of("check"),
    resources:
        **needs("report"),
    params:
        config=config,
        n_films=len(FILMS),
        shards=len(SHARDS),
        run=RUN,
        by_conda="conda" in {str(m) for m in workflow.deployment_settings.deployment_method},
    script:
        "../scripts/check_configuration.py"
