# Strefer Pipeline: from raw videos to benchmark scores. A table of contents:
#
#   raw videos -> videos -> clips ------------> transcripts --+
#                    |                  ^                     +-> instructions -> recipes
#                    +---> entities -> references -> tracks -> masklets        -> checkpoints
#                                                           -> predictions -> scores -> report
# Each arrow is one rule, one script, one function in a file of the same name in scripts/strefer,
# and one folder of results.
from snakemake.utils import min_version

min_version("9.0")


include: "rules/terminal.smk"


# The demo is the default: its file is read unless another configuration names its agents.
if "agents" not in config:

    configfile: "config/config.yaml"


include: "rules/configuration.smk"
include: "rules/common.smk"
include: "rules/estimates.smk"
include: "rules/students.smk"
include: "rules/check.smk"
include: "rules/serving.smk"
include: "rules/provenance.smk"
include: "rules/world.smk"
include: "rules/videos.smk"
include: "rules/clips.smk"
include: "rules/curation.smk"
include: "rules/entities.smk"
include: "rules/references.smk"
include: "rules/masklets.smk"
include: "rules/transcripts.smk"
include: "rules/statements.smk"
include: "rules/instructions.smk"
include: "rules/recipes.smk"
include: "rules/training.smk"
include: "rules/benchmarks.smk"
include: "rules/quality.smk"
include: "rules/report.smk"
include: "rules/rehearsal.smk"
include: "rules/gallery.smk"
include: "rules/preview.smk"
include: "rules/teachers.smk"


rule all:
    default_target: True
    input:
        f"{RUN}/scores.json",
        f"{RUN}/report.html",


rule instructions:
    input:
        all_shards("instructions"),
        f"{RUN}/export/README.md",
        f"{RUN}/report.html",


rule try:
    input:
        f"{RUN}/try.html",


rule teachers:
    input:
        expand("results/teachers/{teacher}", teacher=TEACHERS),
