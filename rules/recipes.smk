# Mixtures of instruction groups and base data, in the published format.
BASE_ROOT = f"{WORLD}/base" if config["base_data"] == "demo" else config["base_data"]

try:
    RECIPES = {name: load_recipe(Path(f"config/recipes/{name}.yaml")) for name in config["recipes"]}
except ValueError as error:
    stop(error)


def base_data(wildcards):
    """The folder or the files of base data that a recipe names."""
    files = base_files(RECIPES[wildcards.recipe], Path(BASE_ROOT))
    return [BASE_ROOT] if files and config["base_data"] == "demo" else files


def own_data(stage):
    """A stage's shards, for recipes that hold pairs of our own."""
    return lambda wildcards: all_shards(stage) if RECIPES[wildcards.recipe].groups else []


rule mix_recipe:
    input:
        recipe="config/recipes/{recipe}.yaml",
        instructions=own_data("instructions"),
        masklets=own_data("masklets"),
        videos=own_data("videos"),
        base=base_data,
    output:
        f"{RUN}/recipes/{{recipe}}.jsonl",
    params:
        code=code_of("mix_recipe"),
        base_root=BASE_ROOT,
    log:
        log_of("mix_recipe", "{recipe}"),
    benchmark:
        usage_of("mix_recipe", "{recipe}")
    resources:
        **needs("recipes"),
    conda:
        "../envs/main.yaml"
    script:
        "../scripts/mix_recipe.py"
