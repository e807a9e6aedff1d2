# The agents and the data against the truth: measuring alone, no other rule reads its result.
MEASURED = ["videos", "clips", "entities", "references", "masklets", "transcripts", "instructions"]


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
        code=code_of("measure_quality"),
        stages=MEASURED,
        agents={role: agent(role) for role in ("detector", "tracker")},
        options=config["quality"]
        | {"procedure": config["masklets"]["procedure"], "tracks": config["tracks"]},
        command="make quality" if config["demo"]["split"] == "held_out" else "make demo",
    script:
        "../scripts/measure_quality.py"
