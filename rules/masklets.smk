# Masklet Generator: steps 1 to 3 (starting frames, detection, tracking), then step 4 (assignment
# of expressions to tracks).


rule track_entities:
    input:
        videos=of_shard("videos"),
        references=of_shard("references"),
        models=agent_files("detector", "tracker"),
    output:
        of_shard("tracks"),
    log:
        log_of("track_entities", "{shard}"),
    benchmark:
        usage_of("track_entities", "{shard}")
    conda:
        f"../envs/{environment_for('detector', 'tracker')}.yaml"
    resources:
        **needs("tracks"),
    params:
        code=code_of("track_entities", environment_for("detector", "tracker")),
        effect=effect_of("tracks", "detector", "tracker"),
        options=options_of("tracks"),
        detector=agent("detector"),
        tracker=agent("tracker"),
        store=store_of("tracks"),
        strict=config["strict"],
    script:
        "../scripts/track_entities.py"


rule assign_masklets:
    input:
        **prompts_if(config["agents"]["assigner"]["adapter"] == "chat", "assigner"),
        videos=of_shard("videos"),
        references=of_shard("references"),
        tracks=of_shard("tracks"),
        models=agent_files("assigner"),
    output:
        of_shard("masklets"),
    log:
        log_of("assign_masklets", "{shard}"),
    benchmark:
        usage_of("assign_masklets", "{shard}")
    conda:
        f"../envs/{environment_for('assigner')}.yaml"
    resources:
        **needs("masklets"),
    params:
        code=code_of("assign_masklets", environment_for("assigner")),
        effect=effect_of("masklets", "assigner"),
        options=options_of("masklets"),
        assigner=agent("assigner"),
        store=store_of("masklets"),
        strict=config["strict"],
    script:
        "../scripts/assign_masklets.py"
