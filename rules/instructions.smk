# Instruction Generator: question-answer pairs of eight groups, verified.

SECOND_READER = config["instructions"]["verify"] and config["instructions"]["second_reader"]
SECOND_LOOK = config["instructions"]["verify"] and config["instructions"]["second_look"]


rule write_instructions:
    input:
        **prompts_if(config["instructions"]["question_writer"] == "llm", "question_writer"),
        **prompts_if(SECOND_READER, "second_reader"),
        **({"second_looks": of_shard("second_looks")} if SECOND_LOOK else {}),
        videos=of_shard("videos"),
        references=of_shard("references"),
        transcripts=of_shard("transcripts"),
        masklets=of_shard("masklets"),
        phrasings=sorted(str(path) for path in Path("config/phrasings").glob("*.txt")),
        models=agent_files("llm"),
    output:
        of_shard("instructions"),
    log:
        log_of("write_instructions", "{shard}"),
    benchmark:
        usage_of("write_instructions", "{shard}")
    conda:
        f"../envs/{environment_for('llm')}.yaml"
    resources:
        **needs("instructions"),
    params:
        code=code_of("write_instructions", environment_for("llm")),
        effect=effect_of("instructions", "llm"),
        options=options_of("instructions"),
        phrasings=lambda wildcards, input: str(Path(input.phrasings[0]).parent),
        llm=agent("llm"),
        store=store_of("instructions"),
        strict=config["strict"],
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
