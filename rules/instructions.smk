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
        instructions=all_shards("instructions"),
        masklets=all_shards("masklets"),
        videos=all_shards("videos"),
        prompts=sorted(config["prompts"].values()),
    output:
        directory(f"{RUN}/export"),
    log:
        log_of("export_instructions"),
    benchmark:
        usage_of("export_instructions")
    conda:
        "../envs/main.yaml"
    resources:
        **needs("export"),
    params:
        code=code_of("export_instructions", "main"),
        run=config["run"],
        agents=config["agents"],
        prompts=config["prompts"],
        warning=WARNING,
    script:
        "../scripts/export_instructions.py"
