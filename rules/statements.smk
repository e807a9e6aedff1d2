# Turn each transcript line into statements, a form that logic can work on.


rule read_statements:
    input:
        **inputs_of("statements"),
    output:
        of_shard("statements"),
    log:
        log_of("read_statements", "{shard}"),
    benchmark:
        usage_of("read_statements", "{shard}")
    conda:
        environment_file("statements")
    resources:
        **needs("statements"),
    params:
        **params_of("statements"),
    script:
        "../scripts/read_statements.py"
