# The page of a rehearsal: the agents' results for a few of the run's films. The target `try`
# changes the configuration (rules/configuration.smk); all other rules stay the same.


rule rehearse:
    input:
        **{stage: all_shards(stage) for stage in STAGES},
        template="scripts/strefer/rehearsal/rehearsal.html.j2",
    output:
        page=f"{RUN}/try.html",
        table=f"{RUN}/try.csv",
        text=f"{RUN}/try.txt",
    log:
        log_of("rehearse"),
    benchmark:
        usage_of("rehearse")
    conda:
        "../envs/main.yaml"
    resources:
        **needs("report"),
    params:
        code=code_of("rehearse", "main"),
        stages=STAGES,
        recordings=unwatched(RECORDINGS),
        jobs=unwatched(
            {
                folder: {
                    "rule": job.rule,
                    "asks": job.asks,
                    "agents": {
                        role: spec["model"]
                        for role, spec in stages.agents_of(job.stage, config).items()
                    },
                }
                for folder, job in stages.jobs_of_shard(config).items()
            }
        ),
        whole=lambda wildcards, input: whole_run(),
        warning=WARNING,
    script:
        "../scripts/rehearse.py"
