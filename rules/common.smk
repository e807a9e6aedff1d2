# What all rules share: shards, paths, agents, code digests and resources.
import functools
import os

from snakemake.exceptions import WorkflowError
from strefer.workflow import accepted_changes as acceptance, code_digest, provenance, run_lock
from strefer.agents.environments import environment_of
from strefer.benchmarks.registry import load_questions
from strefer.stage.fingerprint import effective_options, effective_spec, model_files
from strefer.recipes.base_data import base_files, films_of_base, missing_base
from strefer.recipes.recipe import load_recipe
from strefer.workflow.requirements.check import check_configuration
from strefer.recipes.students import models_of_training, recipe_of, seed_number, students_of
from strefer.videos.find_videos import film_marks, printable, shard_of

# A shard without films has no job, so that a new film touches one shard.
MEMBERS = {}
for film in FILMS:
    number = shard_of(film, config["shards"])
    MEMBERS.setdefault(f"{number:05d}-of-{config['shards']:05d}", []).append(film)
SHARDS = sorted(MEMBERS)


wildcard_constraints:
    shard=r"\d{5}-of-\d{5}",
    recipe="|".join(config["recipes"]),
    student=rf"({'|'.join(config['recipes'])})(@\d+)?",
    benchmark=r"[a-z_]+",
    teacher=r"[a-z_]+",


# Snakemake keeps and looks at every input: a million would take it minutes and gigabytes.
MOST_FILM_INPUTS = 50_000


def is_plain_file(path):
    """Whether Snakemake can take a file as input.

    It would take braces in a name for a wildcard, and knows no way around it; and one film that is
    missing, or is no file, would stop it.
    """
    return not set("{}\n") & set(path) and printable(path) == path and os.path.isfile(path)


def inputs_among(films, total=None):
    """Those of some films, of `total` in all, that are inputs of their job. The others are marks in
    its parameters."""
    few = (total or len(films)) <= MOST_FILM_INPUTS
    return [path for path in films if few and is_plain_file(path)]


def marks_among(films, total=None):
    """A digest of size and time of the films that are no inputs: a change is still a change."""
    inputs = set(inputs_among(films, total))
    return film_marks([path for path in films if path not in inputs])


def films_of(wildcards):
    """The films of a shard, but for those that are no inputs."""
    films = [FILMS[film] for film in MEMBERS[wildcards.shard]]
    return films if IS_DEMO else inputs_among(films, len(FILMS))


def marks_of(wildcards):
    """A digest of the others."""
    films = [FILMS[film] for film in MEMBERS[wildcards.shard]]
    return "" if IS_DEMO else marks_among(films, len(FILMS))


def environment_for(*roles):
    """The environment of jobs that load the agents of these roles."""
    named = {role: environment_of(role, config["agents"][role]) for role in roles}
    for role, name in named.items():
        option = f"configuration: agents.{role}.environment"
        if not (ROOT / "envs" / f"{name}.yaml").is_file():
            stop(f"{option} is {name!r}, but there is no envs/{name}.yaml")
        if name != named[roles[0]]:
            stop(f"{option} is not that of agents.{roles[0]}, and one job loads both")
    return named[roles[0]]


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
    """The item store of a stage, shared by all of its shards."""
    return f"{RUN}/store/{stage}"


try:
    ACCEPTED = acceptance.load_table(ROOT / acceptance.FILE)
except ValueError as error:
    stop(error)

CODES = {}  # by script, for the provenance


def code_of(script, environment, *modules):
    """The digest of a rule's script, all that it imports, and its environment file.

    It is the reason to run a job again when code or versions change. See `rerun-triggers` in
    profiles/default. Snakemake alone would see neither imports nor what is only a comment.
    """
    CODES[script] = {
        "code": code_digest.code_of(script, *modules, scripts=ROOT / "scripts"),
        "environment": code_digest.environment_digest(ROOT / "envs" / f"{environment}.yaml"),
    }
    return "-".join(acceptance.counts_as(digest, ACCEPTED) for digest in CODES[script].values())


def told(value):
    """A parameter that is told to the script and is itself no reason to run a job again.

    For Snakemake, what is derived from inputs is none. `effect_of` is what counts of it.
    """
    return lambda wildcards, input: value


def agent(role):
    """The specification of the agent in a role."""
    return told(config["agents"][role])


def options_of(stage):
    """The options of a stage."""
    return told(OPTIONS[stage])


def effect_of(stage, *roles):
    """What of a stage's options and agents can change a result (sizes of batches cannot)."""
    agents = {role: effective_spec(config["agents"][role]) for role in roles}
    return {"options": effective_options(OPTIONS[stage]), "agents": agents}


SEED = {"seed": config["seed"]}
OPTIONS = {
    "clips": config["clips"],
    "entities": config["entities"] | SEED,
    "references": config["references"] | SEED,
    "tracks": config["tracks"] | {"procedure": config["masklets"]["procedure"]},
    "masklets": config["masklets"],
    "transcripts": config["transcripts"] | SEED,
    "statements": config["statements"] | SEED,
    "instructions": config["instructions"] | SEED,
    "scores": SEED,
}


