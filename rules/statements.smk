# Reads the transcripts: what each line says, in a form that logic can work on.
READER = config["statements"]["reader"]
READER_ENVIRONMENT = environment_for("llm") if READER == "llm" else "main"
SECOND_LOOK = config["instructions"]["verify"] and config["instructions"]["second_look"]


rule read_statements:
    input:
        **prompts_if(READER == "llm", "statements", "relations"),
        **({"second_looks": of_shard("second_looks")} if SECOND_LOOK else {}),
        references=of_shard("references"),
        transcripts=of_shard("transcripts"),
        models=agent_files("llm") if READER == "llm" else [],
    output:
        of_shard("statements"),
    log:
        log_of("read_statements", "{shard}"),
    benchmark:
        usage_of("read_statements", "{shard}")
    conda:
        f"../envs/{READER_ENVIRONMENT}.yaml"
    resources:
        **needs("statements"),
    params:
        code=code_of("read_statements", READER_ENVIRONMENT),
        effect=effect_of("statements", *(["llm"] if READER == "llm" else [])),
        options=options_of("statements"),
        llm=agent("llm"),
        store=store_of("statements"),
        strict=config["strict"],
    script:
        "../scripts/read_statements.py"
