# Models that the run serves itself (an agent's `url: serve`), once for all jobs. The rule finds the
# server's program. Snakemake's own process starts it when the first job needs it and stops it after the
# last: see model_servers.py.
from strefer.serving.model_servers import ModelServers, cluster_options

SERVERS = ModelServers(
    Path(RUN),
    SERVED,
    by_slurm=lambda: workflow.executor_plugin.name == "slurm",
    ask=lambda: cluster_options(
        config["resources"]["servers"], workflow.executor_settings.partition_config
    ),
    gpus=config["resources"]["servers"]["gpus"],
)
if workflow.is_main_process and SERVED:
    terminal.SNAKEMAKE.addHandler(SERVERS)


localrules:
    prepare_server,


rule prepare_server:
    output:
        f"{RUN}/servers/{{environment}}.json",
    log:
        log_of("prepare_server", "{environment}"),
    benchmark:
        usage_of("prepare_server", "{environment}")
    conda:
        "../envs/{environment}.yaml"
    resources:
        **needs("world"),
    params:
        code=lambda wildcards: code_of("prepare_server", wildcards.environment),
    script:
        "../scripts/prepare_server.py"