def agent_files(*roles):
    """The files of agents that are local folders, as inputs: a change of weights is a change."""
    return [str(path) for role in roles for path in model_files(config["agents"][role])]


BASE_ROOT = f"{WORLD}/base" if config["base_data"] == "demo" else config["base_data"]

try:
    RECIPES = {name: load_recipe(Path(f"config/recipes/{name}.yaml")) for name in config["recipes"]}
    TRAINING = {
        name: configuration.overridden(
            config, "training", recipe.training, SCHEMA, f"recipe config/recipes/{name}.yaml"
        )
        for name, recipe in RECIPES.items()
    }
except ValueError as error:
    stop(error)


def features_of(wildcards, input):
    """The folder of features that students share, if the student's recipe keeps any.

    With `input` it is no reason to run a job again, as `told` says.
    """
    kept = TRAINING[recipe_of(wildcards.student)].get("keep_features_mb")
    return store_of("features") if kept else None


def own_base_files(recipe):
    """The base files of a recipe that the user brings; none for the demo, which draws its own."""
    return [] if config["base_data"] == "demo" else base_files(RECIPES[recipe], Path(BASE_ROOT))


def absent_base(recipe):
    """What to tell of each of them that is not there."""
    return [missing_base(recipe, file) for file in own_base_files(recipe) if not file.is_file()]


def base_data(wildcards):
    """The folder or the files of base data that a recipe names."""
    if config["base_data"] == "demo":
        return [BASE_ROOT] if base_files(RECIPES[wildcards.recipe], Path(BASE_ROOT)) else []
    for told in absent_base(wildcards.recipe):
        raise WorkflowError(told)
    return own_base_files(wildcards.recipe)


films_of_base = functools.cache(films_of_base)  # recipes share their base files


@functools.cache
def base_films(recipe):
    """The films of a recipe's base data; none for the demo's, which come with their folder."""
    return sorted({film for file in own_base_files(recipe) for film in films_of_base(file)})


def own_data(stage):
    """A stage's shards, for recipes that hold pairs of our own."""
    return lambda wildcards: all_shards(stage) if RECIPES[wildcards.recipe].groups else []


def local_files(*models):
    """The files of models that are local folders, as inputs; `open_clip:` may stand in front."""
    specs = [{"model": model.removeprefix("open_clip:")} for model in models]
    return [str(path) for spec in specs for path in model_files(spec)]


def _benchmark_files(name):
    """A benchmark's files; {world} stands for the demo's own."""
    files = config["benchmarks"][name]
    return {key: path and path.replace("{world}", WORLD) for key, path in files.items()}


STUDENTS = students_of(config["recipes"], config["training_seeds"])

# Benchmarks without files are passed over.
BENCHMARK_FILES = {
    name: _benchmark_files(name)
    for name in config["benchmarks"]
    if config["benchmarks"][name]["annotations"]
}
SCORED = [(student, name) for student in STUDENTS for name in BENCHMARK_FILES]


def is_drawn(benchmark):
    """Whether a benchmark is the demo's own: its files and films are the output of one rule."""
    return BENCHMARK_FILES[benchmark]["annotations"].startswith(WORLD)


def annotations_of(wildcards):
    """A benchmark's annotation file; the folder of the demo's own."""
    name = wildcards.benchmark
    return f"{WORLD}/benchmarks" if is_drawn(name) else BENCHMARK_FILES[name]["annotations"]


@functools.cache
def films_asked(benchmark):
    """The films of a benchmark's questions; none for the demo's, which its annotations come with."""
    if is_drawn(benchmark):
        return []
    try:
        questions = load_questions(benchmark, BENCHMARK_FILES[benchmark], config["seed"])
    except ValueError:
        return []  # the job says what is wrong with the files
    return sorted({question.sample["path"] for question in questions})


def prompt(role):
    """The prompt file of a role."""
    return config["prompts"][role]


def prompts_if(asked, *roles):
    """Prompt files as inputs by role, if they are asked at all."""
    return {role: prompt(role) for role in roles} if asked else {}


def needs(stage):
    """Memory, time and GPUs of a stage's jobs: more of the first two after a failure."""
    asked = config["resources"][stage]
    return dict(
        mem_mb=lambda wildcards, attempt: asked["mem_mb"] * attempt,
        runtime=lambda wildcards, attempt: asked["runtime_min"] * attempt,
        gpu=asked["gpus"],
    )


def requirements(facts):
    """What this configuration needs and lacks here, as text."""
    by_conda = "conda" in {str(m) for m in workflow.deployment_settings.deployment_method}
    absent = [told for recipe in RECIPES for told in absent_base(recipe)]
    n_films, shards = len(FILMS), len(SHARDS)
    return check_configuration(config, Path(facts), n_films, shards, Path(RUN), by_conda, absent)
