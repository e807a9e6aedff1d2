# Estimates of what the whole run takes, for `check` and for the page of a rehearsal.
from strefer.videos.film_lengths import lengths_by_headers
from strefer.workflow.requirements.check import check_configuration
from strefer.workflow.requirements.disk import count_files


def requirements(tables, trains):
    """Describe what this configuration needs and what is missing here."""
    return check_configuration(
        config,
        Path(tables.facts),
        Path(tables.gpus),
        paths=list(FILMS.values()),
        shards=len(SHARDS),
        run=Path(RUN),
        by_conda=MADE_BY_CONDA,
        trains=trains,
        absent=[message for name in RECIPES for message in BASE.missing(name)] if trains else [],
    )


def whole_run():
    """The estimate of the whole run, for the page of a rehearsal."""
    return {
        "run": WHOLE["run"],
        "count": len(ALL_FILMS),
        "lengths_s": lengths_by_headers(list(ALL_FILMS.values())),
        "files_a_shard": count_files(config, 1)[0],
        "gpus": {name: asked["gpus"] for name, asked in config["resources"].items()},
    }
