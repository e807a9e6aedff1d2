# Masklet Generator: steps 1 to 3 (starting frames, detection, tracking), then step 4 (assignment
# of expressions to tracks).


rule track_entities:
    input:
        **inputs_of("tracks"),
    output:
        of_shard("tracks"),
    log:
        log_of("track_entities", "{shard}"),
    benchmark:
        usage_of("track_entities", "{shard}")
    conda:
        environment_file("tracks")
    resources:
        **needs("tracks"),
    params:
        **params_of("tracks"),
    script:
        "../scripts/track_entities.py"


rule assign_masklets:
    input:
        **inputs_of("masklets"),
    output:
        of_shard("masklets"),
    log:
        log_of("assign_masklets", "{shard}"),
    benchmark:
        usage_of("assign_masklets", "{shard}")
    conda:
        environment_file("masklets")
    resources:
        **needs("masklets"),
    params:
        **params_of("masklets"),
    script:
        "../scripts/assign_masklets.py"
