# The demo's own material, drawn from seeds: the raw films, the benchmarks' files, and base data.
# Their seeds are disjoint; the ground truth beside the films is read only for measuring.


rule draw_films:
    output:
        films=[f"{WORLD}/films/videos/{name}" for name in DEMO_FILMS],
        truth=[f"{WORLD}/films/truth/{Path(name).stem}.json" for name in DEMO_FILMS],
    log:
        log_of("draw_films"),
    benchmark:
        usage_of("draw_films")
    conda:
        "../envs/main.yaml"
    resources:
        **needs("world"),
    params:
        code=code_of("draw_films", "main"),
        split=config["demo"]["split"],
        n_films=config["demo"]["films"],
        long_films=config["demo"]["long_films"],
    script:
        "../scripts/draw_films.py"


rule draw_base:
    output:
        directory(f"{WORLD}/base"),
    log:
        log_of("draw_base"),
    benchmark:
        usage_of("draw_base")
    conda:
        "../envs/main.yaml"
    resources:
        **needs("world"),
    params:
        code=code_of("draw_base", "main"),
        n_films=config["demo"]["base_films"],
        seed=config["seed"],
    script:
        "../scripts/draw_base.py"
