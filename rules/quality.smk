# Compare the agents and the data with the ground truth. This only measures: no other rule reads it.
MEASURED = [
    "videos",
    "clips",
    "entities",
    "references",
    "masklets",
    "transcripts",
    "statements",
    "instructions",
]
MEASURED += ["masklet_scores"] if config["quality"]["teacher_films"] else []
MASKLET_AGENTS = ["detector", "tracker", "assigner"]


rule measure_masklets:
    input:
        videos=of_shard("videos"),
        truth=rules.draw_films.output.truth,
        assigner=config["prompts"]["assigner"],
        models=agent_files(*MASKLET_AGENTS),
    output:
        of_shard("masklet_scores"),
    log:
        log_of("measure_masklets", "{shard}"),
    benchmark:
        usage_of("measure_masklets", "{shard}")
    conda:
        "../envs/vision.yaml"
    resources:
        **needs("tracks"),
    params:
        code=code_of("measure_masklets", "vision"),
        n_films=-(-config["quality"]["teacher_films"] // len(SHARDS)),
        options={"tracks": config["tracks"], "masklets": config["masklets"]},
        agents={role: config["agents"][role] for role in MASKLET_AGENTS},
        prompts=unwatched({"assigner": config["prompts"]["assigner"]}),
        store=store_of("masklet_scores"),
        strict=config["strict"],
    script:
        "../scripts/measure_masklets.py"


rule measure_quality:
    input:
        **{stage: all_shards(stage) for stage in MEASURED},
        films=rules.draw_films.output.films,
        truth=rules.draw_films.output.truth,
        models=agent_files("detector", "tracker"),
    output:
        f"{RUN}/quality.json",
    log:
        log_of("measure_quality"),
    benchmark:
        usage_of("measure_quality")
    conda:
        "../envs/vision.yaml"
    resources:
        **needs("quality"),
    params:
        code=code_of("measure_quality", "vision"),
        stages=MEASURED,
        agents={role: config["agents"][role] for role in ("detector", "tracker")},
        options=config["quality"] | {"tracks": config["tracks"]},
        command="make quality" if config["demo"]["split"] == "held_out" else "make demo",
    script:
        "../scripts/measure_quality.py"
