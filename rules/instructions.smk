# Instruction Generator: question-answer pairs of eight groups, verified.


rule write_instructions:
    input:
        **inputs_of("instructions"),
        phrasings=sorted(str(path) for path in Path("config/phrasings").glob("*.txt")),
    output:
        of_shard("instructions"),
    log:
        log_of("write_instructions", "{shard}"),
    benchmark:
        usage_of("write_instructions", "{shard}")
    conda:
        environment_file("instructions")
    resources:
        **needs("instructions"),
    params:
        **params_of("instructions"),
        phrasings=lambda wildcards, input: str(Path(input.phrasings[0]).parent),
    script:
        "../scripts/write_instructions.py"


rule export_instructions:
    input:
        instructions=of_shard("instructions"),
        masklets=of_shard("masklets"),
        videos=of_shard("videos"),
    output:
        accepted=f"{RUN}/export/data/{{shard}}.parquet",
        rejected=f"{RUN}/export/rejected/{{shard}}.parquet",
    log:
        log_of("export_instructions", "{shard}"),
    benchmark:
        usage_of("export_instructions", "{shard}")
    conda:
        "../envs/main.yaml"
    resources:
        **needs("export"),
    params:
        code=code_of("export_instructions", "main"),
    script:
        "../scripts/export_instructions.py"


rule write_card:
    input:
        accepted=[f"{RUN}/export/data/{shard}.parquet" for shard in SHARDS],
        prompts=sorted(config["prompts"].values()),
    output:
        f"{RUN}/export/README.md",
    log:
        log_of("write_card"),
    benchmark:
        usage_of("write_card")
    conda:
        "../envs/main.yaml"
    resources:
        **needs("export"),
    params:
        code=code_of("write_card", "main"),
        run=config["run"],
        agents=config["agents"],
        prompts=config["prompts"],
        warning=WARNING,
    script:
        "../scripts/write_card.py"
