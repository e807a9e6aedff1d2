# The raw films of a shard, digested and measured. They are inputs of this rule alone: every later
# rule depends on its shard file, which names path and digest.


def films_of(wildcards):
    """The films of a shard, but for those that cannot be inputs."""
    films = [FILMS[film] for film in MEMBERS[wildcards.shard]]
    return films if IS_DEMO else inputs_among(films, len(FILMS))


def marks_of(wildcards):
    """A digest of size and time of the others, so that their changes still trigger reruns."""
    films = [FILMS[film] for film in MEMBERS[wildcards.shard]]
    return "" if IS_DEMO else marks_among(films, len(FILMS))


rule probe_videos:
    input:
        films_of,
    output:
        of_shard("videos"),
    log:
        log_of("probe_videos", "{shard}"),
    benchmark:
        usage_of("probe_videos", "{shard}")
    conda:
        environment_file("videos")
    resources:
        **needs("videos"),
    params:
        **params_of("videos"),
        films=lambda wildcards: {film: FILMS[film] for film in MEMBERS[wildcards.shard]},
        marks=marks_of,
    script:
        "../scripts/probe_videos.py"
