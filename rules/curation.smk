# Find films to leave out, from the clipper's results for them and for the benchmarks' films. This
# has its own target, and no other rule reads the result: a person decides what to drop.
OF_BENCHMARKS = [f"{RUN}/benchmark_films/{stage}.jsonl" for stage in ("videos", "clips")]


use rule probe_videos as probe_benchmark_films with:
    input:
        inputs_among(BENCHMARKS.films),
    output:
        OF_BENCHMARKS[0],
    log:
        log_of("probe_benchmark_films"),
    benchmark:
        usage_of("probe_benchmark_films")
    params:
        **(params_of("videos") | {"corrections": {}}),
        films={film: film for film in BENCHMARKS.films},
        marks=marks_among(BENCHMARKS.films),


use rule cut_clips as cut_benchmark_films with:
    input:
        **(inputs_of("clips") | {"videos": OF_BENCHMARKS[0]}),
    output:
        OF_BENCHMARKS[1],
    log:
        log_of("cut_benchmark_films"),
    benchmark:
        usage_of("cut_benchmark_films")
    params:
        **(params_of("clips") | {"corrections": {}}),


rule curate:
    input:
        videos=all_shards("videos"),
        clips=all_shards("clips"),
        of_benchmarks=OF_BENCHMARKS if BENCHMARKS.files else [],
    output:
        directory(f"{RUN}/curation"),
    log:
        log_of("curate"),
    benchmark:
        usage_of("curate")
    conda:
        "../envs/main.yaml"
    resources:
        **needs("report"),
    params:
        code=code_of("curate", "main"),
    script:
        "../scripts/curate.py"


rule curation:
    input:
        rules.curate.output,
