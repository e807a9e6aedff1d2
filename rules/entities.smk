# Entity Recognizer: a video LLM names the active entities of the whole film.


rule recognize_entities:
    input:
        **inputs_of("entities"),
    output:
        of_shard("entities"),
    log:
        log_of("recognize_entities", "{shard}"),
    benchmark:
        usage_of("recognize_entities", "{shard}")
    conda:
        environment_file("entities")
    resources:
        **needs("entities"),
    params:
        **params_of("entities"),
    script:
        "../scripts/recognize_entities.py"
