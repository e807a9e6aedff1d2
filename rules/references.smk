# Referring Parser: an LLM turns the text into a list of expressions.


rule parse_references:
    input:
        entities=of_shard("entities"),
        referring_parser=prompt("referring_parser"),
        models=agent_files("llm"),
    output:
        of_shard("references"),
    params:
        code=code_of("parse_references"),
        options=seeded("references"),
        llm=agent("llm"),
        store=store_of("references"),
        strict=config["strict"],
    log:
        log_of("parse_references", "{shard}"),
    benchmark:
        usage_of("parse_references", "{shard}")
    resources:
        **needs("references"),
    conda:
        "../envs/chat.yaml"
    script:
        "../scripts/parse_references.py"
