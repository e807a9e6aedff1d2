# What recipes and students read, and which students the report shows.
from snakemake.exceptions import WorkflowError


def own_data(stage):
    """A stage's shards, for recipes that hold pairs of our own."""
    return lambda wildcards: all_shards(stage) if RECIPES[wildcards.recipe].groups else []


def base_data(wildcards):
    """The folder or the files of base data that a recipe names."""
    try:
        return BASE.inputs(wildcards.recipe)
    except ValueError as error:
        raise WorkflowError(error) from None


def features_of(wildcards, input):
    """The folder of features that students share, if the student's recipe keeps any."""
    kept = TRAINING[recipe_of(wildcards.student)].get("keep_features_mb")
    return store_of("features") if kept else None


def is_shown(student):
    """Whether a student is on the page: if the call asks for students at all, as `all` does, and the
    report of the demo. A job of another process is given no targets: there, if it is trained."""
    if not workflow.is_main_process:
        return Path(f"{RUN}/checkpoints/{student}").exists()
    targets = {str(target) for target in workflow.dag_settings.targets}
    asking = {"all", f"{RUN}/scores.json", *([f"{RUN}/report.html"] if IS_DEMO else [])}
    return not targets or bool(targets & asking)


def students_shown():
    """The students on the page."""
    return [student for student in STUDENTS if is_shown(student)]


def scores_shown():
    """The students on the page, each with every benchmark that it answers."""
    return [(student, benchmark) for student, benchmark in SCORED if is_shown(student)]
