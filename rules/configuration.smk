# The checked configuration, and the films that it names.
from strefer.workflow import configuration
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
else:
    try:
        FILMS = list_videos(config["videos"])
    except ValueError as error:
        stop(error)
