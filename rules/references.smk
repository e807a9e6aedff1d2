# Referring Parser: an LLM turns the text into a list of expressions.


rule parse_references:
    input:
        entities=of_shard("entities"),
        referring_parser=prompt("referring_parser"),
        models=agent_files("llm"),
    output:
        of_shard("references"),
    log:
        log_of("parse_references", "{shard}"),
    benchmark:
        usage_of("parse_references", "{shard}")
    conda:
        f"../envs/{environment_for('llm')}.yaml"
    resources:
        **needs("references"),
    params:
        code=code_of("parse_references", environment_for("llm")),
        effect=effect_of("references", "llm"),
        options=options_of("references"),
        llm=agent("llm"),
        store=store_of("references"),
        strict=config["strict"],
    script:
        "../scripts/parse_references.py"
