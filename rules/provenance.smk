# A run's lock, the files of shards that it no longer has, and the file that says where its results
# come from. The three are called when there is something to do: never in a dry run, and never in a
# job. The target `check` does nothing to a run, so that it may be asked while one is at work.
from strefer.workflow.stale_shards import remove_stale_shards


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
    except ValueError as error:
        stop(error)
    remove_stale_shards(Path(RUN), SHARDS)
    record_provenance(finished=False)


def only_checks():
    return set(workflow.dag_settings.targets) == {"check"}


onstart:
    if not only_checks():
        begin_run()


onsuccess:
    if not only_checks():
        record_provenance(finished=True)


onerror:
    if not only_checks():
        record_provenance(finished=True)
