# Mixtures of instruction groups and base data, in the published format.


rule mix_recipe:
    input:
        # Its contents are a parameter below, so that changing a comment does not train again.
        recipe=ancient("config/recipes/{recipe}.yaml"),
        instructions=own_data("instructions"),
        masklets=own_data("masklets"),
        videos=own_data("videos"),
        base=base_data,
    output:
        f"{RUN}/recipes/{{recipe}}.jsonl",
    log:
        log_of("mix_recipe", "{recipe}"),
    benchmark:
        usage_of("mix_recipe", "{recipe}")
    conda:
        "../envs/main.yaml"
    resources:
        **needs("recipes"),
    params:
        code=code_of("mix_recipe", "main"),
        mixture=lambda wildcards: repr(RECIPES[wildcards.recipe].mixture),
        base_root=BASE.root,
    script:
        "../scripts/mix_recipe.py"
