# The checked configuration, and the things that it names: films, recipes, students, benchmarks,
# base data.
import itertools

from strefer.agents.environments import servers_of
from strefer.corrections.table import Corrections
from strefer.recipes.recipe import load_recipe
from strefer.recipes.students import models_of_training, recipe_of, seed_number, students_of
from strefer.serving.model_servers import folder_name, served_models
from strefer.films.storage import is_remote
from strefer.videos.find_videos import list_videos
from strefer.workflow import accepted_changes, rehearsal, stages
from strefer.workflow.configuration.complete import complete, overridden
from strefer.workflow.inputs import (
    BaseData,
    Benchmarks,
    ShardedFilms,
    inputs_among,
    local_files,
    marks_among,
    missing_files,
)


def stop(error):
    """Exit with one clear line: a traceback would bury what the user has to change."""
    sys.exit(str(error))


try:
    config = complete(config)
except ValueError as error:
    stop(error)

# If the target is `try`, the configuration is the rehearsal's from here on.
WHOLE = config
if workflow.is_main_process and rehearsal.TARGET in sys.argv[1:]:
    config = rehearsal.begin(workflow, config)
if config["rehearse"] is not None:
    config = rehearsal.rehearsed(config)

RUN = f"results/{config['run']}"
WORLD = f"{RUN}/world"
IS_DEMO = config["videos"] == "demo"


def drawn_films(demo):
    """The names of the demo's own films."""
    return [
        f"{demo['split']}{kind}_{number:06d}.mp4"
        for kind, count in (("", demo["films"]), ("_long", demo["long_films"]))
        for number in range(count)
    ]


# The films of an address, as a call that makes something has listed them: its jobs ask no more.
FILM_LIST = Path(f"{RUN}/films.csv")


def source_of_films():
    listed = is_remote(config["videos"]) and not workflow.is_main_process and FILM_LIST.exists()
    return FILM_LIST if listed else config["videos"]


DEMO_FILMS = drawn_films(config["demo"])
try:
    FILMS = {name: f"{WORLD}/films/videos/{name}" for name in drawn_films(WHOLE["demo"])}
    FILMS = FILMS if IS_DEMO else list_videos(source_of_films())
    FILMS = ALL_FILMS = dict(itertools.islice(FILMS.items(), config["limit"]))
    if config["rehearse"] is not None:
        FILMS = rehearsal.rehearsed_films(ALL_FILMS, config["rehearse"])
    CORRECTIONS = Corrections(config["corrections"])
    ACCEPTED = accepted_changes.load_table(ROOT / accepted_changes.FILE)
    ENVIRONMENTS = {stage: stages.environment_for(stage, config) for stage in stages.STAGES}
    RECIPES = {name: load_recipe(Path(f"config/recipes/{name}.yaml")) for name in config["recipes"]}
    TRAINING = {
        name: overridden(config, "training", recipe.training, f"recipe config/recipes/{name}.yaml")
        for name, recipe in RECIPES.items()
    }
    SERVED = served_models(config["agents"], stages.rules_of_roles(config))
except ValueError as error:
    stop(error)

# `check` lists them among all that is missing.
if not {"check", "check_all"} & set(sys.argv):
    for line in missing_files(config):
        stop(line)

for spec in config["agents"].values():  # jobs find the servers of their models there
    if servers_of(spec):
        spec["addresses"] = f"{RUN}/servers/{folder_name(spec['model'])}"

SHARDED = ShardedFilms(FILMS, config["shards"], drawn=IS_DEMO)
SHARDS = SHARDED.shards
STUDENTS = students_of(config["recipes"], config["training_seeds"])
BENCHMARKS = Benchmarks(config["benchmarks"], WORLD, config["seed"])
SCORED = [(student, name) for student in STUDENTS for name in BENCHMARKS.files]
BASE = BaseData(config["base_data"], WORLD, RECIPES)
