# Referring Parser: an LLM turns the text into a list of expressions.


rule parse_references:
    input:
        **inputs_of("references"),
    output:
        of_shard("references"),
    log:
        log_of("parse_references", "{shard}"),
    benchmark:
        usage_of("parse_references", "{shard}")
    conda:
        environment_file("references")
    resources:
        **needs("references"),
    params:
        **params_of("references"),
    script:
        "../scripts/parse_references.py"
