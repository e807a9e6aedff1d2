# Mixtures of instruction groups and base data, in the published format.


rule mix_recipe:
    input:
        recipe="config/recipes/{recipe}.yaml",
        instructions=all_shards("instructions"),
        masklets=all_shards("masklets"),
        videos=all_shards("videos"),
        base=BASE_FILES,
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
