# The checked configuration, and the films that it names.
import sys
from pathlib import Path

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT / "scripts"))

from strefer.workflow import configuration
from strefer.videos.choose_films import choose_films
from strefer.videos.find_videos import list_videos


def stop(error):
    """End with one clear line: a traceback would bury what the user has to mend."""
    sys.exit(str(error))


SCHEMA = configuration.load_schema(ROOT / "config" / "schema.yaml")
try:
    config = configuration.complete(config, SCHEMA)
except configuration.ConfigurationError as error:
    stop(error)

RUN = f"results/{config['run']}"
WORLD = f"{RUN}/world"
IS_DEMO = config["videos"] == "demo"

DEMO_FILMS = [
    f"{config['demo']['split']}{kind}_{number:06d}.mp4"
    for kind, count in (("", config["demo"]["films"]), ("_long", config["demo"]["long_films"]))
    for number in range(count)
]
if IS_DEMO:
    FILMS = {name: f"{WORLD}/films/videos/{name}" for name in DEMO_FILMS}
try:
    if not IS_DEMO:
        FILMS = list_videos(config["videos"])
    FILMS = choose_films(FILMS, config["exclude"], config["limit"])
except ValueError as error:
    stop(error)
