# A run's lock, and the file that says where its results come from. The three are called when there
# is something to do: never in a dry run, and never in a job.


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


onstart:
    try:
        run_lock.enter_run(Path(RUN), announce=logger.warning)
    except ValueError as error:
        stop(error)
    record_provenance(finished=False)


onsuccess:
    record_provenance(finished=True)


onerror:
    record_provenance(finished=True)
