# Actions when a call begins and when it ends: the run's lock, removing the files of shards that it
# no longer has, the provenance file, and messages on the terminal. They happen only if there is
# something to do: never in a dry run, and never in a job. The target `check` does not change a run,
# so it may be called while one is running.
from snakemake.io import IOFile
from strefer.agents.cards import warn_of_strangers
from strefer.films.storage import copies_here
from strefer.report import summary
from strefer.videos.find_videos import write_list
from strefer.workflow import usage
from strefer.workflow.stale_shards import remove_stale_shards

# A warning for readers of the run's results, or None.
WARNING = None if IS_DEMO else warn_of_strangers(config["agents"])


# Locked from here until Snakemake has created the environments: a second call would mistake an
# unfinished one for a broken one and remove it.
ENVIRONMENTS_LOCK = Path(".snakemake/conda/.lock")
if MADE_BY_CONDA and workflow.is_main_process and not workflow.dryrun:
    ENVIRONMENTS_LOCK.parent.mkdir(parents=True, exist_ok=True)
    run_lock.hold(ENVIRONMENTS_LOCK, wait=logger.warning)


def record_provenance(finished):
    provenance.write_provenance(
        Path(RUN),
        ROOT,
        config=config,
        codes=CODES,
        accepted=ACCEPTED,
        recipe_seeds={name: recipe.seed for name, recipe in RECIPES.items()},
        finished=finished,
    )


def begin_run():
    try:
        run_lock.enter_run(Path(RUN), announce=logger.warning)
        for path in remove_stale_shards(Path(RUN), SHARDS):
            workflow.persistence.cleanup_metadata(IOFile(str(path)))
        if is_remote(config["videos"]):
            write_list(ALL_FILMS, FILM_LIST)
            copies_here()  # kept on this machine until the call ends
        record_provenance(finished=False)
    except ValueError as error:
        stop(error)
    except OSError as error:
        stop(terminal.advised(error))
    if TERMINAL is not None:
        elsewhere = ROOT / "resources" / "demo_usage.json" if IS_DEMO else None
        TERMINAL.seconds = usage.seconds_by_rule(Path(RUN) / "usage", elsewhere)
        show(TERMINAL.announce(config["run"], workflow.logger_manager.get_logfile()))
    if WARNING:
        logger.warning(f"WARNING  {WARNING}")


def end_run(success):
    SERVERS.end()
    try:
        record_provenance(finished=True)
    except OSError as error:
        logger.error(terminal.advised(error))
    if TERMINAL is not None:
        show(TERMINAL.outcome(success))
        show([f"WARNING  {WARNING}"] if WARNING else [])
        show(summary.summarize(Path(RUN), STAGES, SHARDS, CORRECTIONS.without_film(ALL_FILMS)))
        show(summary.read_rehearsal(Path(RUN)))
        show(summary.name_places(Path(RUN), success, IS_DEMO))


def only_checks():
    return provenance.leaves_run_alone(workflow.dag_settings.targets)


onstart:
    run_lock.release(ENVIRONMENTS_LOCK)
    if not only_checks():
        begin_run()


onsuccess:
    if not only_checks():
        end_run(success=True)


onerror:
    if not only_checks():
        end_run(success=False)
