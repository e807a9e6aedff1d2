# Instruction Generator: question-answer pairs of eight groups, verified.
PHRASINGS = "config/phrasings"


rule write_instructions:
    input:
        videos=of_shard("videos"),
        references=of_shard("references"),
        transcripts=of_shard("transcripts"),
        masklets=of_shard("masklets"),
        question_writer=prompt("question_writer"),
        second_reader=prompt("second_reader"),
        phrasings=sorted(str(path) for path in Path(PHRASINGS).glob("*.txt")),
        models=agent_files("llm"),
    output:
        of_shard("instructions"),
    params:
        code=code_of("write_instructions"),
        options=seeded("instructions"),
        phrasings=PHRASINGS,
        llm=agent("llm"),
        store=store_of("instructions"),
        strict=config["strict"],
    log:
        log_of("write_instructions", "{shard}"),
    benchmark:
        usage_of("write_instructions", "{shard}")
    resources:
        **needs("instructions"),
    conda:
        "../envs/chat.yaml"
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
    params:
        code=code_of("export_instructions"),
        run=config["run"],
        agents=config["agents"],
        prompts=config["prompts"],
    log:
        log_of("export_instructions"),
    benchmark:
        usage_of("export_instructions")
    resources:
        **needs("export"),
    conda:
        "../envs/main.yaml"
    script:
        "../scripts/export_instructions.py"
