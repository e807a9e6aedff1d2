# Entity Recognizer: a video LLM names the active entities of the whole film.


rule recognize_entities:
    input:
        videos=of_shard("videos"),
        entity_recognizer=prompt("entity_recognizer"),
        models=agent_files("video_llm"),
    output:
        of_shard("entities"),
    log:
        log_of("recognize_entities", "{shard}"),
    benchmark:
        usage_of("recognize_entities", "{shard}")
    conda:
        f"../envs/{environment_for('video_llm')}.yaml"
    resources:
        **needs("entities"),
    params:
        code=code_of("recognize_entities", environment_for("video_llm")),
        effect=effect_of("entities", "video_llm"),
        options=options_of("entities"),
        video_llm=agent("video_llm"),
        store=store_of("entities"),
        strict=config["strict"],
    script:
        "../scripts/recognize_entities.py"
