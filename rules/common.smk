# Shared by all rules: paths, agents, code digests, parameters and resources.
import os

from strefer.agents.environments import server_environment, servers_of
from strefer.stage.fingerprint import effective_options, effective_spec, model_files
from strefer.workflow import code_digest, provenance, rehearsal, run_lock

CODES = {}  # by script, for the provenance
RECORDINGS = {}  # of a rehearsal, by stage
# True if each rule's job runs in its own environment.
MADE_BY_CONDA = "conda" in {str(m) for m in workflow.deployment_settings.deployment_method}
if MADE_BY_CONDA:
    os.environ.update(PYTHONNOUSERSITE="1")  # ~/.local is in no environment


wildcard_constraints:
    shard=r"\d{5}-of-\d{5}",
    recipe="|".join(config["recipes"]),
    student=rf"({'|'.join(config['recipes'])})(@\d+)?",
    teacher=r"[a-z_]+",


def of_shard(stage):
    """The shard file of a stage, with the wildcard."""
    return f"{RUN}/{stage}/{{shard}}.jsonl"


def all_shards(stage):
    """All shard files of a stage."""
    return [f"{RUN}/{stage}/{shard}.jsonl" for shard in SHARDS]


def log_of(*names):
    """A rule's log file: its name, and its wildcards if it has any."""
    return f"{RUN}/logs/{'/'.join(names)}.log"


def usage_of(*names):
    """Time and memory of a job, measured by Snakemake (its `benchmark:`)."""
    return f"{RUN}/usage/{'/'.join(names)}.tsv"


def store_of(stage):
    """The item store of a stage, shared by all of its shards: by its folder of results."""
    return f"{RUN}/store/{stage}"


def code_of(script, environment, *modules):
    """The digest of a rule's script, everything that it imports, and its environment file.

    A job runs again when it changes: see `rerun-triggers` in profiles/default. Snakemake alone
    would see neither imports nor that only a comment has changed.
    """
    CODES[script] = {
        "code": code_digest.code_of(script, *modules, scripts=ROOT / "scripts"),
        "environment": code_digest.environment_digest(ROOT / "envs" / f"{environment}.yaml"),
    }
    return "-".join(accepted_changes.counts_as(d, ACCEPTED) for d in CODES[script].values())


def unwatched(value):
    """Pass a value to the script without making it a rerun trigger.

    For Snakemake, what is derived from inputs is none. `effect` in `params_of` is what counts.
    """
    return lambda wildcards, input: value


def of_benchmarks(stage, ending):
    """A student's files in a stage, by benchmark, with the wildcard."""
    return {name: f"{RUN}/{stage}/{{student}}/{name}.{ending}" for name in BENCHMARKS.files}


def agent_files(*roles):
    """The files of agents that are local folders, as inputs: new weights trigger reruns."""
    specs = (config["agents"][role] for role in roles if role in config["agents"])
    return [str(path) for spec in specs for path in model_files(spec)]


def inputs_of(stage):
    """The shard files, prompts and models that a stage's jobs read."""
    return {
        **{read: of_shard(read) for read in stages.stages_read(stage, config)},
        **stages.prompts_of(stage, config),
        "models": agent_files(*stages.STAGES[stage].agents),
        "server": [
            ancient(f"{RUN}/servers/{server_environment(spec)}.json")  # its program, found
            for spec in stages.agents_of(stage, config).values()
            if servers_of(spec)
        ],
    }


def corrections_of(stage, shard):
    """The corrections of a stage's results for a shard's films, and the code that applies them: the
    stage's own code digest leaves that out, because it computes no item."""
    rows = CORRECTIONS.of(stage, SHARDED.films(shard))
    return {"rows": rows, "code": code_digest.code_of_corrections(ROOT / "scripts")} if rows else {}


def params_of(stage, folder=None):
    """The parameters of a stage's jobs, as `start_job` reads them.

    Args:
        folder: of their results, if it is not the stage's own.
    """
    about, folder = stages.STAGES[stage], folder or stage
    options, agents = stages.options_of(stage, config), stages.agents_of(stage, config)
    params = {
        "code": code_of(about.script, ENVIRONMENTS[stage]),
        "store": store_of(folder),
        "reads": unwatched(list(about.reads)),
        "options": unwatched(options),
        "agents": unwatched(agents),
        "prompts": unwatched(stages.prompts_of(stage, config)),
    }
    if about.of_shards:
        params["strict"] = config["strict"]
        params["corrections"] = lambda wildcards: corrections_of(stage, wildcards.shard)
    if options:  # what of them can change a result: sizes of batches cannot
        specs = {role: effective_spec(spec) for role, spec in agents.items()}
        params["effect"] = {"options": effective_options(options), "agents": specs}
    if config["rehearse"] is not None and any(rehearsal.asks(*agent) for agent in agents.items()):
        making = [params["code"], params.get("effect")]
        prompts = stages.prompts_of(stage, config)
        RECORDINGS[folder] = rehearsal.recording(folder, RUN, making, prompts)
        params["agents"] = unwatched(rehearsal.recorded(agents, RECORDINGS[folder]))
    return params


def environment_file(stage):
    """The environment file of a stage's jobs, as a rule names it."""
    return f"../envs/{ENVIRONMENTS[stage]}.yaml"


def needs(stage):
    """Memory, time and GPUs of a stage's jobs: a retry gets more of what the failed job lacked."""
    asked = config["resources"][stage]

    def more(option, what):
        return lambda wildcards, attempt, rulename: (
            asked[option] * (FAILURES.factor(what, rulename, wildcards) if attempt > 1 else 1)
        )

    return dict(
        mem_mb=more("mem_mb", cluster_failures.MEMORY),
        runtime=more("runtime_min", cluster_failures.TIME),
        gpu=asked["gpus"],
    )
