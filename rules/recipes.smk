# Mixtures of instruction groups and base data, in the published format.
BASE_ROOT = f"{WORLD}/base" if config["base_data"] == "demo" else config["base_data"]


def base_data(wildcards):
    """The folder or the files of base data that a recipe names."""
    if config["base_data"] == "demo":
        return BASE_ROOT
    return base_files(load_recipe(Path(f"config/recipes/{wildcards.recipe}.yaml")), Path(BASE_ROOT))


rule mix_recipe:
    input:
        recipe="config/recipes/{recipe}.yaml",
        instructions=all_shards("instructions"),
        masklets=all_shards("masklets"),
        videos=all_shards("videos"),
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
